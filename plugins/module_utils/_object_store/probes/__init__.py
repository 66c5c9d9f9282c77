# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about an object store: endpoint (name, TLS, clock), bucket (what the others share), sequence (their order),
access, upload, presigned, cors, limits, settings. PRIVATE to the collection."""
