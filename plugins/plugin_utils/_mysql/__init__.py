# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair of MySQL servers, judged on the controller: pair (who is the primary), plan, procedures, failover, report, series. PRIVATE to the collection."""
