# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The paths of docs/operations.md that no other test walks, command by command: a host that is gone, a broken standby, a damaged table."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ledger import faults, look
from ledger.client import now
from ledger.pair import Pair, wait_for
from ledger.scene import Scene, scene

DATA = "/var/lib/mysql"
OURS = "/etc/onprem-wandb /var/lib/onprem-wandb /opt/onprem-wandb/mysql /var/log/mysql"
PAGE = 16384  # bytes of a page of InnoDB
NEW = "DROP DATABASE IF EXISTS ops; CREATE DATABASE ops"  # an earlier run may have been broken off


def new_host(pair: Pair, host: str) -> None:
    """As after an installation: an operating system, and nothing of ours."""
    faults.power_on(pair, host)
    pair.on(host, "systemctl disable --now mysql-endpoint mysql-writable mysql-role-guard mysqld 2>/dev/null; userdel mysql 2>/dev/null; true", timeout=120)
    pair.on(host, f"rm -rf {OURS} /etc/systemd/system/mysql* && find {DATA} -mindepth 1 -delete && systemctl daemon-reload")


def set_up(pair: Pair) -> None:
    """The part of site.yml that concerns the pair."""
    for name in ("certificates", "hosts", "mysql"):
        pair.playbook(name)


def empty(pair: Pair, host: str) -> None:
    """What sections 8 and 9 say of a server whose data are worth nothing."""
    pair.on(host, f"rm -rf {DATA}-damaged; systemctl stop mysqld; mkdir {DATA}-damaged && mv {DATA}/* {DATA}-damaged/ && systemctl start mysqld", timeout=120)


def whole(on: Scene) -> None:
    """Both hold every acknowledged write, commits wait for the standby again, and where no role changed only one took writes."""
    assert on.problems() == []
    primary = look.primary(on.pair)
    assert look.guarded(on.pair, primary) == ""
    assert primary != on.primary or on.split_brain() == []


def test_a_standby_is_replaced_by_a_new_host(pair: Pair, tmp_path: pathlib.Path) -> None:
    with scene(pair, tmp_path) as on:
        pair.podman("kill", pair.containers[on.standby])
        pair.playbook("mysql_degrade", op_confirm=pair.site, op_reason=f"{on.standby} dead")
        on.flows()
        begin = now()
        new_host(pair, on.standby)
        set_up(pair)
        pair.playbook("mysql_rejoin")
        print(f"new standby: {now() - begin:.0f} s, longest write gap {on.gap(begin):.2f} s")
        on.flows()
        whole(on)


def test_a_primary_is_replaced_by_a_new_host(pair: Pair, tmp_path: pathlib.Path) -> None:
    with scene(pair, tmp_path) as on:
        pair.podman("kill", pair.containers[on.primary])
        pair.playbook("mysql_failover", op_confirm=pair.site, op_degraded="yes", op_old_primary_is_down="yes", op_no_degrade_since_contact="yes")
        on.flows()
        new_host(pair, on.primary)
        set_up(pair)
        pair.playbook("mysql_rejoin")
        on.flows()
        assert look.primary(pair) == on.standby
        whole(on)


def test_a_standby_that_somebody_changed(pair: Pair, tmp_path: pathlib.Path) -> None:
    """A row is missing there: the applier stops, the status says so, rejoin copies the standby anew."""
    with scene(pair, tmp_path) as on:
        pair.sql(on.primary, f"{NEW}; CREATE TABLE ops.t (id INT PRIMARY KEY, v INT); INSERT INTO ops.t VALUES (1, 1)")
        look.catch_up(pair, on.primary, on.standby)
        pair.sql(on.standby, "SET GLOBAL super_read_only = OFF; SET sql_log_bin = 0; DELETE FROM ops.t; SET GLOBAL super_read_only = ON")
        pair.sql(on.primary, "UPDATE ops.t SET v = 2")
        wait_for("the applier's end", 30, lambda: "" if applier(pair, on.standby) == "OFF" else "it runs")
        on.flows()
        status = " ".join(pair.playbook("mysql_status").output.split())
        pair.playbook("mysql_rejoin", op_accept_data_loss=pair.site)
        on.flows()
        assert pair.sql(on.standby, "SELECT v FROM ops.t") == [["2"]]
        pair.sql(on.primary, "DROP DATABASE ops")
        whole(on)
    assert "applier OFF" in status and "1032" in status, status[-2000:]


def applier(pair: Pair, host: str) -> str:
    return pair.sql(host, "SELECT SERVICE_STATE FROM performance_schema.replication_applier_status")[0][0]


def test_a_standby_for_which_the_primary_keeps_no_logs(pair: Pair, tmp_path: pathlib.Path) -> None:
    """Away for longer than the binary logs are kept: rejoin copies it anew, and the application goes on."""
    with scene(pair, tmp_path) as on:
        pair.on(on.standby, "systemctl stop mysqld", timeout=120)
        pair.playbook("mysql_degrade", op_confirm=pair.site, op_reason="away")
        on.flows()
        last = pair.sql(on.primary, "FLUSH BINARY LOGS; SHOW BINARY LOG STATUS")[0][0]
        pair.sql(on.primary, f"PURGE BINARY LOGS TO '{last}'")
        pair.on(on.standby, "systemctl start mysqld", timeout=120)
        begin = now()
        pair.playbook("mysql_rejoin")
        on.flows()
        print(f"copied anew: longest write gap {on.gap(begin):.2f} s")
        whole(on)


@pytest.mark.parametrize("where", ["standby", "primary"])
def test_a_damaged_table(pair: Pair, tmp_path: pathlib.Path, where: str) -> None:
    """InnoDB refuses a page with a wrong checksum. The other host has the right one: switch over if need be, then copy anew."""
    with scene(pair, tmp_path) as on:
        damaged = on.primary if where == "primary" else on.standby
        pair.sql(on.primary, f"{NEW}; CREATE TABLE ops.t (id INT PRIMARY KEY AUTO_INCREMENT, v CHAR(200))")
        pair.sql(on.primary, "INSERT INTO ops.t (v) VALUES ('x')" + "; INSERT INTO ops.t (v) SELECT v FROM ops.t" * 12)
        look.catch_up(pair, on.primary, on.standby)
        pair.on(damaged, "systemctl stop mysqld", timeout=120)
        pair.on(damaged, f"dd if=/dev/zero of={DATA}/ops/t.ibd bs={PAGE} seek=8 count=4 conv=notrunc 2>/dev/null && systemctl start mysqld", timeout=120)
        on.flows(seconds=120)
        found = pair.on(damaged, "/usr/local/bin/mysql --user=root --socket=/run/mysqld/mysqld.sock -e 'SELECT SUM(LENGTH(v)) FROM ops.t' 2>&1", check=False)
        on.flows(seconds=120)
        if where == "primary":
            pair.playbook("mysql_switchover")
        empty(pair, damaged)
        pair.playbook("mysql_rejoin")
        on.flows()
        assert pair.sql(damaged, "SELECT COUNT(*), SUM(LENGTH(v)) FROM ops.t") == [["4096", "4096"]]
        pair.sql(look.primary(pair), "DROP DATABASE ops")
        pair.on(damaged, f"rm -rf {DATA}-damaged")
        whole(on)
    assert "ERROR" in found, found


def test_a_new_release_and_a_new_setting(pair: Pair, tmp_path: pathlib.Path) -> None:
    """Written at once, in effect when asked: the standby restarts first. The release is the lab's own under another name: no second one can be had here."""
    with scene(pair, tmp_path) as on:
        before = started(pair)
        wanted = {"mysql_version": "9.7.4.1", "artifacts_overrides": another_name(pair, "9.7.4.1"), "mysql_settings": {"table_open_cache_instances": 8}}
        waits = " ".join(pair.playbook("mysql", **wanted).output.split())
        assert started(pair) == before
        begin = now()
        pair.playbook("mysql", mysql_restart_allowed=True, **wanted)
        on.flows()
        print(f"new release: longest write gap {on.gap(begin):.2f} s")
        after = started(pair)
        assert before[on.standby] < after[on.standby] < after[on.primary]
        assert {tuple(*pair.sql(host, "SELECT @@basedir, @@table_open_cache_instances")) for host in pair.hosts} == {("/opt/onprem-wandb/mysql/9.7.4.1/", "8")}
        again = pair.playbook("mysql", mysql_restart_allowed=True, **wanted)
        assert started(pair) == after and "changed=0" in again.output
        pair.playbook("mysql", mysql_restart_allowed=True)
        whole(on)
    assert "needs a restart" in waits and "table_open_cache_instances" in waits and "mysql_restart_allowed" in waits


def started(pair: Pair) -> dict[str, int]:
    """When each server was started, microseconds of the host's clock since its boot; all hosts of the lab share it."""
    asked = "systemctl show --property=ExecMainStartTimestampMonotonic --value mysqld.service"
    return {host: int(pair.on(host, asked)) for host in pair.hosts}


def another_name(pair: Pair, release: str) -> dict[str, Any]:
    """The lab's artifacts, its MySQL also as another release."""
    found: dict[str, Any] = json.loads((pair.state / "artifacts.json").read_text(encoding="utf-8"))
    versions = found["mysql"]["versions"]
    versions[release] = next(iter(versions.values()))
    return found
