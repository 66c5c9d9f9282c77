# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import declare, plan, plan_replica
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.gtid import Comparison
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.member import Channel
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Statement
from ansible_collections.onprem.wandb.plugins.modules import mysql_replica

SAME = Comparison("u:1-9")
EMPTY = Comparison("", "", "u:1-9", "")


def shown(steps: t.Iterable[t.Any]) -> list[str]:
    return [step.shown() if isinstance(step, Statement) else step for step in steps]


def source(make: t.Any, **changes: t.Any) -> plan.Peer:
    return make.peer(make.primary(**{"server_uuid": make.other, "source_enabled": False, **changes}))


def test_a_standby_as_declared_gets_no_statement(make: t.Any) -> None:
    assert plan_replica.plan_replica(make.standby(), source(make), SAME, make.desired()) == plan.Plan()


def test_a_standby_as_declared_is_left_alone_when_the_source_is_away(make: t.Any) -> None:
    away = make.peer(state=plan.UNREACHABLE, detail="refused")
    assert plan_replica.plan_replica(make.standby(), away, Comparison("u:1-9"), make.desired()) == plan.Plan()


def test_an_empty_server_is_cloned_then_attached(make: t.Any) -> None:
    found = shown(plan_replica.plan_replica(make.member(), source(make), EMPTY, make.desired()).steps)
    assert found[:4] == [
        "SET GLOBAL clone_valid_donor_list = '10.0.0.21:3306'",
        "SET GLOBAL clone_ssl_ca = '/ca.crt'",
        plan.CLONE,
        "CLONE INSTANCE FROM 'cloner'@'10.0.0.21':3306 IDENTIFIED BY '********' REQUIRE SSL",
    ]
    assert found[4].startswith("CHANGE REPLICATION SOURCE TO SOURCE_HOST = '10.0.0.21'")
    assert found[5:] == ["SET GLOBAL rpl_semi_sync_replica_enabled = ON", "START REPLICA"]


def test_secrets_are_never_shown(make: t.Any) -> None:
    text = " ".join(shown(plan_replica.plan_replica(make.member(), source(make), EMPTY, make.desired()).steps))
    assert "s3cret" not in text
    assert "cl0ne" not in text


def test_only_what_differs_is_changed(make: t.Any) -> None:
    me = make.standby(channel=Channel({**make.config, "password": "old"}, "ON", "ON"))
    found = shown(plan_replica.plan_replica(me, source(make), SAME, make.desired()).steps)
    assert found == ["STOP REPLICA IO_THREAD", "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = '********'", "START REPLICA"]


def test_another_source_waits_for_the_relay_log(make: t.Any) -> None:
    me = make.standby(channel=Channel({**make.config, "host": "10.0.0.99"}, "ON", "ON"))
    found = shown(plan_replica.plan_replica(me, source(make), SAME, make.desired()).steps)
    assert found.index(plan.DRAIN) < found.index("STOP REPLICA") < found.index("CHANGE REPLICATION SOURCE TO SOURCE_HOST = '10.0.0.21'")


def test_stopped_threads_are_started(make: t.Any) -> None:
    me = make.standby(channel=Channel(dict(make.config), "OFF", "OFF"))
    assert shown(plan_replica.plan_replica(me, source(make), SAME, make.desired()).steps) == ["START REPLICA"]


def test_an_applier_that_stopped_is_replaced_only_when_told(make: t.Any) -> None:
    me = make.standby(channel=Channel(dict(make.config), "ON", "OFF", applier_error="no such row (error 1032)"))
    kept = plan_replica.plan_replica(me, source(make), SAME, make.desired(reseed="allow"))
    assert shown(kept.steps) == ["START REPLICA"]
    copied = plan_replica.plan_replica(me, source(make), SAME, make.desired(reseed="allow", accept_data_loss=True))
    assert plan.CLONE in copied.steps
    assert shown(copied.steps)[:2] == ["STOP REPLICA", "RESET REPLICA ALL"]


def test_an_applier_that_runs_is_never_replaced(make: t.Any) -> None:
    me = make.standby(channel=Channel(dict(make.config), "ON", "ON", applier_error="an old one (error 1032)"))
    assert plan_replica.plan_replica(me, source(make), SAME, make.desired(reseed="allow", accept_data_loss=True)) == plan.Plan()


def test_an_open_standby_is_closed_first(make: t.Any) -> None:
    me = make.standby(read_only=False, super_read_only=False)
    assert shown(plan_replica.plan_replica(me, source(make), SAME, make.desired()).steps)[0] == "SET GLOBAL super_read_only = ON"


def test_an_old_primary_changes_its_semi_sync_side_before_it_follows(make: t.Any) -> None:
    found = shown(plan_replica.plan_replica(make.member(source_enabled=True, executed="u:1-9"), source(make), SAME, make.desired()).steps)
    off, on, start = (
        found.index(one) for one in ("SET GLOBAL rpl_semi_sync_source_enabled = OFF", "SET GLOBAL rpl_semi_sync_replica_enabled = ON", "START REPLICA")
    )
    assert off < on < start


def test_sessions_that_wait_are_never_answered(make: t.Any) -> None:
    me = make.primary(semi_status={"rpl_semi_sync_source_wait_sessions": "3"})
    found = plan_replica.plan_replica(me, source(make), SAME, make.desired())
    assert not found.steps
    assert "3 sessions" in found.refusal


def test_the_first_transactions_of_an_attached_standby_do_not_make_it_new(make: t.Any) -> None:
    assert plan_replica.plan_replica(make.standby(), source(make), EMPTY, make.desired()) == plan.Plan()


@pytest.mark.parametrize(
    ("found", "desired", "words"),
    [
        (Comparison("u:1-9,x:1", "x:1"), {"reseed": "allow"}, "x:1"),
        (Comparison("u:1", "", "u:2-9", "u:2-3"), {}, "IRRECOVERABLE"),
        (EMPTY, {"reseed": "never"}, "reseed=if_empty"),
        (EMPTY, {"clone_user": ""}, "clone_user is not set"),
    ],
)
def test_classes_that_are_refused(make: t.Any, found: Comparison, desired: dict[str, t.Any], words: str) -> None:
    plan_found = plan_replica.plan_replica(make.member(executed=found.executed), source(make), found, make.desired(**desired))
    assert not plan_found.steps
    assert words in plan_found.refusal


def test_schemas_of_unknown_origin_are_not_wiped(make: t.Any) -> None:
    found = plan_replica.plan_replica(make.member(schemas=("shop",)), source(make), EMPTY, make.desired())
    assert "shop" in found.refusal


def test_errant_transactions_are_saved_before_they_are_wiped(make: t.Any) -> None:
    desired = make.desired(reseed="allow", accept_data_loss=True)
    me = make.standby(executed="u:1-9,x:1", schemas=("shop",))
    found = shown(plan_replica.plan_replica(me, source(make), Comparison("u:1-9,x:1", "x:1"), desired).steps)
    assert found.index(plan.SAVE_ERRANT) < found.index("SET GLOBAL super_read_only = OFF") < found.index(plan.CLONE)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"server_uuid": "aaaaaaaa-0000-0000-0000-000000000001"}, "this server itself"),
        ({"version": "9.7.4"}, "must not be older"),
        ({"plugins": frozenset()}, "mysql_clone.so"),
        ({"plugins": frozenset({"clone", "rpl_semi_sync_source", "audit"})}, "audit"),
        ({"version": "8.0.46"}, "same series"),
        ({"source_enabled": True}, "wait for each other"),
    ],
)
def test_sources_that_are_refused(make: t.Any, changes: dict[str, t.Any], words: str) -> None:
    assert words in plan_replica.plan_replica(make.member(), source(make, **changes), EMPTY, make.desired()).refusal


def test_a_standby_can_be_asked_before_its_source_gives_a_promise_up(make: t.Any) -> None:
    """review-1 1: rejoin switched semi-sync off first, and then the standby refused."""
    desired = make.desired(source_will_not_wait=True)
    assert plan.CLONE in plan_replica.plan_replica(make.member(), source(make, source_enabled=True), EMPTY, desired).steps
    lacking = plan_replica.plan_replica(make.member(), source(make, source_enabled=True, plugins=frozenset()), EMPTY, desired)
    assert "mysql_clone.so" in lacking.refusal


def test_only_check_mode_believes_that_the_source_will_not_wait() -> None:
    params = {**{name: one.get("default") for name, one in mysql_replica.SPEC.items()}, "state": "primary", "source_will_not_wait": True}
    assert declare.desired(params, True).source_will_not_wait
    assert not declare.desired(params, False).source_will_not_wait


def test_two_servers_never_follow_each_other(make: t.Any) -> None:
    circular = source(make, channel=Channel({}, "ON", "ON", source_uuid=make.me))
    assert "replicates from this server" in plan_replica.plan_replica(make.member(), circular, SAME, make.desired()).refusal


def test_an_unknown_source_is_refused_when_something_has_to_change(make: t.Any) -> None:
    away = make.peer(state=plan.UNREACHABLE, detail="Access denied")
    assert "Access denied" in plan_replica.plan_replica(make.member(), away, Comparison(), make.desired()).refusal


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channel": None}, "no replication channel"),
        ({"channel": Channel({}, "CONNECTING", "ON", receiver_error="denied (error 1045)")}, "denied"),
        ({"channel": Channel({}, "ON", "OFF", applier_error="duplicate key (error 1062)")}, "duplicate key"),
        ({"super_read_only": False}, "super_read_only is OFF"),
        ({"semi_status": {}}, "without semi-sync"),
    ],
)
def test_what_makes_a_standby_unsound(make: t.Any, changes: dict[str, t.Any], words: str) -> None:
    assert words in " ".join(plan_replica.standby_problems(make.standby(**changes), make.peer(), None, make.desired()))


def test_a_sound_standby_has_no_problem(make: t.Any) -> None:
    assert plan_replica.standby_problems(make.standby(), source(make), SAME, make.desired()) == []


def test_the_wrong_server_behind_the_address_is_a_problem(make: t.Any) -> None:
    other = source(make, server_uuid="cccccccc-0000-0000-0000-000000000003")
    assert "connected to server" in " ".join(plan_replica.standby_problems(make.standby(), other, SAME, make.desired()))
