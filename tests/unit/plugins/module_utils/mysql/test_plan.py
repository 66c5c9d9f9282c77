# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import plan
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Statement
from hypothesis import given
from hypothesis import strategies as st


def shown(steps: t.Iterable[t.Any]) -> list[str]:
    return [step.shown() if isinstance(step, Statement) else step for step in steps]


def test_a_bare_server_is_opened_and_waits_for_nobody_yet(make: t.Any) -> None:
    desired = make.desired(semi_sync="after_first_standby")
    found = plan.plan_primary(make.member(), [make.peer(state=plan.BARE)], desired, had_standby=False)
    assert shown(found.steps) == ["SET GLOBAL super_read_only = OFF", "SET GLOBAL read_only = OFF"]


def test_a_primary_that_had_a_standby_waits_before_it_is_opened(make: t.Any) -> None:
    desired = make.desired(semi_sync="after_first_standby")
    found = plan.plan_primary(make.member(executed="u:1-9"), [make.peer(make.standby(server_uuid=make.other))], desired, had_standby=True)
    assert shown(found.steps)[0] == "SET GLOBAL rpl_semi_sync_source_enabled = ON"


def test_a_primary_as_declared_gets_no_statement(make: t.Any) -> None:
    found = plan.plan_primary(make.primary(), [make.peer(make.standby())], make.desired(), had_standby=True)
    assert found == plan.Plan()


def test_semi_sync_follows_when_a_standby_is_attached(make: t.Any) -> None:
    me = make.primary(source_enabled=False, semi_status={"rpl_semi_sync_source_clients": "1"})
    found = plan.plan_primary(me, [], make.desired(semi_sync="after_first_standby"), had_standby=False)
    assert shown(found.steps) == ["SET GLOBAL rpl_semi_sync_source_enabled = ON"]


def test_the_timeout_is_set_at_run_time(make: t.Any) -> None:
    found = plan.plan_primary(make.primary(semi_sync_timeout=10000), [], make.desired(semi_sync_timeout=10**18), had_standby=True)
    assert shown(found.steps) == ["SET GLOBAL rpl_semi_sync_source_timeout = 1000000000000000000"]


@pytest.mark.parametrize(
    ("peer", "words"),
    [
        ({"member": "writable"}, "is writable"),
        ({"member": "standby", "ahead": "u:10"}, "u:10"),
        ({"member": "source"}, "set up as a primary"),
        ({"state": plan.UNREACHABLE, "detail": "Connection refused"}, "Connection refused"),
        ({"state": plan.OFFLINE, "detail": "offline mode"}, "offline mode"),
    ],
)
def test_a_server_is_not_opened_beside_a_doubtful_peer(make: t.Any, peer: dict[str, t.Any], words: str) -> None:
    kinds = {"writable": make.primary(), "standby": make.standby(), "source": make.member(source_enabled=True)}
    member = kinds.get(peer.pop("member", ""))
    found = plan.plan_primary(make.member(executed="u:1-9"), [make.peer(member, **peer)], make.desired(), had_standby=True)
    assert not found.steps
    assert words in found.refusal
    assert "Next:" in found.refusal


def test_an_unreachable_peer_may_be_accepted(make: t.Any) -> None:
    desired = make.desired(accept_unreachable_peers=True)
    assert plan.plan_primary(make.member(), [make.peer(state=plan.UNREACHABLE)], desired, had_standby=True).steps


def test_two_writable_servers_are_split_brain(make: t.Any) -> None:
    found = plan.plan_primary(make.primary(), [make.peer(make.primary(server_uuid=make.other))], make.desired(), had_standby=True)
    assert "split brain" in found.refusal


def test_a_promotion_drains_first_and_opens_last(make: t.Any) -> None:
    desired = make.desired(accept_unreachable_peers=True)
    found = shown(plan.plan_primary(make.standby(), [make.peer(state=plan.UNREACHABLE)], desired, had_standby=False).steps)
    assert found == [
        "STOP REPLICA IO_THREAD",
        plan.DRAIN,
        "SET GLOBAL rpl_semi_sync_source_enabled = ON",
        "STOP REPLICA",
        "RESET REPLICA ALL",
        "SET GLOBAL rpl_semi_sync_replica_enabled = OFF",
        "SET GLOBAL super_read_only = OFF",
        "SET GLOBAL read_only = OFF",
    ]


@pytest.mark.parametrize("changes", [{"gtid_mode": "OFF"}, {"source_enabled": None}])
def test_a_server_that_cannot_be_a_member_is_refused(make: t.Any, changes: dict[str, t.Any]) -> None:
    assert plan.plan_primary(make.member(**changes), [], make.desired(), had_standby=False).refusal


def test_nothing_is_persisted(make: t.Any) -> None:
    for semi_sync, had_standby in itertools.product(("required", "after_first_standby", "disabled"), (True, False)):
        for me in (make.member(), make.primary(), make.standby(), make.member(offline=True)):
            steps = plan.plan_primary(me, [], make.desired(semi_sync=semi_sync), had_standby).steps
            assert "PERSIST" not in " ".join(shown(steps))


@given(
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "u:7"]),
    st.sampled_from([plan.OK, plan.BARE, plan.UNREACHABLE, plan.OFFLINE]),
    st.booleans(),
    st.booleans(),
)
def test_no_second_writable_server_ever(make: t.Any, peer_writable: bool, standby: bool, ahead: str, state: str, accept: bool, had_standby: bool) -> None:
    member = make.primary() if peer_writable else make.standby() if standby else make.member()
    peer = make.peer(member if state == plan.OK else None, state, ahead=ahead if state == plan.OK else "")
    found = plan.plan_primary(make.member(), [peer], make.desired(accept_unreachable_peers=accept), had_standby)
    opens = "SET GLOBAL super_read_only = OFF" in shown(found.steps)
    assert opens != bool(found.refusal)
    if opens:
        assert not (state == plan.OK and (peer_writable or ahead))
        assert state not in (plan.UNREACHABLE, plan.OFFLINE) or accept
        order = shown(found.steps)
        assert order.index("SET GLOBAL rpl_semi_sync_source_enabled = ON") < order.index("SET GLOBAL super_read_only = OFF")
