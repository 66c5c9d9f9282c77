# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: a pair in lines for a person at night."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence

from .pair import Member


def lines(pair: Sequence[Member]) -> list[str]:
    """Every member, then what was done, in the order of time."""
    found: list[str] = []
    for one in pair:
        found += list(member(one))
    entries = [(one.name, entry) for one in pair for entry in one.look.get("journal") or ()]
    if entries:
        found.append("journal:")
    return found + [journal(name, entry) for name, entry in sorted(entries, key=lambda item: str(item[1].get("at")))]


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
    if degraded:
        yield f"  DEGRADED since {degraded.get('since')} ({degraded.get('seconds')} s): {degraded.get('reason')}"
    backup = look.get("backup")
    if backup:
        problem = f"; PROBLEM: {backup['problem']}" if backup.get("problem") else ""
        yield f"  last good backup {backup.get('last_success') or 'never'}, verified {backup.get('last_verified') or 'never'}{problem}"


def _running(one: Member) -> Iterator[str]:
    look, semi, channel = one.look, one.semisync, one.channel
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
    if semi.get("source_enabled"):
        counts = f"{semi.get('attached')} attached, {semi.get('waiting_sessions')} sessions waiting, {semi.get('no_tx')} unacknowledged"
        yield f"  commits wait for a standby: {counts}"
    elif one.writable:
        yield "  commits do NOT wait for a standby"
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
            yield f"  {name.replace('_', ' ')}: {look[name]}"
