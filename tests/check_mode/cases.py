# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How each playbook is called with --check on a finished site, and what it must say."""

from __future__ import annotations

import os
import pathlib
import re
from dataclasses import dataclass, field

import yaml

PLAYBOOKS = pathlib.Path(__file__).resolve().parents[2] / "playbooks"


@dataclass(frozen=True)
class Case:
    """One call.

    variables: extra variables; {site_name} and {standby} in a value are filled in.
    says: patterns that the output holds, line ends and indentation as one blank.
    refused: whether the run ends with a refusal, which is then among the patterns.
    """

    variables: dict[str, str] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    refused: bool = False


NO_CHANGE = (r"^(?!.*changed=[1-9]).*changed=0 ",)  # of no host
HELD = (r"last full backup: \w+-db\d\S* of 20", r"last one proved by a restore: \w+-db\d\S*, at 20", r"the next expiry would remove: ")
LAYER = Case(says=NO_CHANGE)
CONFIRMED = {"op_confirm": "{site_name}"}

CASES = {
    # The lab's stand-in takes any key; nothing is installed and nothing logged.
    "accept": Case(
        {"accept_api_key": 40 * "0", "accept_index_url": "https://index.invalid/simple"},
        says=(r"AC-03 pass W&B takes the API key", r"ACCEPT: 2 pass, 0 fail, 8 not applicable", *NO_CHANGE),
    ),
    "addons": LAYER,
    "backups": LAYER,
    "certificates": LAYER,
    # The lab's hosts have none; a first operator's hosts are closed, and the role has opened them.
    "firewall": Case(
        says=(r"CP1\S*: (NO FIREWALL nothing filters here; to be open for others: |NFTABLES)", r"MySQL, TCP 3306, from \S+|tcp dport 3306", *NO_CHANGE)
    ),
    "hosts": LAYER,
    "kubernetes": LAYER,
    "minio": LAYER,
    "minio_backup": LAYER,
    # The lab's bucket has no mirror.
    "minio_restore": Case(CONFIRMED, says=(r"The bucket has no mirror: .* Next: ", *NO_CHANGE), refused=True),
    "minio_retire_key": LAYER,
    "minio_rotate_key": Case(says=(r"Declare the new user beside the old one\] \*+ .*\+user wandbfiles2 ", r"Switch\] \*+")),
    "mysql": LAYER,
    "mysql_backup": Case(
        says=(r"MYSQL_BACKUP: FULL", r"db1\S* would do nothing: it is the primary", r"db2\S* would take a full backup of \d", *HELD, *NO_CHANGE)
    ),
    "mysql_backup_verify": Case(says=(r"MYSQL_BACKUP: VERIFY", r"db2\S* would restore \w+-db\d\S* from \S+, compare it and replay \d+ rec", *HELD, *NO_CHANGE)),
    "mysql_degrade": Case({**CONFIRMED, "op_reason": "new memory"}, says=(r"MYSQL_DEGRADE: PLAN degrade\. After this: primary db1", *NO_CHANGE)),
    "mysql_failover": Case({**CONFIRMED, "op_degraded": "yes"}, says=(r"failover refused: ", *NO_CHANGE), refused=True),
    "mysql_rejoin": Case(says=(r"MYSQL_REJOIN: PLAN nothing to do\. After this: primary db1", *NO_CHANGE)),
    "mysql_restore": Case({**CONFIRMED, "op_restore_to": "latest"}, says=(r"PLAN|plan", *NO_CHANGE)),
    "mysql_status": Case(says=(r"primary", *NO_CHANGE)),
    "mysql_switchover": Case(says=(r"MYSQL_SWITCHOVER: PLAN presync, fence, promote, attach\. After this: primary db2", *NO_CHANGE)),
    "mysql_undegrade": Case(says=(r"MYSQL_UNDEGRADE: PLAN nothing to do\. ", *NO_CHANGE)),
    "preflight": LAYER,
    "redis": LAYER,
    "reset": Case(CONFIRMED),
    "site": LAYER,
    "storage_check": Case(says=(r"1 machines, \d+ questions, 0 findings",)),  # only the controller asks; packages would come to the hosts
    "verify": LAYER,
    "wandb": LAYER,
}


def playbooks() -> list[str]:
    """Names of all of them."""
    return sorted(path.stem for path in PLAYBOOKS.glob("*.yml"))


def alone() -> list[str]:
    """Those that are called by themselves: in the short form the layers are tried as parts of site.yml; with LONG=1 each also alone."""
    return sorted(set(playbooks()) - (set() if os.environ.get("LONG") else imported("site")))


def imported(name: str) -> set[str]:
    """Playbooks that this one consists of."""
    plays = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8"))
    found = {pathlib.PurePath(play[key]).stem for play in plays for key in play if key.endswith("import_playbook")}
    return found.union(*(imported(other) for other in found))


def one_line(output: str) -> str:
    """The output with each run of white space as one blank: a sentence is broken where the terminal ends."""
    return re.sub(r"\s+", " ", output)
