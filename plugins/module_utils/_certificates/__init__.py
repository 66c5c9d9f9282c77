# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: read (and what is wrong with them), issue, provided (by the operator), authority (the site's CA), files, store. PRIVATE to the collection."""
