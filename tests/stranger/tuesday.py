# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which of README.md's commands of a Tuesday the first operator gives, and which not. tests/unit/tools/test_stranger.py holds both against the table."""

from __future__ import annotations

# What the README's table says for a Tuesday, in an order in which a pair of MySQL goes through all of it.
TUESDAY = [
    "mysql_status",
    "mysql_switchover",
    "mysql_degrade -e op_confirm=<site_name> -e op_reason=maintenance",
    "mysql_undegrade",
    "mysql_failover -e op_confirm=<site_name> -e op_degraded=yes",
    "mysql_rejoin",
    "mysql_backup",
    "mysql_backup_verify",
    "mysql_restore -e op_confirm=<site_name>",
    "storage_check",
    "firewall",
    "minio_rotate_key",
]
# What a site of an hour's age cannot try, with the reason and the place where it is tried.
LEFT_OUT = {
    "accept": "wants W&B's SDK and an API key: make whole-site",
    "minio_retire_key": "goes through a day after minio_rotate_key: make storage-faults, make whole-site",
    "minio_backup -e op_run=yes": "wants a second place for the mirror, which the README does not ask for: make storage-hosts",
    "minio_restore -e op_confirm=<site_name>": "wants that mirror: make storage-hosts",
}
