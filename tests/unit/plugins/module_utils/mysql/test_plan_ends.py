# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Out of service: fenced and absent."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import plan, plan_ends
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Statement


def shown(found: plan.Plan) -> list[str]:
    return [step.shown() if isinstance(step, Statement) else step for step in found.steps]


def test_the_sessions_end_before_the_lock_is_asked_for(make: t.Any) -> None:
    found = plan_ends.plan_fenced(make.primary(), make.desired())
    assert shown(found) == ["SET GLOBAL offline_mode = ON", "SET GLOBAL super_read_only = ON"]


def test_a_fence_leaves_semi_sync_alone(make: t.Any) -> None:
    waiting = make.primary(semi_status={"rpl_semi_sync_source_wait_sessions": "3"})
    assert not any("semi_sync" in one for one in shown(plan_ends.plan_fenced(waiting, make.desired())))


def test_a_fenced_server_gets_no_statement(make: t.Any) -> None:
    fenced = make.member(offline=True, source_enabled=True)
    assert plan_ends.plan_fenced(fenced, make.desired()) == plan.Plan()
    assert plan_ends.fence_problem(fenced) == ""


@pytest.mark.parametrize(
    "changes",
    [{"offline": False}, {"super_read_only": False}, {"semi_status": {"rpl_semi_sync_source_wait_sessions": "1"}}],
)
def test_half_a_fence_is_none(make: t.Any, changes: dict[str, t.Any]) -> None:
    assert plan_ends.fence_problem(make.member(**{"offline": True, **changes}))


def test_a_standby_applies_what_it_holds_before_its_channel_goes(make: t.Any) -> None:
    found = plan_ends.plan_absent(make.standby(), [], make.desired())
    assert shown(found) == ["STOP REPLICA IO_THREAD", plan.DRAIN, "STOP REPLICA", "RESET REPLICA ALL", "SET GLOBAL rpl_semi_sync_replica_enabled = OFF"]


def test_an_absent_server_gets_no_statement(make: t.Any) -> None:
    assert plan_ends.plan_absent(make.member(), [], make.desired()) == plan.Plan()


def test_the_primary_is_not_taken_out(make: t.Any) -> None:
    assert "Next: ansible-playbook onprem.wandb.mysql_switchover" in plan_ends.plan_absent(make.primary(), [], make.desired()).refusal


def test_the_last_standby_that_acknowledges_is_not_taken_out(make: t.Any) -> None:
    waits = make.primary(server_uuid=make.other, semi_status={"rpl_semi_sync_source_clients": "1"})
    assert "Next: ansible-playbook onprem.wandb.mysql_degrade" in plan_ends.plan_absent(make.standby(), [make.peer(waits)], make.desired()).refusal
    alone = make.primary(server_uuid=make.other, source_enabled=False)
    assert not plan_ends.plan_absent(make.standby(), [make.peer(alone)], make.desired()).refusal


def test_a_promotion_without_a_standby_looks_like_a_primary_until_it_is_open(make: t.Any) -> None:
    """A peer that boots in between must see that somebody takes over."""
    found = shown(plan.plan_primary(make.standby(), [], make.desired(semi_sync="disabled"), had_standby=False))
    on, gone = found.index("SET GLOBAL rpl_semi_sync_source_enabled = ON"), found.index("RESET REPLICA ALL")
    opened, off = found.index("SET GLOBAL super_read_only = OFF"), found.index("SET GLOBAL rpl_semi_sync_source_enabled = OFF")
    assert on < gone < opened < off


def test_what_is_expected_is_waited_for_before_the_receiver_stops(make: t.Any) -> None:
    found = shown(plan.plan_primary(make.standby(), [], make.desired(expect_superset="u:1-9"), had_standby=True))
    assert found[:2] == [plan.EXPECT, "STOP REPLICA IO_THREAD"]


def test_a_fenced_peer_lets_the_other_one_open(make: t.Any) -> None:
    fenced = make.member(server_uuid=make.other, offline=True, source_enabled=True)
    assert not plan.plan_primary(make.standby(), [make.peer(fenced)], make.desired(), had_standby=True).refusal
    read_only = make.member(server_uuid=make.other, source_enabled=True)
    assert "set up as a primary" in plan.plan_primary(make.standby(), [make.peer(read_only)], make.desired(), had_standby=True).refusal


def test_only_a_person_ends_a_degraded_window(make: t.Any) -> None:
    me = make.primary(source_enabled=False, semi_status={"rpl_semi_sync_source_clients": "1"})
    assert plan.plan_primary(me, [], make.desired(semi_sync="after_first_standby"), had_standby=True, degraded=True) == plan.Plan()
    found = shown(plan.plan_primary(me, [], make.desired(semi_sync="required"), had_standby=True, degraded=True))
    assert found == ["SET GLOBAL rpl_semi_sync_source_enabled = ON"]
