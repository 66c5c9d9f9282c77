# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step would do on this host now: for --check. Reads the server and the repository, and writes neither."""

from __future__ import annotations

import typing as t

from . import catalog as catalogs
from . import decide, hold, retention
from .base import iso, now
from .config import Config
from .full import data_bytes
from .restic import Repository
from .server import live, look


def run(config: Config, step: str) -> dict[str, t.Any]:
    """mysql-backup would full|verify"""
    with live(config.data.socket, None) as session:
        me = look(session)
    doing, why = decide.copies(me) if step == "full" else decide.acts(me)
    held = hold.reason(config.home)
    repository = Repository(config.store)
    repository.open()
    catalog = catalogs.read(repository.snapshots())
    if step == "verify" and doing and not catalog.fulls:
        doing, why = False, "there is no full backup. Next: ansible-playbook onprem.wandb.mysql_backup -i <inventory>"
    newest = catalog.fulls[-1] if catalog.fulls else None
    proved = [one for one in catalog.fulls if one.verified]
    gone = retention.removable(catalog.fulls, now(), config.retention.days, config.retention.keep_min)
    return {
        "would": doing and not held,
        "why": held or why,
        "step": step,
        "repository": config.store.address,
        "bytes": data_bytes(me.datadir),
        "full": newest.id if newest else "",
        "full_at": iso(newest.at) if newest else "",
        "records": len([one for one in catalog.records if newest and one.at >= newest.at]),
        "proved": proved[-1].id if proved else "",
        "proved_at": iso(max(one.verified for one in proved if one.verified)) if proved else "",
        "expires": [] if config.store.append_only else [one.id for one in gone],
    }
