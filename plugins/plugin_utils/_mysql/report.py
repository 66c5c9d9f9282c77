# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: a pair in lines for a person at night. Lines are as long as they are; who prints them folds them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ...module_utils._mysql.backup import Backups
from ...module_utils._mysql.drift import sentence
from .pair import Member, decide

# The word of a run that was made while the standby was dead. The role guard keeps it until a run without it.
TAKE_BACK = "it opens although the other one took over. Next: ansible-playbook onprem.wandb.mysql -i <inventory>"


def lines(pair: Sequence[Member], declared: str) -> list[str]:
    """Who is the primary, every member, then what was done, in the order of time."""
    found: list[str] = [verdict(pair, declared)]
    for one in pair:
        found += list(member(one))
    entries = [(one.name, entry) for one in pair for entry in one.look.get("journal") or ()]
    if entries:
        found.append("journal:")
    return found + [journal(name, entry) for name, entry in sorted(entries, key=lambda item: str(item[1].get("at")))]


def verdict(pair: Sequence[Member], declared: str) -> str:
    """The first line: who takes writes."""
    if not any(one.reached for one in pair):
        names = [one.name for one in pair]
        return (
            f"PROBLEM: {' and '.join(names)} {'do' if len(names) > 1 else 'does'} not answer over SSH, so who is the primary is not known. "
            f"Next: ansible {':'.join(names)} -i <inventory> -m ansible.builtin.ping"
        )
    found = decide(pair, declared)
    if found.problem:
        return f"PROBLEM: {found.problem}"
    if any(one.writable for one in pair):
        return f"primary: {found.primary}"
    return f"primary: {found.primary}, but NO SERVER that answers TAKES WRITES"


def journal(name: str, entry: Mapping[str, t.Any]) -> str:
    """One line of the journal."""
    what = next((key for key in ("statement", "note", "failure") if key in entry), "")
    text = f"FAILED {entry[what]}" if what == "failure" else entry.get(what)
    seconds = f" ({entry['seconds']:.3f} s)" if entry.get("seconds") else ""
    return f"  {entry.get('at')} {name} {entry.get('operation') or '-'}/{entry.get('state')}: {text}{seconds}"


def member(one: Member) -> Iterator[str]:
    """One member."""
    if not one.reached:
        yield f"{one.name} {one.address}: does not answer over SSH"
        return
    look = one.look
    degraded = look.get("degraded")
    if not one.running:
        yield f"{one.name} {one.address}: the server does not serve ({look.get('problem')}); recorded as {one.recorded or 'nothing'}"
    else:
        state = "writable" if one.writable else "fenced" if look.get("offline_mode") else "read-only"
        yield f"{one.name} {one.address}: {look.get('role')}, {state}, MySQL {look.get('version')}, up {look.get('uptime_seconds')} s"
        yield from _running(one)
    if look.get("boots_without_peer"):
        yield f"  BOOTS WITHOUT ASKING its standby (mysql_boot_without_peer): {TAKE_BACK}"
    if degraded:
        yield f"  DEGRADED since {degraded.get('since')} ({degraded.get('seconds')} s): {degraded.get('reason')}"
    if look.get("backup"):
        yield from backups(look["backup"])


def backups(state: Backups) -> Iterator[str]:
    """What the host knows about the backups of the pair."""
    if state.get("accepted_none"):
        yield "  backups: none, accepted by mysql_backup_accept_none; a lost pair is a lost database"
    elif "failures" in state:
        yield f"  last full backup {state['last_full_at'] or 'never'}, last one proved by a restore {state['verified_at'] or 'never'}"
        yield f"  binary logs in the repository up to {state['newest_binlog_at'] or '(none)'}, {_shipper(state)}"
    if state["problem"]:
        yield f"  backups: PROBLEM: {state['problem']}"


def _shipper(state: Backups) -> str:
    if not state["ships"]:
        return "shipped by another host"
    return f"shipped by this host, last {state['shipped_age_seconds']} s ago" if state["shipped_at"] else "to be shipped by this host, which never did"


def _running(one: Member) -> Iterator[str]:
    look, channel = one.look, one.channel
    yield f"  holds {look.get('gtid_executed') or 'no transaction'}"
    if channel:
        age = channel.get("contact_age_seconds")
        heard = "never" if age is None else f"{age:.1f} s ago"
        yield (
            f"  follows {channel.get('host')}:{channel.get('port')}: {look.get('gtid_state') or 'source cannot be asked'}, "
            f"receiver {channel.get('receiver')}, applier {channel.get('applier')}, lag {look.get('lag_seconds')} s, heard {heard}"
        )
        for name in ("receiver_error", "applier_error"):
            if channel.get(name):
                yield f"  {name.replace('_', ' ')}: {channel[name]}"
    for name in ("missing", "errant"):
        if look.get(name):
            yield f"  {name} transactions: {look[name]}"
    yield from _commits(one)
    for asked in look.get("peers") or ():
        if asked.get("state") != "ok":
            yield f"  {asked.get('address')} is {asked.get('state')} from here: {asked.get('detail')}"
        elif asked.get("ahead"):
            yield f"  {asked.get('address')} is ahead by {asked['ahead']}"
    guard = look.get("guard") or {}
    if guard:
        yield f"  role guard at {guard.get('at')}: {guard.get('decision')} ({guard.get('reason')})"
    disk = look.get("disk")
    if disk:
        yield f"  disk {disk['path']}: {disk['free'] >> 20} of {disk['total'] >> 20} MiB free, binary logs {disk['binary_logs'] >> 20} MiB"
    for name in ("differing_variables", "persisted_variables"):
        if look.get(name):
            yield f"  {name.replace('_', ' ')}: {_told(look[name])}"


def _commits(one: Member) -> Iterator[str]:
    """Whether an acknowledged commit is on two hosts. A server that takes no writes has none that wait, unless it was fenced meanwhile."""
    semi = one.semisync
    counts = f"{semi.get('attached')} attached, {semi.get('waiting_sessions')} sessions waiting, {semi.get('no_tx')} unacknowledged"
    if semi.get("source_enabled") and str(semi.get("source_status")).upper() == "ON":
        yield f"  commits wait for a standby: {counts}"
    elif semi.get("source_enabled") and one.writable:
        yield f"  commits do NOT wait for a standby: semi-sync is enabled, but its status is {semi.get('source_status')}; {counts}"
    elif one.writable:
        yield "  commits do NOT wait for a standby"


def _told(found: t.Any) -> str:
    """Names, with what was seen and declared where that is known."""
    return sentence(dict(found)) if isinstance(found, Mapping) else ", ".join(map(str, found))
