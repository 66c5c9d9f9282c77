# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The contract of mysql_replica on real servers: create, modify, delete, each as check, run, check, run. The server's own counters are the witness.

Delete of one state is create of the other: replica <-> absent, primary <-> fenced.
"""

from __future__ import annotations

import json
import pathlib
from dataclasses import dataclass
from typing import Any

import pytest
from ledger import byhand, look, scene
from ledger.pair import TOP, VENV, LedgerError, Pair, run

PRIMARY, STANDBY = "primary", "standby"


@dataclass(frozen=True)
class Step:
    """One row of the contract. prepare: statements by hand that make the difference the module has to mend."""

    name: str
    on: str
    state: str
    semi_sync: str = "required"
    retry: int = 1
    prepare: str = ""


# In this order: each begins where the one before ended.
STEPS = (
    Step("primary-modify: semi-sync off", PRIMARY, "primary", "disabled"),
    Step("replica-delete, absent-create", STANDBY, "absent"),
    Step("absent-modify: somebody opened it", STANDBY, "absent", prepare="SET GLOBAL super_read_only = OFF"),
    Step("absent-delete, replica-create", STANDBY, "replica"),
    Step("replica-modify: another patience", STANDBY, "replica", retry=2),
    Step("replica-modify: somebody stopped it", STANDBY, "replica", retry=2, prepare="STOP REPLICA"),
    Step("replica-modify: patience again", STANDBY, "replica"),
    Step("primary-modify: semi-sync on", PRIMARY, "primary"),
    Step("primary-delete, fenced-create", PRIMARY, "fenced"),
    Step("fenced-modify: somebody opened it", PRIMARY, "fenced", prepare="SET GLOBAL offline_mode = OFF; SET GLOBAL super_read_only = OFF"),
    Step("fenced-delete, primary-create", PRIMARY, "primary"),
)


@dataclass
class Contract:
    """A pair without load: nothing but the module changes anything."""

    pair: Pair
    hosts: dict[str, str]
    work: pathlib.Path

    def call(self, step: Step, check: bool) -> dict[str, Any]:
        """One call of the module."""
        host = self.hosts[step.on]
        result = self.work / "result.json"
        result.unlink(missing_ok=True)
        said = {
            "contract_state": step.state,
            "contract_semi_sync": step.semi_sync,
            "contract_retry": step.retry,
            "contract_source": self.pair.hosts[self.pair.other(host)],
            "contract_file": str(result),
        }
        words = [f"--limit={host}", "--diff", *(["--check"] if check else [])]
        done = run([str(VENV / "ansible-playbook"), "-i", str(self.pair.inventory), "-e", json.dumps(said), *words, str(TOP / "tests/mysql/contract.yml")])
        if done.code:
            raise LedgerError(f"{step.name}: ended with {done.code}:\n{done.tail(30)}")
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return found

    def state(self, host: str) -> dict[str, Any]:
        """All that a run that changes nothing must leave as it is."""
        kept = self.pair.on(host, "cat /var/lib/onprem-wandb/mysql-role.json; wc -l < /var/lib/onprem-wandb/mysql-journal.jsonl", check=False)
        gtid = self.pair.sql(host, "SELECT REPLACE(@@global.gtid_executed, '\\n', '')")
        return {"statements": byhand.changing_statements(self.pair, host), "gtid": gtid, "files": kept}


@pytest.fixture(scope="module")
def contract(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Contract:
    from ledger import pair as pairs

    pair = pairs.find((TOP / request.config.getoption("--lab")).resolve())
    primary = scene.make_whole(pair)
    return Contract(pair, {PRIMARY: primary, STANDBY: pair.other(primary)}, tmp_path_factory.mktemp("contract"))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_contract(contract: Contract, step: Step) -> None:
    host = contract.hosts[step.on]
    if step.prepare:
        contract.pair.sql(host, step.prepare)

    before = contract.state(host)
    foretold = contract.call(step, check=True)
    assert contract.state(host) == before, "check mode changed something"
    assert foretold["changed"] and foretold["statements"]

    done = contract.call(step, check=False)
    after = contract.state(host)
    assert done["changed"] and done["statements"] == foretold["statements"], "check mode foretold other statements"
    assert after["statements"] != before["statements"]
    secret = (contract.pair.state / "secrets/mysql_replication_password").read_text(encoding="utf-8").strip()
    assert secret not in json.dumps([foretold, done])

    for check in (True, False):
        again = contract.call(step, check)
        which = "second check" if check else "second run"
        assert not again["changed"] and again["statements"] == [], f"the {which} is no no-op: {again['statements']} {again.get('notes')}"
        assert contract.state(host) == after, f"the {which} changed something"


def test_the_pair_is_whole_afterwards(contract: Contract) -> None:
    assert look.primary(contract.pair) == contract.hosts[PRIMARY]
    assert look.guarded(contract.pair, contract.hosts[PRIMARY]) == ""


def test_the_counters_see_a_change(contract: Contract) -> None:
    """A control: the witness is not blind. LOCAL: a plain FLUSH goes into the binary log and makes an errant transaction."""
    host = contract.hosts[STANDBY]
    before = byhand.changing_statements(contract.pair, host)
    contract.pair.sql(host, "SET GLOBAL max_connections = @@global.max_connections")
    middle = byhand.changing_statements(contract.pair, host)
    contract.pair.sql(host, "FLUSH LOCAL STATUS")
    assert before != middle != byhand.changing_statements(contract.pair, host)
