# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's own state: files, unit, packages, kernel, drives, arp, preflight (what a host says about itself). PRIVATE to the collection."""
