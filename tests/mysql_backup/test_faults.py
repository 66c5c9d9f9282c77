# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of the place where backups go, of the disk, of the process: a sentence with the next command, nothing lost, nothing left behind."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from backup_site import Site, until

CONFIG = "/etc/onprem-wandb/mysql-backup/config.json"
ENVIRONMENT = "/etc/onprem-wandb/mysql-backup/environment"
STATE = "/var/lib/onprem-wandb/mysql-backup"
BUCKET = "/var/lib/minio/data/mysql-backup"


WAITING = "mysql -NBe \"SELECT COUNT(*) FROM performance_schema.processlist WHERE STATE LIKE 'Waiting for semi-sync ACK%'\""


@contextmanager
def planted(site: Site, host: str, command: str, undo: str) -> Iterator[None]:
    """Do something to a host, and undo it whatever happens."""
    try:
        site.ssh(host, command)
        yield
    finally:
        site.ssh(host, undo)


def failure(site: Site, host: str, step: str) -> str:
    return str(json.loads(site.backup(host, "status"))["steps"][step]["failure"])


def leftovers(site: Site, host: str) -> str:
    """Copies and scratch servers."""
    return site.ssh(host, "find %s/work -mindepth 1 | head -5; pgrep -ax mysqld | grep -e --no-defaults || true" % STATE)


def swallowed(site: Site, port: int) -> None:
    """Nothing comes back from the store, not even a refusal: a sentence within a minute, and no harm."""
    host = site.standby()
    rule = f"OUTPUT -p tcp -d {site.addresses['store1']} --dport {port} -j DROP"
    with planted(site, host, f"iptables -I {rule}", f"iptables -D {rule}"):
        begun = time.monotonic()
        said = site.backup(host, "start", "ship", code=1)
        assert time.monotonic() - begun < 60
        assert "cannot be reached. Next:" in said
    site.backup(host, "start", "ship")


TARGETS = [
    (r"s#\"repository\": \"s3:https://\([^:]*\):9000#\"repository\": \"s3:https://\1:9009#", CONFIG, "cannot be reached"),
    (r"s#9000/mysql-backup#9000/mysql-backup/elsewhere#", CONFIG, "There is no repository at"),
    (r"s#^RESTIC_PASSWORD=.#&x#", ENVIRONMENT, "The password does not open the repository"),
    (r"s#^AWS_SECRET_ACCESS_KEY=.#&x#", ENVIRONMENT, "refuses these credentials"),
]


@pytest.mark.parametrize(("change", "path", "said"), TARGETS)
def test_a_repository_that_cannot_be_used(site: Site, change: str, path: str, said: str) -> None:
    host = site.standby()
    with planted(site, host, "sed -i.bak '%s' %s" % (change, path), "mv %s.bak %s" % (path, path)):
        for step in ("full", "ship", "verify"):
            output = site.backup(host, step, code=1)
            assert said in output and "Next:" in output
            assert said in failure(site, host, step)
        assert leftovers(site, host) == ""
    for step in ("full", "ship"):
        site.backup(host, step)
        assert failure(site, host, step) == ""


def test_a_network_that_swallows_everything(site: Site) -> None:
    swallowed(site, 9000)


def test_a_flipped_byte_fails_the_proof(site: Site) -> None:
    host = site.standby()
    site.backup(host, "full")
    flip = "python3 - <<'X'\nimport glob, os\nmark = '/tmp/flipped'\n"
    flip += "big = open(mark).read() if os.path.exists(mark) else max(glob.glob('%s/data/*/*/*/part.1'), key=os.path.getsize)\n" % BUCKET
    flip += (
        "middle = os.path.getsize(big) // 2\nwith open(big, 'r+b') as f:\n f.seek(middle)\n old = f.read(1)[0]\n f.seek(middle)\n f.write(bytes([old ^ 1]))\n"
    )
    script, undo = flip + "open(mark, 'w').write(big)\nX", flip + "os.unlink(mark)\nX"
    with planted(site, "store1", script, undo):
        site.ssh(host, "rm -rf %s/cache/restic" % STATE)
        output = site.backup(host, "verify", code=1)
        assert "is damaged" in output and "Next:" in output
        assert leftovers(site, host) == ""
    site.backup(host, "verify")


def test_a_missing_binary_log_fails_the_proof(site: Site) -> None:
    host, primary = site.standby(), site.primary()
    site.backup(host, "full")
    site.fill(primary, 1)
    site.ssh(host, "mysql -e 'FLUSH BINARY LOGS'")
    site.fill(primary, 1)
    site.backup(host, "ship")
    site.ssh(host, "mysql -e 'FLUSH BINARY LOGS'")
    site.fill(primary, 1)
    site.backup(host, "ship")
    snapshots = json.loads(site.backup(host, "restic snapshots --json --no-lock --tag binlog"))
    victim = [one["short_id"] for one in snapshots if sum(tag.startswith("file=") for tag in one["tags"]) and one is not snapshots[-1]][-1]
    site.backup(host, "restic forget " + victim)
    output = site.backup(host, "verify", code=1)
    assert "Binary logs are missing" in output and "Next: mysql-backup full" in output
    site.backup(host, "full")
    site.backup(host, "verify")


def test_a_full_disk_stops_a_backup_before_it_begins(site: Site) -> None:
    host = site.standby()
    with planted(site, host, "mkdir -p %s/work && mount -t tmpfs -o size=200m tmpfs %s/work" % (STATE, STATE), "umount %s/work" % STATE):
        output = site.backup(host, "full", code=1)
    assert "expected at least" in output and "free" in output and "Nothing was changed" in output


@pytest.mark.parametrize("step", ["full", "verify"])
@pytest.mark.parametrize("moment", ["work/run/s.sock", "work/[fv]*/*"])
def test_a_killed_run_leaves_nothing(site: Site, step: str, moment: str) -> None:
    host = site.standby()
    site.ssh(host, "systemctl start --no-block mysql-backup@%s.service" % step)
    waiting = "for i in $(seq 600); do ls -d %s/%s >/dev/null 2>&1 && break; sleep 0.02; done; systemctl kill -s KILL mysql-backup@%s.service" % (
        STATE,
        moment,
        step,
    )
    site.ssh(host, waiting)
    until(lambda: "was killed" in failure(site, host, step), 20)
    assert "--no-defaults" not in site.ssh(host, "pgrep -ax mysqld")
    site.backup(host, step)
    assert leftovers(site, host) == ""
    assert failure(site, host, step) == ""


def test_another_database_does_not_write_over_the_backups(site: Site) -> None:
    """As after site.yml on new hosts: a pair that lacks what the repository holds."""
    host, primary = site.standby(), site.primary()
    gtids = "00000000-1111-2222-3333-444444444444:1-9"
    mark = json.dumps({"at": "2026-01-01T00:00:00Z", "host": "elsewhere", "server_uuid": "x", "gtid_executed": gtids})
    site.ssh(host, "mysql-backup restic backup --stdin --stdin-filename /mark.json --tag restored", stdin=mark)
    for where, step in ((host, "full"), (host, "ship")):
        output = site.backup(where, step, code=1)
        assert "lacks transactions" in output and gtids in output and "Nothing was stored" in output
    output = site.play("mysql_backup", code=2, op_adopt=True, op_confirm="another")
    assert "Nothing was changed" in output
    site.play("mysql_backup", op_adopt=True, op_confirm="lab")
    site.fill(primary, 1)
    assert site.result(host, "ship")["acted"]


def test_the_primary_acts_while_it_is_alone(site: Site) -> None:
    """Commits that wait for the dead standby are not waited for: neither the run of each minute nor the look of mysql_degrade hangs behind them."""
    primary, standby = site.primary(), site.standby()
    assert not site.result(primary, "full")["acted"]
    site.sql(primary, "CREATE TABLE IF NOT EXISTS drill_waits (id BIGINT PRIMARY KEY AUTO_INCREMENT)")
    with planted(site, standby, "systemctl stop mysqld", "systemctl start mysqld"):
        until(lambda: bool(site.result(primary, "ship")["acted"]), 30)
        site.ssh(primary, "systemd-run --collect mysql -e 'INSERT INTO wandb_local.drill_waits VALUES ()'")
        until(lambda: site.ssh(primary, WAITING).strip() == "1", 30)
        assert site.result(primary, "ship")["acted"]
        assert "its commits wait for a standby" in site.result(primary, "full")["why"]
        site.play("mysql_degrade", op_confirm="lab", op_reason="test")
        assert site.result(primary, "full")["why"] == "it is the primary, and no standby is attached"
    site.play("mysql_undegrade")
    until(lambda: bool(site.result(standby, "ship")["acted"]), 60)
    until(lambda: not site.result(primary, "ship")["acted"], 60)
    site.backup(standby, "verify")


def test_metrics_are_written_for_node_exporter(site: Site) -> None:
    host, folder = site.standby(), "/var/lib/prometheus/node-exporter"
    with planted(site, host, "mkdir -p " + folder, "rm -r " + folder):
        site.backup(host, "ship")
        text = site.ssh(host, "cat %s/onprem_wandb_mysql_backup.prom" % folder)
    assert re.search(r"^onprem_mysql_backup_last_verified_timestamp_seconds [1-9]\d{9}$", text, re.MULTILINE)
    assert 'onprem_mysql_backup_failed{step="ship"} 0' in text


def test_a_restore_that_was_broken_off_is_finished(site: Site) -> None:
    primary, standby = site.primary(), site.standby()
    site.fill(primary, 1)
    before, moment = site.sums(primary), site.now().replace(" ", "T") + "Z"
    site.fill(primary, 1)
    site.backup(standby, "ship", "--force")
    later = site.sums(primary)
    waiting = "for i in \\$(seq 1000); do [ -S %s/work/run/s.sock ] && break; sleep 0.02; done" % STATE
    killed = "mysql-backup prepare --to %s & %s; kill -9 \\$!; wait" % (moment, waiting)
    site.ssh(primary, 'bash -c "%s"; true' % killed)
    assert site.sums(primary) == later
    site.backup(primary, "prepare", "--to", moment)
    site.ssh(primary, "systemctl stop mysqld")
    site.backup(primary, "place", "--to", moment)
    output = site.play("mysql_restore", code=2, op_confirm="lab", op_restore_to="2026-11-23 00:00:00")
    assert "is not finished" in output
    site.play("mysql_restore", op_confirm="lab", op_restore_to=moment)
    assert site.primary() == primary and site.sums(primary) == before
    site.play("mysql")
    assert site.sums(site.standby()) == before


def test_commits_that_nobody_acknowledged_stay_out_of_a_restore(site: Site) -> None:
    """They are in what the primary shipped before it died; its successor has given their numbers to other rows."""
    old, new = site.primary(), site.standby()
    site.sql(old, "CREATE TABLE IF NOT EXISTS drill_waits (id BIGINT PRIMARY KEY AUTO_INCREMENT)", "INSERT INTO drill_waits VALUES ()")
    with planted(site, new, "systemctl stop mysqld", "systemctl start mysqld"):
        until(lambda: bool(site.result(old, "ship")["acted"]), 30)
        site.ssh(old, "systemd-run --collect mysql -e 'INSERT INTO wandb_local.drill_waits VALUES ()'")
        until(lambda: site.ssh(old, WAITING).strip() == "1", 30)
        assert site.result(old, "ship")["bytes"] > 0
        site.ssh(old, "systemctl stop mysqld")
    site.play("mysql_failover", op_confirm="lab", op_degraded="yes", op_no_degrade_since_contact="yes")
    site.sql(new, "INSERT INTO drill_waits VALUES ()")
    until(lambda: bool(site.result(new, "ship", "--force")["acted"]), 60)
    site.backup(new, "verify")
    site.ssh(old, "systemctl start mysqld")
    site.play("mysql_rejoin", op_accept_data_loss="lab")
    assert site.sql(old, "SELECT COUNT(*) FROM drill_waits") == site.sql(new, "SELECT COUNT(*) FROM drill_waits")
