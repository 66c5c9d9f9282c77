# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One fault each, under load: what the guards do, what the playbooks refuse, what the application sees."""

from __future__ import annotations

import pathlib
from typing import Any

from ledger import byhand, faults, judge, look
from ledger.client import now
from ledger.pair import Done, Pair, wait_for
from ledger.scene import Scene, make_whole, scene

READY = 0.5  # seconds after which a cut has taken hold: packets that were under way have arrived


def failover(pair: Pair, **variables: Any) -> Done:
    return pair.playbook("mysql_failover", check=False, **{"op_confirm": pair.site, "op_degraded": "yes", **variables})


def refused(done: Done, *words: str) -> None:
    """The playbook ended with a refusal that says why, and changed nothing."""
    text = " ".join(done.output.split())
    assert done.code != 0, f"the playbook should have refused:\n{done.tail(40)}"
    assert "refused" in text and all(word in text for word in words), f"expected a refusal with {words}:\n{done.tail(60)}"
    assert "changed=0" in text and not any(f"changed={number}" in text for number in range(1, 10)), done.tail(20)


def test_a_killed_server_comes_back_by_itself(pair: Pair, tmp_path: pathlib.Path) -> None:
    """kill -9; systemd starts it, the role guard opens it because the standby still follows. No failover, nothing lost."""
    with scene(pair, tmp_path) as on:
        begin = now()
        faults.crash_and_restart(pair, on.primary)
        on.flows()
        gap = on.gap(begin)
        assert look.primary(pair) == on.primary
        assert on.problems() == [] and on.split_brain() == []
    print(f"kill -9 with restart: write gap {gap:.2f} s")


def test_a_rebooted_primary_opens_again(pair: Pair, tmp_path: pathlib.Path) -> None:
    """An orderly reboot without a failover: the standby vouches, the primary opens."""
    with scene(pair, tmp_path) as on:
        begin = now()
        faults.reboot(pair, on.primary)
        on.flows(seconds=120)
        gap = on.gap(begin)
        assert look.primary(pair) == on.primary
        assert on.problems() == [] and on.split_brain() == []
    print(f"reboot without failover: write gap {gap:.2f} s")


def test_a_primary_without_peer_stays_read_only(pair: Pair, tmp_path: pathlib.Path) -> None:
    """Boot guard: a primary that boots and cannot ask its peer opens for nobody; it opens when the peer answers."""
    with scene(pair, tmp_path) as on:
        faults.shut_down(pair, on.primary)
        pair.podman("kill", pair.containers[on.standby])
        faults.power_on(pair, on.primary)
        wait_for("the guard", 60, lambda: "" if "wait" in decision(pair, on.primary) else decision(pair, on.primary))
        booted = now()
        on.pass_time(3)
        assert look.writable(pair) == [] and on.acks_since(booted) == 0
        faults.power_on(pair, on.standby)
        on.flows(seconds=120)
        assert look.primary(pair) == on.primary
        assert on.problems() == [] and on.split_brain() == []


def decision(pair: Pair, host: str) -> str:
    """What the role guard decided last."""
    return pair.on(host, "cat /run/onprem-wandb/mysql-guard.json", check=False)


def test_stop_acknowledges_nothing_that_the_standby_lacks(pair: Pair, tmp_path: pathlib.Path) -> None:
    """Stop guard (F2): commits wait for a standby that is cut off; `systemctl stop` ends them without an OK."""
    with scene(pair, tmp_path, answer=60.0) as on:
        faults.cut(pair, on.primary, [pair.hosts[on.standby]])
        cut = now()
        blocked(on)
        pair.on(on.primary, "systemctl stop mysqld.service", timeout=120)
        assert on.acks_since(cut, READY) == 0, "commits were acknowledged that no standby holds"
        faults.heal(pair, on.primary)
        began = now()
        done = failover(pair)
        assert done.code == 0, done.tail(40)
        on.flows(since=began)
        assert on.problems(on.standby) == []
        faults.revive(pair, on.primary)
        pair.playbook("mysql_rejoin", op_accept_data_loss=pair.site)
        look.wait_guarded(pair, on.standby)
        assert on.problems() == [] and on.split_brain(judge.Change(on.identity(on.primary), began)) == []


def blocked(on: Scene) -> None:
    """Until commits wait for an acknowledgement. The server counts the first of each group only, so the silence of all writers counts as well."""

    def seen() -> str:
        waiting = look.value(on.pair, on.primary, "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_wait_sessions'")
        return "" if waiting.isdigit() and int(waiting) else f"{waiting} sessions wait"

    wait_for("writers that wait for the standby", 30, seen)
    on.pass_time(1)


def test_a_cut_between_the_two_blocks_and_heals(pair: Pair, tmp_path: pathlib.Path) -> None:
    """Both hosts reach the controller, not each other: commits wait, a failover is refused, nothing is lost."""
    with scene(pair, tmp_path) as on:
        faults.cut(pair, on.primary, [pair.hosts[on.standby]])
        cut = now()
        on.pass_time(2)
        assert on.acks_since(cut, READY) == 0, "commits were acknowledged that no standby holds"
        refused(failover(pair), on.primary, "not dead", "mysql_switchover")
        refused(failover(pair, op_old_primary_is_down="yes"), on.primary, "not dead")
        assert on.acks_since(cut, READY) == 0
        faults.heal(pair, on.primary)
        on.flows()
        assert on.problems() == [] and on.split_brain() == []


def test_a_primary_that_only_the_controller_misses_is_not_dead(pair: Pair, tmp_path: pathlib.Path) -> None:
    """SSH from the controller is cut; the application goes on, and a failover is refused, also with old_primary_is_down."""
    with scene(pair, tmp_path) as on:
        faults.cut(pair, on.primary, [faults.controller(pair)], port=22)
        begin = now()
        for words in ({}, {"op_old_primary_is_down": "yes"}):
            refused(failover(pair, **words), on.primary, "not dead")
        on.flows()
        gap = on.gap(begin)
        faults.heal(pair, on.primary)
        assert gap < 2, f"a refused failover made a gap of {gap:.1f} s"
        assert look.primary(pair) == on.primary and on.problems() == [] and on.split_brain() == []


def test_without_a_standby_to_ask_nobody_is_promoted(pair: Pair, tmp_path: pathlib.Path) -> None:
    """The controller does not reach the standby, and the primary is dead: refused, whatever is promised."""
    with scene(pair, tmp_path) as on:
        faults.cut(pair, on.standby, [faults.controller(pair)], port=22)
        faults.kill(pair, on.primary)
        refused(failover(pair, op_old_primary_is_down="yes"), on.standby)
        faults.heal(pair, on.standby)
        faults.revive(pair, on.primary)
        on.flows(seconds=90)
        assert look.primary(pair) == on.primary and on.problems() == [] and on.split_brain() == []


def test_an_isolated_primary_that_is_called_dead_acknowledges_nothing(pair: Pair, tmp_path: pathlib.Path) -> None:
    """Nobody reaches the old primary, and it runs. Without a word that it is down: refused. With it: the old one, back, acknowledges nothing."""
    with scene(pair, tmp_path) as on:
        faults.cut(pair, on.primary, [pair.hosts[on.standby], faults.controller(pair)])
        on.pass_time(1)
        refused(failover(pair), on.primary, "old_primary_is_down")
        began = now()
        done = failover(pair, op_old_primary_is_down="yes")
        assert done.code == 0, done.tail(40)
        on.flows(since=began)
        faults.heal(pair, on.primary)
        change = judge.Change(on.identity(on.primary), began)
        on.pass_time(5)
        assert on.split_brain(change) == [], "the old primary acknowledged writes beside the new one"
        pair.playbook("mysql_rejoin", check=False, log="ledger-isolated-rejoin")
        assert on.split_brain(change) == []
        faults.kill(pair, on.primary)
        faults.revive(pair, on.primary)
        pair.playbook("mysql_rejoin", op_accept_data_loss=pair.site)
        look.wait_guarded(pair, on.standby)
        assert on.problems() == [] and on.split_brain(change) == []


def test_a_dead_standby_blocks_until_somebody_degrades(pair: Pair, tmp_path: pathlib.Path) -> None:
    """Strict means that commits wait. mysql_degrade lets them go on, knowingly; mysql_undegrade ends it; a failover in between is refused."""
    with scene(pair, tmp_path) as on:
        faults.kill(pair, on.standby)
        dead = now()
        on.pass_time(2)
        assert on.acks_since(dead, READY) == 0, "commits were acknowledged without a standby"
        pair.playbook("mysql_degrade", op_confirm=pair.site, op_reason="test of the ledger")
        on.flows()
        assert on.problems(on.primary) == []
        faults.revive(pair, on.standby)
        wait_for("replication", 60, lambda: "" if "ON" in pair.sql(on.standby, REPLICATES)[0][0] else "not yet")
        faults.kill(pair, on.primary)
        refused(failover(pair), "degraded", "accept_data_loss")
        faults.revive(pair, on.primary)
        on.flows(seconds=90)
        pair.playbook("mysql_undegrade")
        look.wait_guarded(pair, on.primary)
        assert on.problems() == [] and on.split_brain() == []


def test_an_accepted_loss_is_named_and_kept(pair: Pair, tmp_path: pathlib.Path) -> None:
    """The primary served alone and dies. A failover is refused; with the site's name it goes on; what is lost is in a file of the old primary afterwards."""
    with scene(pair, tmp_path) as on:
        pair.playbook("mysql_degrade", op_confirm=pair.site, op_reason="test of the ledger")
        byhand.receiver(pair, on.standby, False)
        on.pass_time(1)
        faults.kill(pair, on.primary)
        refused(failover(pair), "degraded", "accept_data_loss")
        done = failover(pair, op_accept_data_loss=pair.site)
        assert done.code == 0 and "accepted:" in done.output, done.tail(40)
        on.flows()
        on.load.read()
        lost = judge.compare(on.load.book, look.holding(pair, on.standby)).lost
        assert lost > 0, "the primary had served alone, and nothing is lost: the ledger is blind"
        faults.revive(pair, on.primary)
        refused(pair.playbook("mysql_rejoin", check=False), "does not know", "accept_data_loss")
        pair.playbook("mysql_rejoin", op_accept_data_loss=pair.site)
        look.wait_guarded(pair, on.standby)
        kept = pair.on(on.primary, "cat $(ls -t /var/lib/onprem-wandb/mysql-errant/*.sql | head -1)").count(f"INSERT INTO `{pair.account.database}`.`ledger`")
        assert kept >= lost, f"{lost} transactions were lost, the file keeps {kept}"
        status = pair.playbook("mysql_status")
        assert "DEGRADED" not in status.output, f"the pair is whole and called degraded:\n{status.tail(30)}"
    print(f"accepted loss: {lost} transactions, {kept} kept as SQL")


REPLICATES = "SELECT SERVICE_STATE FROM performance_schema.replication_connection_status"


def test_playbooks_on_a_healthy_pair_refuse_or_do_nothing(pair: Pair, tmp_path: pathlib.Path) -> None:
    """The wrong command at the wrong time disturbs nobody."""
    with scene(pair, tmp_path) as on:
        begin = now()
        refused(failover(pair), "not dead")
        refused(failover(pair, op_confirm="another"), "confirm")
        refused(pair.playbook("mysql_degrade", check=False, op_confirm="another", op_reason="x"), "confirm")
        refused(pair.playbook("mysql_degrade", check=False, op_confirm=pair.site), "reason")
        refused(pair.playbook("mysql_switchover", check=False, op_target="nosuch"), "nosuch")
        for name, variables in (("mysql_rejoin", {}), ("mysql_undegrade", {}), ("mysql_switchover", {"op_target": on.primary}), ("mysql_status", {})):
            done = pair.playbook(name, **variables)
            assert "changed=0" in done.output and "changed=1" not in done.output, f"{name} changed something:\n{done.tail(30)}"
        on.flows()
        assert on.gap(begin) < 1
        assert look.primary(pair) == on.primary and on.problems() == [] and on.split_brain() == []


def test_check_mode_changes_nothing(pair: Pair, tmp_path: pathlib.Path) -> None:
    """--check of each playbook prints its plan; both servers keep every role, and not one statement changes anything."""
    primary = make_whole(pair)
    before = {host: byhand.changing_statements(pair, host) for host in pair.hosts}
    for name, variables in (
        ("mysql_switchover", {}),
        ("mysql_rejoin", {}),
        ("mysql_degrade", {"op_confirm": pair.site, "op_reason": "test"}),
        ("mysql_undegrade", {}),
    ):
        done = pair.playbook(name, words=["--check"], **variables)
        assert f"{name.upper()}: PLAN " in " ".join(done.output.split()), f"--check of {name} printed no plan:\n{done.tail(30)}"
    after = {host: byhand.changing_statements(pair, host) for host in pair.hosts}
    assert after == before and look.primary(pair) == primary
