# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Binary logs from the repository into a server on a copy, up to the target."""

from __future__ import annotations

import os
import subprocess
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem

from .base import remove, say, size
from .binlogs import Transaction, first_excluded, scan
from .config import Workplace
from .process import die_with_parent
from .restic import Repository
from .scratch import Scratch
from .target import Plan, Step


def fetch(repository: Repository, plan: Plan, folder: str) -> dict[str, str]:
    """The files of all steps, one restore per snapshot. Returns 'chain/name' -> path."""
    found = {}
    by_snapshot: dict[str, list[Step]] = {}
    for step in plan.steps:
        by_snapshot.setdefault(step.snapshot.id, []).append(step)
    for number, steps in enumerate(by_snapshot.values()):
        snapshot, base = steps[0].snapshot, steps[0].snapshot.paths[0]
        target = os.path.join(folder, str(number))
        repository.restore(snapshot, target, *[os.path.join(base, step.name) for step in steps])
        for step in steps:
            path = os.path.join(target, base.lstrip("/"), step.name)
            seen = os.path.getsize(path) if os.path.exists(path) else -1
            if seen != step.bytes:
                raise Problem(
                    f"The binary log {step.name} of {step.chain} came back with {seen} bytes; expected {step.bytes}. Next: mysql-backup restic check "
                    "--read-data."
                )
            found[f"{step.chain}/{step.name}"] = path
    return found


def stop_of(basedir: str, path: str, plan: Plan) -> t.Optional[Transaction]:
    """The first transaction of a file that must not be replayed."""
    if not plan.target.microseconds and not plan.target.gtid:
        return None
    return first_excluded(scan(basedir, path), plan.target.microseconds, plan.target.gtid)


def apply(scratch: Scratch, step: Step, path: str, stop: t.Optional[Transaction], reach: str) -> None:
    """mysqlbinlog into mysql: one file, and of it only what the history holds. Its end may be commits that nobody acknowledged, and a successor's differ."""
    reader = [os.path.join(scratch.basedir, "bin/mysqlbinlog"), "--no-defaults"]
    reader += [f"--stop-position={stop.position}"] if stop else []
    reader += [f"--include-gtids={reach}"]
    reader += [f"--exclude-gtids={step.skip}"] if step.skip else []
    writer = [
        os.path.join(scratch.basedir, "bin/mysql"),
        "--no-defaults",
        "--binary-mode",
        "--max-allowed-packet=1G",
        "--user=root",
        f"--socket={scratch.socket}",
    ]
    with subprocess.Popen([*reader, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_parent) as source:  # noqa: PLW1509
        done = subprocess.run(writer, stdin=source.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, preexec_fn=die_with_parent)
        assert source.stdout is not None and source.stderr is not None
        source.stdout.close()
        said = source.stderr.read().decode(errors="replace").strip()
    wrote = done.stderr.decode(errors="replace").strip()
    if done.returncode != 0 or source.returncode not in (0, -13):
        raise Problem(
            f"The binary log {step.name} of {step.chain} could not be replayed. Seen: "
            f"{(wrote or said).splitlines()[-1][:300] if wrote or said else 'no message'}. "
            "Expected: its transactions continue the copy. "
            "Next: ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e op_restore_to=<an earlier time>"
        )


def replay(place: Workplace, repository: Repository, scratch: Scratch, plan: Plan) -> dict[str, t.Any]:
    """All steps. The target's own transaction and all after it are left out."""
    folder = os.path.join(place.work, "binlogs")
    remove(folder)
    os.makedirs(folder)
    stopped: t.Optional[Transaction] = None
    try:
        paths = fetch(repository, plan, folder)
        for step in plan.steps:
            path = paths[f"{step.chain}/{step.name}"]
            stopped = stop_of(scratch.basedir, path, plan)
            apply(scratch, step, path, stopped, plan.reach)
            say(f"replayed {step.name} of {step.chain} ({size(step.bytes)})" + (f", up to {stopped.gtid}" if stopped else ""))
            if stopped:
                break
    finally:
        remove(folder)
    with scratch.session() as session:
        executed = session.executed()
        missing = session.subtract(plan.reach, executed)
        if missing and not stopped:
            raise Problem(
                f"After the replay {missing} is missing. Seen: {executed}; expected at least: {plan.reach}. Binary logs are missing in "
                f"{repository.store.address}, or do not hold what "
                f"they should. Next: mysql-backup full; for a restore give an earlier time (restore_to)."
            )
        if plan.target.gtid and not session.subtract(plan.target.gtid, executed):
            raise Problem(
                f"The transaction {plan.target.gtid} was replayed although the restore should have ended before it. Next: "
                "ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e op_restore_to=<time>"
            )
    return {"gtid_executed": executed, "stopped_before": stopped.gtid if stopped else "", "binlog_bytes": sum(step.bytes for step in plan.steps)}
