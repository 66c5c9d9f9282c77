# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what mysql-backup printed on the hosts, in lines for people. Each of its commands ends with one line of JSON."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping, Sequence

Registered = Mapping[str, t.Any]  # the registered result of a task with ansible.builtin.command
REPEAT = "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>"


def answer(done: Registered) -> dict[str, t.Any]:
    """The last line of JSON; empty when the command did not run or printed none."""
    for line in reversed(str(done.get("stdout") or "").splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def mebibytes(count: t.Any) -> str:
    return f"{int(count or 0) / 1048576:.1f} MiB"


def step(name: str, results: Mapping[str, Registered]) -> dict[str, list[str]]:
    """One step on demand: a line for each host, and the hosts that acted, or would act; then what the repository holds, when they were only asked."""
    found = {host: answer(done) for host, done in results.items()}
    lines = [one(host, name, results[host], said) for host, said in found.items()]
    asked = [said for said in found.values() if "would" in said]
    return {"lines": [*lines, *(held(asked[0]) if asked else [])], "acted": [host for host, said in found.items() if said.get("acted") or said.get("would")]}


def foretold(host: str, said: Mapping[str, t.Any]) -> str:
    """What one host would do."""
    if not said["would"]:
        return f"{host} would do nothing: {said['why']}"
    if said["step"] == "full":
        return f"{host} would take a full backup of {mebibytes(said['bytes'])} into {said['repository']}: {said['why']}"
    return f"{host} would restore {said['full']} from {said['repository']}, compare it and replay {said['records']} records of binary logs: {said['why']}"


def held(said: Mapping[str, t.Any]) -> list[str]:
    """What stands in the repository already, and what the next expiry takes away."""
    last = f"last full backup: {said['full']} of {said['full_at']}" if said["full"] else "last full backup: none yet"
    proved = f"last one proved by a restore: {said['proved']}, at {said['proved_at']}" if said["proved"] else "last one proved by a restore: none yet"
    return [last, proved, f"the next expiry would remove: {', '.join(said['expires']) or 'nothing'}"]


def one(host: str, name: str, done: Registered, said: Mapping[str, t.Any]) -> str:
    """What one host did of a step."""
    if said.get("acted"):
        parts = [
            mebibytes(said.get("bytes")),
            *(f"{said[key]} {key}" for key in ("tables", "rows", "binlogs") if key in said),
            *([f"{said['seconds']} s"] if "seconds" in said else []),
        ]
        return f"{host}: {name} of {said.get('id') or said.get('full')}, {', '.join(parts)}"
    if "would" in said:
        return foretold(host, said)
    if said:
        return f"{host} did nothing: {said.get('why') or 'no reason given'}"
    if done.get("unreachable") or not done:
        return f"{host}: cannot be reached"
    return f"{host}: {name} failed: {' '.join(str(done.get('stderr') or done.get('msg') or 'no words').split())}"


def plan(planned: Mapping[str, t.Any], to: str, host: str, hosts: Sequence[str]) -> list[str]:
    """What a restore would do. planned: what `mysql-backup plan` said."""
    head = f"restore to: {to}, onto {host}"
    if not planned:
        return [head, f"there is no plan: mysql-backup plan said nothing on {host}. {REPEAT}"]
    if planned.get("stage"):
        done = f"full backup {planned.get('full')}, {planned.get('binlogs')} binary logs, {planned.get('tables')} tables, {planned.get('rows')} rows"
        return [head, f"a restore to {planned.get('to')} got as far as '{planned['stage']}' on {host}: {done}", "then: only what is left of it is done"]
    proved = "proved by a restore" if planned.get("full_verified") else "not proved yet"
    return [
        head,
        f"from: full backup {planned.get('full')} of {planned.get('full_at')} ({proved}, {mebibytes(planned.get('bytes'))}, {planned.get('tables')} tables)",
        f"then: {len(planned.get('binlogs') or [])} binary logs ({mebibytes(planned.get('binlog_bytes'))})",
        f"newest transactions in the repository: {planned.get('newest_transactions_at')}",
        f"then: stop {' and '.join(hosts)}, keep the old data beside the new, open {host} as the primary alone",
        "afterwards: ansible-playbook onprem.wandb.mysql -i <inventory> makes the pair whole",
    ]


def restored(done: Mapping[str, t.Any], to: str, host: str) -> list[str]:
    """What a restore did. done: what `mysql-backup finish` said."""
    if not done.get("gtid_executed"):
        return [f"nothing was restored: mysql-backup finish knows of no restore on {host}. {REPEAT}"]
    kept = f"old data: {done['kept']}; they go with -e op_restore_discard_old=yes" if done.get("kept") else "old data: none are kept"
    return [
        f"restored to: {to}, on {host}, which is the primary and stands alone",
        f"transactions: {done['gtid_executed']}",
        f"first one left out: {done.get('stopped_before') or '(none)'}",
        f"{done.get('tables')} tables, {done.get('rows')} rows",
        f"seconds to restore beside the data: {done.get('seconds')}",
        kept,
        "Next: ansible-playbook onprem.wandb.mysql -i <inventory> makes the pair whole again (the other host is copied anew)",
    ]
