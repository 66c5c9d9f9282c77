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

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/mysql_backup"))

from backup_site import Site, until

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


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", required=True)
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--json", default="")
    arguments = parser.parse_args()
    site = Site((TOP / arguments.lab).resolve())
    standby = site.standby()
    for host in ("db1", "db2"):
        site.ssh(host, "systemctl stop mysql-backup-ship.timer")
    try:
        fill(site, arguments.gigabytes)
        plain = copy(site, standby)
        first = site.result(standby, "full")
        second = site.result(standby, "full")
        site.backup(standby, "ship")
        proof = site.result(standby, "verify")
        begun = time.monotonic()
        prepared = site.result(site.primary(), "prepare", "--to", "latest")
        restore = time.monotonic() - begun
        site.ssh(site.primary(), "rm -rf /var/lib/mysql/.restoring /var/lib/mysql.restoring /var/lib/onprem-wandb/mysql-backup/restore.json")
    finally:
        for host in ("db1", "db2"):
            site.ssh(host, "systemctl start mysql-backup-ship.timer")
    size = first["bytes"] / 1024**3
    rows = [("plain copy (cp, sync)", plain), ("full backup", first["seconds"]), ("  of that CLONE", first["seconds_clone"])]
    rows += [("  of that server on the copy: rows and checksums", first["seconds_manifest"]), ("  of that restic", first["seconds_store"])]
    rows += [("full backup again, nothing changed", second["seconds"]), ("proof", proof["seconds"]), ("  of that restic", proof["seconds_restore"])]
    rows += [("  of that rows and checksums", proof["seconds_compare"]), ("  of that reading the repository back", proof["seconds_check"])]
    rows += [("restore beside the data", restore), ("  of that restic", prepared["seconds_fetch"])]
    print(f"{size:.2f} GiB of data; stored {first['bytes_added'] / 1024**3:.2f} GiB, the second time {second['bytes_added'] / 1024**2:.1f} MiB")
    print(f"| {'what':50} | seconds | MiB/s | plain copies |\n|---|---|---|---|")
    for name, seconds in rows:
        print(f"| {name:50} | {seconds:7.1f} | {size * 1024 / max(seconds, 0.1):5.0f} | {seconds / plain:4.1f} |")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"gib": size, "seconds": dict(rows)}, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
