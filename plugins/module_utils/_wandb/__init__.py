# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance of W&B: cluster, release, workloads, pods, routes, values, events, instance (one look), observation (many), report. PRIVATE to the collection."""
