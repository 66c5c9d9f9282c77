# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Procedures that are killed at a step, and servers that die at one: the next run finishes, nothing is lost, nobody is open twice."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest
from ledger import faults, judge, look
from ledger.client import now
from ledger.pair import TOP, VENV, Pair, environment
from ledger.scene import Scene, scene

FENCE, OPEN, ATTACH, WAIT = "Take the old primary from", "Open the new primary", "Attach the standby", "Let commits wait for"
PRESYNC = "Let the standby apply"
STEPS = {"switchover": (PRESYNC, FENCE, OPEN, ATTACH, WAIT), "failover": (FENCE, OPEN), "rejoin": (ATTACH, WAIT)}
CONTROLLER, OLD, NEW = "the controller", "the old primary", "the new primary"
EVERY = [(procedure, step, who) for procedure, steps in STEPS.items() for step in steps for who in (CONTROLLER, OLD, NEW)]
CASES = [case for case in EVERY if case[0] != "failover" or case[2] != OLD]  # who is dead is not killed
SAID = {"switchover": {"op_target": "{new}"}, "failover": {"op_confirm": "{site}", "op_degraded": "yes"}, "rejoin": {"op_accept_data_loss": "{site}"}}


def variables(pair: Pair, procedure: str, old: str) -> dict[str, str]:
    """What a person says."""
    return {name: value.format(site=pair.site, new=pair.other(old)) for name, value in SAID[procedure].items()}


def broken_off(pair: Pair, procedure: str, step: str, who: str, old: str) -> str:
    """Start a playbook and kill somebody when the step begins. Returns its output."""
    words = [f"-e{name}={value}" for name, value in variables(pair, procedure, old).items()]
    command = [str(VENV / "ansible-playbook"), "-i", str(pair.inventory), *words, f"playbooks/mysql_{procedure}.yml"]
    with subprocess.Popen(command, cwd=TOP, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True) as run:
        assert run.stdout
        output = ""
        for line in run.stdout:
            output += line
            if re.match(rf"TASK \[.*{re.escape(step)}", line):
                if who == CONTROLLER:
                    run.kill()
                else:
                    faults.crash_and_restart(pair, old if who == OLD else pair.other(old))
        run.wait(300)
    assert step in output, f"{procedure} never came to {step!r}:\n{output[-2000:]}"
    return output


def begin(on: Scene, procedure: str) -> None:
    """What the procedure needs beforehand: a dead primary, or a former one that is back."""
    pair = on.pair
    if procedure == "switchover":
        return
    faults.crash(pair, on.primary, faults.KILL)
    if procedure == "rejoin":
        pair.playbook("mysql_failover", **variables(pair, "failover", on.primary))
        on.flows()
        faults.back(pair, on.primary, faults.KILL)


@pytest.mark.parametrize(("procedure", "step", "who"), CASES)
def test_the_next_run_finishes(pair: Pair, tmp_path: pathlib.Path, procedure: str, step: str, who: str) -> None:
    with scene(pair, tmp_path) as on:
        old = on.primary
        began = now()
        begin(on, procedure)
        output = broken_off(pair, procedure, step, who, old)
        if procedure == "failover":
            faults.revive(pair, old)
        finish(on, procedure)
        on.flows(since=now())
        after = look.primary(pair)
        look.wait_guarded(pair, after)
        split = on.split_brain(judge.Change(on.identity(old), began, failover=False)) if after != old else on.split_brain()
        problems = on.problems()
        on.load.read()
        odd = sorted({event.error for event in on.load.events if event.error and not event.error.startswith("reconnect")})
    print(f"\n{procedure}, {who} killed at {step!r}: primary {old} -> {after}, {on.load.book.acks} acknowledged, gap {on.gap(began):.1f} s")
    assert not problems, problems
    assert not split, split
    assert not odd, odd
    if who != CONTROLLER:
        assert "Traceback" not in output, output[-3000:]
        assert "Unexpected" not in output


def finish(on: Scene, procedure: str) -> None:
    """What a person does: run it again until the pair is whole. A refusal because there is nothing left to do is an answer, too."""
    pair = on.pair
    for _attempt in range(3):
        done = pair.playbook(f"mysql_{procedure}", check=False, **variables(pair, procedure, on.primary))
        if done.code == 0:
            break
        print(f"\n{procedure} again: {[line for line in done.output.splitlines() if 'refused' in line or 'msg:' in line][:3]}")
        if "is not dead" in done.output:
            break
    whole = pair.playbook("mysql_rejoin", check=False, op_accept_data_loss=pair.site)
    assert whole.code == 0, whole.tail(40)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, *sys.argv[1:]]))
