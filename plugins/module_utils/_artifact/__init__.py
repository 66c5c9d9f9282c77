# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release files: plan (what is wanted, there, to do), archive (unpacking), fetch (downloads), run (one call), store (the disk). PRIVATE to the collection."""
