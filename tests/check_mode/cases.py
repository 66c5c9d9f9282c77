# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How each playbook is called with --check on a finished site, and what it must say."""

from __future__ import annotations

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


NO_CHANGE = (r"changed=0 ",)
LAYER = Case(says=NO_CHANGE)
CONFIRMED = {"confirm": "{site_name}"}

CASES = {
    "addons": LAYER,
    "backups": LAYER,
    "certificates": LAYER,
    "hosts": LAYER,
    "kubernetes": LAYER,
    "minio": LAYER,
    "minio_backup": LAYER,
    "minio_restore": Case(CONFIRMED),
    "minio_retire_key": LAYER,
    "minio_rotate_key": Case(says=(r"wandbfiles2|new user|rotat",)),
    "mysql": LAYER,
    "mysql_backup": Case(says=(r"full",)),
    "mysql_backup_verify": Case(says=(r"verify|prove",)),
    "mysql_degrade": Case({**CONFIRMED, "reason": "new memory"}, says=(r"degrade: \S+",)),
    "mysql_failover": Case({**CONFIRMED, "degraded": "yes"}, says=(r"failover refused: ",), refused=True),
    "mysql_rejoin": Case(says=(r"rejoin: nothing to do",)),
    "mysql_restore": Case({**CONFIRMED, "restore_to": "latest"}, says=(r"plan|would",)),
    "mysql_status": Case(says=(r"primary",)),
    "mysql_switchover": Case(says=(r"switchover: \S+", r"is the primary")),
    "mysql_undegrade": Case(says=(r"undegrade: nothing to do",)),
    "preflight": LAYER,
    "redis": LAYER,
    "reset": Case(CONFIRMED),
    "site": LAYER,
    "storage_check": Case(),
    "verify": LAYER,
    "wandb": LAYER,
}


def playbooks() -> list[str]:
    """Names of all of them."""
    return sorted(path.stem for path in PLAYBOOKS.glob("*.yml"))


def imported(name: str) -> set[str]:
    """Playbooks that this one consists of."""
    plays = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8"))
    found = {pathlib.PurePath(play[key]).stem for play in plays for key in play if key.endswith("import_playbook")}
    return found.union(*(imported(other) for other in found))


def one_line(output: str) -> str:
    """The output with each run of white space as one blank: a sentence is broken where the terminal ends."""
    return re.sub(r"\s+", " ", output)
