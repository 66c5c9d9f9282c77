# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what mysql_restore does on which host, decided from what each host says about an earlier run, and its words."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.onprem.wandb.plugins.module_utils._mysql import restoring
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.restoring import OPENED, PLACED

from . import backup_report

Said = dict[str, t.Any]

MOVED = (restoring.PLACING, restoring.OLD_MOVED, PLACED, OPENED)  # on the host with the restored data
LEAVING = (restoring.LEAVING, restoring.ASIDE)  # on the others
COMMAND = "ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name>"


def said(result: t.Any) -> Said:
    """What a command of mysql-backup returned; empty when it was skipped, failed, or printed nothing."""
    return backup_report.answer(result) if isinstance(result, Mapping) and result.get("rc", 1) == 0 else {}


def unasked(host: str, result: Mapping[str, t.Any]) -> str:
    """Why a host that can be reached did not say how far a restore is. It may serve the application, whatever a person says about it."""
    missing = result.get("rc") == 2 and "No such file" in str(result.get("msg"))
    seen = "mysql-backup is not installed" if missing else str(result.get("stderr") or result.get("msg") or "no word").strip()
    following = "ansible-playbook onprem.wandb.backups -i <inventory>" if missing else f"ssh {host} mysql-backup restore-state"
    return f"{host} can be reached and does not say how far a restore is. Nothing was changed. Seen: {seen} Expected: its state. Next: {following}"


def plan(looks: Iterable[Sequence[t.Any]], to: str, onto: str = "", primary: str = "", again: str = "", is_down: bool = False) -> dict[str, t.Any]:
    """Hosts and steps. looks: (host, registered result of mysql-backup restore-state) of each host of the pair.

    onto: the host that was asked for; primary: the one the inventory names; again: when the restore was opened that may be given up; is_down: a host that
    cannot be reached does not serve. The result has refusal (empty when it can go on), host, case (fresh, resume, done) and the hosts of each step.
    """
    states, refusals, absent = {}, [], []
    for host, result in looks:
        found = said(result)
        if found:
            states[str(host)] = found
        elif not isinstance(result, Mapping) or result.get("unreachable") or "rc" not in result:
            absent.append(str(host))
        else:
            refusals.append(unasked(str(host), result))
    if absent and not is_down:
        refusals.append(
            f"{' and '.join(absent)} cannot be reached, and may still serve the application. Nothing was changed. Expected: every host of the group mysql. "
            f"Next: ping -c 3 {absent[0]}; bring it up. If it is powered off, confirm with -e op_old_primary_is_down=yes"
        )
    found = {"reached": sorted(states), "refusal": " ".join(refusals), "case": "", "host": "", "restored": {}, "stage": "", "gtids": "", "work": False}
    found.update({name: [] for name in ("ship", "prepare", "stop", "place", "open", "aside")})
    if refusals or not states:
        found["refusal"] = found["refusal"] or f"No host of the group mysql can be reached. Nothing was changed. Next: {COMMAND} when one is up."
        return found
    under_way = {host: one for host, one in states.items() if one.get("stage") in MOVED}
    if under_way:
        return {**found, **resumed(states, under_way, to)}
    for host, one in states.items():
        record = one.get("restored") or {}
        if record.get("to") == to and record.get("opened_at") != again and one.get("stage") not in LEAVING:
            return {**found, **done(states, host, record, bool(absent))}
    return {**found, **fresh(states, onto, primary)}


def resumed(states: Mapping[str, Said], under_way: Mapping[str, Said], to: str) -> dict[str, t.Any]:
    """A restore that has touched the data is finished first."""
    host = next((name for name, one in under_way.items() if one.get("to") == to), next(iter(under_way)))
    one = under_way[host]
    if one.get("to") != to:
        line = f"{COMMAND} -e \"op_restore_to='{one.get('to')}'\""
        return {"refusal": f"A restore to {one.get('to')} was interrupted on {host} and is not finished. Nothing was changed. Next: {line}"}
    others = [name for name in states if name != host]
    # Somebody may have made the pair whole since it was opened.
    aside = others if one["stage"] != OPENED else leaving(states, to)
    stands = one["stage"] in (PLACED, OPENED)
    return {
        "case": "resume",
        "host": host,
        "stage": one["stage"],
        "gtids": one.get("gtid_executed") or "",
        "work": True,
        "stop": aside if stands else [host, *aside],
        "place": [] if stands else [host],
        # Opened: it is a primary, or somebody has made a standby of it; only the note is missing.
        "open": [] if one["stage"] == OPENED else [host],
        "aside": aside,
    }


def leaving(states: Mapping[str, Said], to: str) -> list[str]:
    """Hosts whose data were given up for this restore and are still there; what was noted for another one says nothing here."""
    return [name for name, one in states.items() if one.get("stage") in LEAVING and one.get("to") == to]


def done(states: Mapping[str, Said], host: str, record: Said, absent: bool) -> dict[str, t.Any]:
    """It was restored to that before. What was written since stays; what that run did not come to is done."""
    aside = leaving(states, str(record["to"]))
    found: dict[str, t.Any] = {"case": "done", "host": host, "restored": record, "aside": aside, "stop": aside, "gtids": record.get("gtid_executed") or ""}
    if not any(one.get("writable") for one in states.values()):
        others = [one for name, one in states.items() if name != host]
        nobody_else = not absent and all(one.get("stage") in LEAVING or not (one.get("data") or one.get("running")) for one in others)
        if states[host].get("role") == "replica" or not nobody_else:
            text = f"{host} was restored to {record['to']} and opened at {record['opened_at']}. "
            text += "No server takes writes now, and another one may have since then."
            return {"refusal": f"{text} Nothing was changed. Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>"}
        found["open"] = [host]
    found["work"] = bool(aside or found.get("open") or not record.get("marked"))
    return found


def fresh(states: Mapping[str, Said], onto: str, primary: str) -> dict[str, t.Any]:
    """From the beginning, onto the host that was asked for, else the one that takes writes, else the one the inventory names."""
    writable = [name for name, one in states.items() if one.get("writable")]
    host = next(name for name in [onto, *writable, primary, *states] if name and (name == onto or name in states))
    if host not in states:
        return {
            "refusal": f"The restore would go to {host}, which is not among the hosts of the group mysql that can be reached: {', '.join(sorted(states))}. "
            f"Nothing was changed. Next: {COMMAND} -e op_restore_host={sorted(states)[0]}"
        }
    # The one that takes writes first: no commit is answered that a standby lacks.
    order = writable + [name for name in states if name not in writable]
    return {
        "case": "fresh",
        "host": host,
        "work": True,
        "ship": [name for name, one in states.items() if one.get("running")],
        "prepare": [host],
        "stop": order,
        "place": [host],
        "open": [host],
        "aside": [name for name in states if name != host],
    }


def plan_lines(found: Mapping[str, t.Any], to: str, planned: Said) -> list[str]:
    """What will be done. planned: what mysql-backup plan said, for a restore from the beginning."""
    if found["case"] == "done":
        lines = [f"restored already: to {to}, on {found['host']}, opened at {found['restored'].get('opened_at')}. What was written since then stays."]
        lines += [f"left to do: move the old data of {' and '.join(found['aside'])} out of the way"] if found["aside"] else []
        lines += [f"left to do: open {found['host']} again as the primary"] if found["open"] else []
        return lines + [f"to give up what was written since, and restore to it again: add -e op_restore_again={found['restored'].get('opened_at')}"]
    if found["case"] == "resume":
        stands = found["stage"] in (PLACED, OPENED)
        return [
            f"restore to: {to}, onto {found['host']}: goes on with a run that was interrupted ('{found['stage']}')",
            f"then: {'the data are in place' if stands else 'put the restored data in place'}; open {found['host']} as the primary alone"
            + (f"; move the old data of {' and '.join(found['aside'])} out of the way" if found["aside"] else ""),
        ]
    return backup_report.plan(planned, to, found["host"], found["reached"])
