# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A site that says it lives without backups."""

from __future__ import annotations

import json

from backup_site import Site

UNITS = "ls /etc/systemd/system/mysql-backup-*.timer /etc/systemd/system/timers.target.wants/mysql-backup-* 2>/dev/null || true"


def test_nothing_runs_and_nothing_looks_as_if_it_did(site: Site) -> None:
    fulls = json.loads(site.backup(site.standby(), "status"))["repository"]["fulls"]
    try:
        assert "changed=2" in site.play("backups", "--check", mysql_backup_accept_none=True)  # timers, files
        site.play("backups", mysql_backup_accept_none=True)
        assert [site.ssh(host, UNITS) for host in ("db1", "db2")] == ["", ""]
        told = " ".join(site.play("mysql_status").split())
        assert "no backups are configured on this host" in told
        again = site.play("backups", mysql_backup_accept_none=True)
        assert "changed=0" in again and "changed=1" not in again
    finally:
        site.play("backups")
    # What was stored is still there, and it goes on from that.
    assert json.loads(site.backup(site.standby(), "status"))["repository"]["fulls"][-1]["id"] == fulls[-1]["id"]
    assert site.ssh("db1", "systemctl is-active mysql-backup-ship.timer").strip() == "active"
