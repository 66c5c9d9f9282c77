# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Expiry removes for real what is too old, and the store gets smaller. Old backups are made by restic with an earlier time."""

from __future__ import annotations

import datetime
import json
from typing import Any

from backup_site import Site

BUCKET = "/var/lib/minio/data/mysql-backup"
MIB = 32


def snapshots(site: Site, host: str, *tags: str) -> list[dict[str, Any]]:
    return list(json.loads(site.backup(host, "restic snapshots --json --no-lock " + " ".join("--tag " + tag for tag in tags)).splitlines()[-1]))


def store(site: Site) -> int:
    """MiB of the repository on its disk."""
    return int(site.ssh("store1", f"du -sm {BUCKET}").split()[0])


def aged(site: Site, host: str, days: int, proved: bool, filler: int) -> str:
    """A full backup as of so many days ago, with the manifest of the newest one and bytes that no other has. Returns its id."""
    newest = snapshots(site, host, "full")[-1]
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    name, when = "%dd-%s" % (days, host), at.strftime("%Y-%m-%d %H:%M:%S")
    folder = newest["paths"][0]
    make = f"mkdir -p {folder} && mysql-backup restic dump {newest['id']} {folder}/manifest.json > {folder}/manifest.json"
    make += f" && head -c {filler}M /dev/urandom > {folder}/filler"
    keep = f"mysql-backup restic backup --host {host} --time '{when}' --tag full --tag id={name} {folder}"
    proof = f"echo '{{}}' | mysql-backup restic backup --host {host} --time '{when}' --tag verified --tag of={name} --stdin --stdin-filename /proof.json"
    site.ssh(host, f"{make} && {keep} {'&& ' + proof if proved else ''}; rm -rf {folder}")
    return name


def test_what_is_too_old_goes_and_the_rest_can_be_restored(site: Site) -> None:
    host = site.standby()
    site.backup(host, "start", "full")
    site.backup(host, "start", "verify")
    older, old, anchor = (aged(site, host, days, proved, MIB) for days, proved in ((30, True), (20, False), (10, True)))
    young = aged(site, host, 3, False, MIB)
    before = store(site)
    removed = site.result(host, "start", "expire")
    try:
        assert removed["removed"] == [older, old]  # the anchor is needed for the first second of the seven days
        left = {tag.removeprefix("id=") for one in snapshots(site, host, "full") for tag in one["tags"] if tag.startswith("id=")}
        assert {anchor, young} <= left and not left & {older, old}
        assert not [one for one in snapshots(site, host, "verified") if f"of={older}" in one["tags"]]
        assert before - store(site) >= 2 * MIB - 4, "the store did not get smaller"
        assert removed["removed_binlog_records"] > 0  # those before what the anchor holds
        assert site.result(host, "start", "expire")["removed"] == []
    finally:
        faked = {f"{kind}={name}" for kind in ("id", "of") for name in (anchor, young)}
        made = [one["id"] for one in snapshots(site, host, "full", "verified") if faked & set(one["tags"])]
        site.backup(host, "restic forget " + " ".join(made))
    site.fill(site.primary(), 1)
    site.backup(host, "start", "full")
    site.backup(host, "start", "verify")
