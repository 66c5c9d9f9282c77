# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the procedures plan, and what they refuse."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql.procedures import plan
from hypothesis import given
from hypothesis import strategies as st

from .mysql_looks import channel, cut_off, dead, look, nobody, pair, peer, primary, standby

OPTIONS = {"declared": "db1", "site_name": "lab", "strict": True, "max_lag": 10, "max_contact_age": 600}
CONFIRMED = {**OPTIONS, "confirm": "lab", "degraded": True}
DOWN = {**CONFIRMED, "old_primary_is_down": True}
WINDOW = {"since": "2026-11-23T22:10:04Z", "reason": "memory", "gtid_executed": "a:1-3"}
ALONE = {"source_enabled": False, "attached": 0}
BROKEN = channel("db2", applier="OFF", applier_error="no such row (error 1032)")


def fenced(name: str, **more: t.Any) -> dict[str, t.Any]:
    """Taken from the application."""
    return look(name, "none", "fenced", offline_mode=True, **more)


@pytest.mark.parametrize(
    ("procedure", "db1", "db2", "options", "primary_then", "steps"),
    [
        ("switchover", primary("db1"), standby("db2"), OPTIONS, "db2", ["presync", "fence", "promote", "attach"]),
        ("switchover", standby("db1"), primary("db2"), {**OPTIONS, "target": "db1"}, "db1", ["presync", "fence", "promote", "attach"]),
        ("switchover", primary("db1"), standby("db2"), {**OPTIONS, "target": "db1"}, "db1", []),
        # Killed after the fence, within the promotion, before the attaching.
        ("switchover", fenced("db1"), standby("db2"), OPTIONS, "db2", ["presync", "fence", "promote", "attach"]),
        ("switchover", fenced("db1"), standby("db2"), {**OPTIONS, "target": "db1"}, "db1", ["reopen"]),
        ("switchover", fenced("db1"), look("db2", "none", "promoting"), OPTIONS, "db2", ["promote", "attach"]),
        ("switchover", fenced("db1"), primary("db2"), OPTIONS, "db2", ["attach"]),
        ("switchover", fenced("db1"), look("db2", "none", "primary"), OPTIONS, "db2", ["reopen", "attach"]),
        ("switchover", look("db1", "none", "primary"), standby("db2"), {**OPTIONS, "target": "db1"}, "db1", ["reopen"]),
        ("failover", dead("db1"), cut_off("db2"), CONFIRMED, "db2", ["fence", "promote"]),
        ("failover", None, cut_off("db2"), DOWN, "db2", ["promote"]),
        ("failover", cut_off("db1"), None, DOWN, "db1", ["promote"]),
        ("failover", fenced("db1"), cut_off("db2"), CONFIRMED, "db2", ["fence", "promote"]),
        ("failover", None, look("db2", "none", "promoting", peers=nobody("db2")), DOWN, "db2", ["promote"]),
        ("failover", None, look("db2", "none", "promoting", peers=nobody("db2")), {**DOWN, "declared": "db2"}, "db2", ["promote"]),
        ("failover", None, primary("db2", semisync=ALONE, degraded=WINDOW), DOWN, "db2", []),
        ("failover", dead("db1"), primary("db2", semisync=ALONE, degraded=WINDOW), CONFIRMED, "db2", ["fence"]),
        ("rejoin", look("db1", "none", "primary"), primary("db2", semisync=ALONE), OPTIONS, "db2", ["attach"]),
        ("rejoin", primary("db1"), standby("db2"), OPTIONS, "db1", []),
        ("rejoin", primary("db1", semisync=ALONE, degraded=WINDOW), standby("db2"), OPTIONS, "db1", ["undegrade"]),
        ("rejoin", primary("db1"), standby("db2", errant="b:1"), {**OPTIONS, "accept_data_loss": "lab"}, "db1", ["window", "attach"]),
        ("rejoin", primary("db1"), standby("db2", channel=channel("db2", applier="OFF")), OPTIONS, "db1", ["attach"]),
        ("rejoin", primary("db1"), standby("db2", channel=BROKEN), OPTIONS, "db1", ["attach"]),
        ("rejoin", primary("db1"), standby("db2", channel=BROKEN), {**OPTIONS, "accept_data_loss": "lab"}, "db1", ["window", "attach"]),
        ("rejoin", primary("db1"), standby("db2"), {**OPTIONS, "accept_data_loss": "lab"}, "db1", []),
        ("rejoin", primary("db1"), standby("db2", channel=channel("db2", receiver="OFF"), gtid_state="IRRECOVERABLE"), OPTIONS, "db1", ["window", "attach"]),
        ("rejoin", primary("db1"), look("db2", "none", "", gtid_executed=""), OPTIONS, "db1", ["window", "attach"]),
        ("degrade", primary("db1"), None, {**CONFIRMED, "reason": "memory"}, "db1", ["degrade"]),
        ("degrade", primary("db1", degraded=WINDOW), None, {**CONFIRMED, "reason": "memory"}, "db1", []),
        ("undegrade", primary("db1", semisync=ALONE, degraded=WINDOW), standby("db2"), OPTIONS, "db1", ["undegrade"]),
        ("undegrade", primary("db1"), standby("db2"), OPTIONS, "db1", []),
    ],
)
def test_plans(procedure: str, db1: t.Any, db2: t.Any, options: t.Any, primary_then: str, steps: list[str]) -> None:
    found = plan(pair(db1, db2), procedure, options)
    assert found["problem"] == ""
    assert (found["primary"], found["steps"]) == (primary_then, steps)


@pytest.mark.parametrize(
    ("procedure", "db1", "db2", "options", "words"),
    [
        ("switchover", primary("db1"), primary("db2"), OPTIONS, "split brain"),
        ("switchover", primary("db1"), standby("db2"), {**OPTIONS, "target": "db9"}, "target is db9; expected one of db1, db2"),
        ("switchover", primary("db1"), None, OPTIONS, "db2 does not answer over SSH"),
        ("switchover", primary("db1"), dead("db2", "replica"), OPTIONS, "the server on db2 does not run"),
        ("switchover", primary("db1"), look("db2", "none", ""), OPTIONS, "db2 does not replicate from db1. Next: ansible-playbook onprem.wandb.mysql_rejoin"),
        (
            "switchover",
            primary("db1"),
            standby("db2", channel=channel("db2", receiver="CONNECTING", receiver_error="denied")),
            OPTIONS,
            "receiver of db2 is CONNECTING",
        ),
        ("switchover", primary("db1"), standby("db2", channel=channel("db2", applier="OFF")), OPTIONS, "applier of db2 is OFF"),
        ("switchover", primary("db1"), standby("db2", errant="b:1"), OPTIONS, "db2 holds transactions that db1 does not know: b:1"),
        ("switchover", primary("db1"), standby("db2", lag_seconds=11.0), OPTIONS, "db2 is 11 s behind, more than 10 s"),
        ("switchover", primary("db1"), standby("db2", version="9.7.4"), OPTIONS, "could not follow the newer"),
        ("switchover", primary("db1", degraded=WINDOW), standby("db2"), OPTIONS, "runs degraded since 2026-11-23T22:10:04Z (memory)"),
        ("switchover", primary("db1", semisync=ALONE), standby("db2"), OPTIONS, "do not wait for db2"),
        ("failover", dead("db1"), cut_off("db2"), {**CONFIRMED, "confirm": "labb"}, "Seen: op_confirm=labb; expected: the site's name, lab. Next: "),
        ("failover", dead("db1"), cut_off("db2"), {**CONFIRMED, "degraded": None}, "op_degraded is not set"),
        ("failover", primary("db1"), standby("db2"), DOWN, "db1 answers and is writable: it is not dead"),
        ("failover", look("db1", "none", "primary", guard={"reason": "db2 cannot be asked"}), cut_off("db2"), DOWN, "role guard: db2 cannot be asked"),
        ("failover", None, cut_off("db2"), CONFIRMED, "-e op_old_primary_is_down=yes"),
        ("failover", None, standby("db2"), DOWN, "still answers db2 (state ok, writable True)"),
        ("failover", None, cut_off("db2", peers=peer("db2", state="unreachable", detail="Too many connections (error 1040)")), DOWN, "still answers db2"),
        ("failover", None, cut_off("db2", peers=peer("db2", state="unreachable", detail="[SSL: bad] (error 2003)")), DOWN, "still answers db2"),
        ("failover", None, cut_off("db2", peers=peer("db2", state="offline", detail="offline (error 3032)")), DOWN, "still answers db2"),
        ("failover", None, cut_off("db2"), {**DOWN, "answers": ["localhost", "node1"]}, "on its MySQL port to localhost, node1"),
        ("failover", dead("db1"), None, DOWN, "db2 does not answer over SSH, and db1 does not serve"),
        ("failover", dead("db1"), cut_off("db2"), {**CONFIRMED, "strict": False}, "mysql_durability is not strict"),
        ("failover", None, cut_off("db2", degraded=WINDOW), DOWN, "db1 ran degraded since 2026-11-23T22:10:04Z (memory), as db2 says"),
        ("failover", {**dead("db1"), "degraded": WINDOW}, cut_off("db2"), CONFIRMED, "as db1 says"),
        ("failover", None, cut_off("db2", semisync={"replica_enabled": False}), DOWN, "db2 did not acknowledge"),
        ("failover", None, cut_off("db2", channel=channel("db2", receiver="CONNECTING", contact_age_seconds=601.0)), DOWN, "heard from db1 last 601 s ago"),
        ("failover", None, cut_off("db2", channel=channel("db2", receiver="CONNECTING", contact_age_seconds=None)), DOWN, "not since it was started"),
        ("rejoin", primary("db1"), None, OPTIONS, "db2 does not answer over SSH"),
        ("rejoin", primary("db1"), standby("db2", errant="b:1"), OPTIONS, "db2 holds transactions that db1 does not know: b:1"),
        (
            "rejoin",
            primary("db1", peers=peer("db1", ahead="b:7")),
            look("db2", "none", "primary"),
            OPTIONS,
            "db2 holds transactions that db1 does not know: b:7",
        ),
        ("rejoin", look("db1", "none", "primary"), standby("db2"), OPTIONS, "db1 is the primary and is read-only"),
        ("degrade", primary("db1"), standby("db2"), {**OPTIONS, "reason": "memory"}, "mysql_degrade -i <inventory> -e op_reason=memory -e op_confirm=lab"),
        ("degrade", primary("db1"), standby("db2"), {**CONFIRMED, "reason": " "}, """-e op_confirm=lab -e '{"op_reason": "standby gets new memory"}'"""),
        ("degrade", look("db1", "none", "primary"), standby("db2"), {**CONFIRMED, "reason": "memory"}, "db1 is read-only"),
        ("undegrade", primary("db1", degraded=WINDOW), None, OPTIONS, "db2 does not answer over SSH"),
        ("undegrade", primary("db1", degraded=WINDOW), cut_off("db2"), OPTIONS, "receiver of db2 is CONNECTING"),
    ],
)
def test_refusals(procedure: str, db1: t.Any, db2: t.Any, options: t.Any, words: str) -> None:
    found = plan(pair(db1, db2), procedure, options)
    assert words in found["problem"]
    assert found["steps"] == []


def test_a_doubt_can_be_accepted_by_name_only() -> None:
    members = pair(None, cut_off("db2", degraded=WINDOW))
    assert plan(members, "failover", {**DOWN, "accept_data_loss": "yes"})["problem"]
    found = plan(members, "failover", {**DOWN, "accept_data_loss": "lab"})
    assert found["steps"] == ["promote"]
    assert any(note.startswith("accepted: db1 ran degraded") for note in found["notes"])


@pytest.mark.parametrize("site", ["", " ", None])
@pytest.mark.parametrize("given", ["", " ", None])
@pytest.mark.parametrize(
    ("procedure", "db1", "db2"),
    [
        ("failover", dead("db1"), cut_off("db2")),
        ("failover", None, cut_off("db2", degraded=WINDOW)),
        ("degrade", primary("db1"), standby("db2")),
        ("rejoin", primary("db1"), standby("db2", errant="b:1")),
        ("rejoin", primary("db1", peers=peer("db1", ahead="b:7")), look("db2", "none", "primary")),
    ],
)
def test_a_site_without_a_name_confirms_nothing(procedure: str, db1: t.Any, db2: t.Any, given: t.Any, site: t.Any) -> None:
    """review-1: an unset site_name equalled an empty confirmation, and the loss was accepted."""
    options = {**DOWN, "reason": "memory", "site_name": site, "confirm": given, "accept_data_loss": given}
    found = plan(pair(db1, db2), procedure, options)
    assert "site_name is empty or not set" in found["problem"]
    assert found["steps"] == []


@pytest.mark.parametrize("site", ["", " ", None])
def test_a_site_without_a_name_copies_no_broken_standby(site: t.Any) -> None:
    found = plan(pair(primary("db1"), standby("db2", channel=BROKEN)), "rejoin", {**OPTIONS, "site_name": site, "accept_data_loss": site})
    assert "window" not in found["steps"]


@pytest.mark.parametrize(("blocking", "words"), [("refuse", "refused unless it ends within 10 s"), ("end", "it is ended")])
def test_a_plan_names_the_sessions_in_the_way(blocking: str, words: str) -> None:
    """FC-49: the plan was silent about a lock of root."""
    held = [{"text": "session 42 of root@localhost holds FLUSH TABLES WITH READ LOCK for 31 s"}]
    options = {**OPTIONS, "blocking_sessions": blocking, "session_wait": 10}
    found = plan(pair(primary("db1", blocking_sessions=held), standby("db2", blocking_sessions=[])), "switchover", options)
    assert found["notes"] == [f"db1: {held[0]['text']}; {words}"]
    assert plan(pair(primary("db1"), standby("db2")), "switchover", options)["notes"] == []


def test_an_old_contact_can_be_answered_for() -> None:
    members = pair(None, cut_off("db2", channel=channel("db2", receiver="CONNECTING", contact_age_seconds=9000.0)))
    assert plan(members, "failover", {**DOWN, "no_degrade_since_contact": True})["steps"] == ["promote"]


def test_what_only_the_other_one_holds_is_given_up_by_name_only() -> None:
    members = pair(primary("db1", peers=peer("db1", ahead="b:7")), look("db2", "none", "primary"))
    found = plan(members, "rejoin", {**OPTIONS, "accept_data_loss": "lab"})
    assert found["steps"] == ["window", "attach"]
    assert "b:7 of db2 are saved" in found["notes"][0]


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_procedure_needs_a_pair(size: int) -> None:
    found = plan(pair(primary("db1"), standby("db2"))[:1] * size, "switchover", OPTIONS)
    assert f"the group mysql has {size} host(s); expected a pair" in found["problem"]


LOOKS = [primary, standby, cut_off, dead, fenced, lambda name: None, lambda name: look(name, "none", "primary"), lambda name: look(name, "none", "promoting")]


@given(st.sampled_from(LOOKS), st.sampled_from(LOOKS), st.sampled_from(["db1", "db2"]), st.booleans(), st.booleans())
def test_a_failover_never_promotes_beside_a_living_primary(one: t.Any, two: t.Any, declared: str, down: bool, accepts: bool) -> None:
    """Whatever is seen and whatever is accepted."""
    options = {**CONFIRMED, "declared": declared, "old_primary_is_down": down, "accept_data_loss": "lab" if accepts else ""}
    members = {one.name: one for one in pair(one("db1"), two("db2"))}
    found = plan(list(members.values()), "failover", options)
    if "promote" not in found["steps"]:
        return
    new, old = members[found["primary"]], members[found["standby"]]
    assert new.running
    assert not new.writable
    assert not old.writable
    assert not old.running or old.recorded == "fenced"
    assert old.recorded == "fenced" or not new.hears(old)
    assert old.reached or down
    assert "fence" in found["steps"] or not old.reached


@given(st.sampled_from(LOOKS), st.sampled_from(LOOKS), st.sampled_from(["db1", "db2"]), st.sampled_from(["", "db1", "db2"]))
def test_a_switchover_moves_the_role_only_to_a_server_that_runs(one: t.Any, two: t.Any, declared: str, target: str) -> None:
    members = {one.name: one for one in pair(one("db1"), two("db2"))}
    found = plan(list(members.values()), "switchover", {**OPTIONS, "declared": declared, "target": target})
    if "promote" in found["steps"]:
        new = members[found["primary"]]
        assert new.running
        assert not new.writable
        assert target in ("", new.name) or new.recorded == "promoting"
        assert "fence" in found["steps"] or not members[found["standby"]].writable
