# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before anything is written into the repository: is this the database whose backups are there?"""

from __future__ import annotations


from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, Server
from ansible_collections.onprem.wandb.plugins.module_utils._say import extra

from . import catalog as catalogs
from .restic import Repository
from .server import Look


class Foreign(Problem):
    """Another database, or an older one."""


def foreign(missing: str, where: str, me: Look, site: str) -> str:
    """The sentence; empty when nothing is missing."""
    if not missing:
        return ""
    if me.channel:
        return (
            f"This standby lacks transactions that {where} holds: {missing}. Nothing was stored. Expected: a standby that has caught up. "
            "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>; wait for the standby to catch up. If the primary lacks them too, "
            "this is a different database."
        )
    confirm = extra("op_confirm", site)
    return (
        f"This server lacks transactions that {where} holds: {missing}. It is another database, or an older one, so nothing was stored and "
        "no backup is replaced. Next: "
        f"ansible-playbook onprem.wandb.mysql_restore -i <inventory> {confirm} -e op_restore_to=latest brings the backed-up database back; "
        f"if this one is right: ansible-playbook onprem.wandb.mysql_backup -i <inventory> {confirm} -e op_adopt=yes."
    )


def check(session: Server, me: Look, repository: Repository, site: str, catalog: catalogs.Catalog) -> None:
    """Refuse to write over the history of another database."""
    known, where = catalogs.history(repository, catalog)
    problem = foreign(session.subtract(known, me.executed) if known else "", where, me, site)
    if problem:
        raise Foreign(problem)
