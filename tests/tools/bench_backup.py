#!/usr/bin/env python3
"""Seconds of full backup, proof and restore for a given amount of data, against a plain copy on the same disks in the same run.

bench_backup.py --lab .lab-x [--gigabytes 5] [--json file]    needs a lab with db1, db2, store1 on which playbooks/backups.yml ran
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/mysql_backup"), str(TOP / "tests/mysql")]

from backup_site import Site, until
from mysqlbench.table import backup

GIB = 1024**3
ROWS = 7300  # per statement: 7 KiB each (two fit into a page), 50 MiB
TABLE = "bench_backup"
BLOB = ", ".join(["RANDOM_BYTES(1024)"] * 7)


def fill(site: Site, gigabytes: float) -> None:
    """Random bytes: they can be neither compressed nor deduplicated. Binary logs go as soon as both hosts are done with them."""
    primary, standby = site.primary(), site.standby()
    site.sql(primary, f"DROP TABLE IF EXISTS {TABLE}", f"CREATE TABLE {TABLE} (id BIGINT PRIMARY KEY AUTO_INCREMENT, payload VARBINARY(8192))")
    numbers = "(SELECT 1 FROM information_schema.COLUMNS a, information_schema.COLUMNS b LIMIT %d) numbers" % ROWS
    for _ in range(int(gigabytes * 1024 / 50)):
        site.sql(primary, f"INSERT INTO {TABLE} (payload) SELECT CONCAT({BLOB}) FROM {numbers}")
        for host in (primary, standby):
            site.ssh(host, 'mysql -e "FLUSH BINARY LOGS"')
        until(lambda: site.executed(primary) == site.executed(standby), 300)
        for host in (standby, primary):
            newest = site.ssh(host, "mysql -NBe 'SHOW BINARY LOGS' | tail -1").split()[0]
            site.ssh(host, f"mysql -e \"PURGE BINARY LOGS TO '{newest}'\"")


def copy(site: Site, host: str) -> float:
    """Seconds of cp and sync of the table spaces on that host."""
    begun = time.monotonic()
    site.ssh(host, "rm -rf /var/lib/onprem-wandb/bench && cp -r /var/lib/mysql/wandb_local /var/lib/onprem-wandb/bench && sync -f /var/lib/onprem-wandb")
    seconds = time.monotonic() - begun
    site.ssh(host, "rm -rf /var/lib/onprem-wandb/bench")
    return seconds


def measure(site: Site, gigabytes: float) -> dict[str, Any]:
    """Fill, back up twice, prove, restore beside the data. What was written goes afterwards, from the hosts, not from the repository."""
    standby, primary = site.standby(), site.primary()
    for host in (primary, standby):
        site.ssh(host, "systemctl stop mysql-backup-ship.timer")
    try:
        fill(site, gigabytes)
        plain = copy(site, standby)
        first = site.result(standby, "full")
        second = site.result(standby, "full")
        site.backup(standby, "ship")
        proof = site.result(standby, "verify")
        begun = time.monotonic()
        prepared = site.result(primary, "prepare", "--to", "latest")
        restore = time.monotonic() - begun
        site.ssh(primary, "rm -rf /var/lib/mysql/.restoring /var/lib/mysql.restoring /var/lib/onprem-wandb/mysql-backup/restore.json")
        site.sql(primary, f"DROP TABLE {TABLE}")
    finally:
        for host in (primary, standby):
            site.ssh(host, "systemctl start mysql-backup-ship.timer")
    seconds = {"plain copy (cp, sync)": plain, "full backup": first["seconds"], "of that CLONE": first["seconds_clone"]}
    seconds |= {"of that rows and checksums, by a server on the copy": first["seconds_manifest"], "of that restic": first["seconds_store"]}
    seconds |= {"full backup again, nothing changed": second["seconds"], "proof": proof["seconds"], "of that restic restore": proof["seconds_restore"]}
    seconds |= {"of that rows and checksums, compared": proof["seconds_compare"], "of that reading the repository back": proof["seconds_check"]}
    seconds |= {"restore beside the data": restore, "of that fetching": prepared["seconds_fetch"]}
    sizes = {"gib": first["bytes"] / GIB, "stored_gib": first["bytes_added"] / GIB, "stored_again_mib": second["bytes_added"] / GIB * 1024}
    return {**sizes, "seconds": {name: round(value, 1) for name, value in seconds.items()}}


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", required=True)
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--json", default="")
    arguments = parser.parse_args()
    found = measure(Site((TOP / arguments.lab).resolve(), patience=7200), arguments.gigabytes)
    print("\n".join(backup(found)))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
