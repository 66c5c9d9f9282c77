# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the MySQL modules share. PRIVATE to the collection.

gtid, version, plan, accounts, sha2: pure decisions, no server.  server, member, peers, run, heartbeat, rolefile: the doing.
"""
