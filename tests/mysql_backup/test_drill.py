# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The restore drill: what was there comes back, to a time and to a transaction, and the pair is whole afterwards."""

from __future__ import annotations

import json

from backup_site import Site


def whole(site: Site) -> None:
    """The playbook makes the pair whole, and both hold the same."""
    site.play("mysql")
    primary, standby = site.primary(), site.standby()
    assert site.sums(primary) == site.sums(standby)
    assert site.executed(primary) == site.executed(standby)


def test_a_second_run_changes_nothing(site: Site) -> None:
    said = site.play("backups")
    assert "changed=0" in said and "changed=1" not in said and "changed=2" not in said


def test_the_standby_takes_the_backup(site: Site) -> None:
    said = " ".join(site.play("mysql_backup").split())
    assert "%s did nothing: it is the primary" % site.primary() in said
    fulls = json.loads(site.backup(site.standby(), "status"))["repository"]["fulls"]
    assert fulls[-1]["host"] == site.standby()


def test_the_backup_is_proved(site: Site) -> None:
    site.fill(site.primary(), 3)
    site.backup(site.standby(), "ship")
    assert " rows, " in " ".join(site.play("mysql_backup_verify").split())
    proof = json.loads(site.backup(site.standby(), "status"))["steps"]["verify"]["result"]
    assert proof["gtid_executed"] == site.executed(site.primary())
    assert proof["tables"] > 2 and proof["unchecked"] == []


def test_a_dropped_table_comes_back_by_time(site: Site) -> None:
    primary = site.primary()
    site.fill(primary, 5)
    before, moment = site.sums(primary), site.now()
    site.sql(primary, "DROP TABLE drill_points")
    site.sql(primary, "INSERT INTO drill_runs (name) VALUES ('after the mistake')")
    plan = " ".join(site.play("mysql_restore", "--check", op_confirm="lab", op_restore_to=moment).split())
    assert "restore to: %s, onto %s" % (moment, primary) in plan and "changed=1" not in plan
    assert "drill_points" not in site.sums(primary)
    said = site.play("mysql_restore", op_confirm="lab", op_restore_to=moment)
    assert "first one left out: " in said
    assert site.sums(primary) == before
    told = " ".join(site.play("mysql_status", mysql_journal_lines=60).split())
    assert all("restore %s/%s" % (moment, step) in told for step in ("prepare: begins", "place: the data directory holds", "primary: "))
    assert "restore/finish: the restored server takes writes" in told and "restore/set-aside: the old data are in" in told
    whole(site)
    kept = site.ssh(site.standby(), "ls -d /var/lib/mysql/.before-restore-*/mysql.ibd /var/lib/mysql.before-restore-*/mysql.ibd 2>/dev/null || true")
    assert "mysql.ibd" in kept, "the standby's old data were not kept"


def test_a_wrong_delete_is_undone_by_gtid_on_the_other_host(site: Site) -> None:
    old, new = site.primary(), site.standby()
    site.fill(old, 2)
    before, executed = site.sums(old), site.executed(old)
    site.sql(old, "DELETE FROM drill_runs WHERE id > 1")
    gtid = site.ssh(old, "mysql -NBe \"SELECT GTID_SUBTRACT(@@gtid_executed, '%s')\"" % executed).strip()
    site.sql(old, "INSERT INTO drill_runs (name) VALUES ('after the mistake')")
    site.play("mysql_restore", op_confirm="lab", op_restore_to=gtid, op_restore_host=new)
    assert site.primary() == new
    assert site.sums(new) == before
    whole(site)


def test_backups_go_on_after_a_restore(site: Site) -> None:
    site.fill(site.primary(), 1)
    assert site.result(site.standby(), "ship")["acted"]
    site.backup(site.standby(), "verify")
    said = site.play("mysql_restore", "--check", op_confirm="lab", op_restore_to="latest")
    assert "restore to: latest" in said


def test_old_data_go_when_told(site: Site) -> None:
    kept = "ls -d /var/lib/mysql/.before-restore-* /var/lib/mysql.before-restore-* 2>/dev/null || true"
    assert all(site.ssh(host, kept) for host in ("db1", "db2"))
    site.play("mysql_restore", op_confirm="lab", op_restore_to="latest", op_restore_discard_old=True)
    assert [site.ssh(host, kept) for host in ("db1", "db2")] == ["", ""]
    whole(site)
