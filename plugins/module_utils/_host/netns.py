# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A question asked from the network of a pod that runs: no image, no pod of our own, nothing is changed. PRIVATE to the collection.

A pod's network is a namespace of the kernel that its processes are in. A child process enters it, asks, and hands the answer back.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import time
import typing as t

CLONE_NEWNET = 0x40000000


class NamespaceError(Exception):
    """The network of a pod cannot be entered: a sentence says why."""


def find(address: str, proc: str = "/proc") -> str:
    """The network namespace that has an IPv4 address of its own, as a path; empty when no process is in one."""
    seen = set()
    for entry in sorted(os.listdir(proc)):
        if not entry.isdigit():
            continue
        place = os.path.join(proc, entry, "ns/net")
        try:
            identity = os.readlink(place)
            if identity in seen:
                continue
            seen.add(identity)
            with open(os.path.join(proc, entry, "net/fib_trie"), encoding="ascii", errors="replace") as handle:
                text = handle.read()
        except OSError:  # the process ended meanwhile
            continue
        if address in local_addresses(text):
            return place
    return ""


def local_addresses(fib_trie: str) -> set[str]:
    """Addresses of the interfaces out of /proc/PID/net/fib_trie: the leaves that are "host LOCAL"."""
    found, leaf = set(), ""
    for line in fib_trie.splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            leaf = words[1]
        elif words[-2:] == ["host", "LOCAL"]:
            found.add(leaf)
    return found


def ask(place: str, question: t.Callable[[], t.Any], seconds: float) -> t.Any:
    """The answer of a question that is asked in a namespace (empty: in this one). Raises NamespaceError."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        _child(reading, writing, place, question)
    os.close(writing)
    try:
        text = _read(reading, time.monotonic() + seconds)
    finally:
        os.close(reading)
        if not _ended(pid):
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    try:
        answer = json.loads(text)
    except ValueError:
        raise NamespaceError(f"what was asked in {place or 'this network'} gave no answer within {seconds:g} s") from None
    if "error" in answer:
        raise NamespaceError(str(answer["error"]))
    return answer["answer"]


def _child(reading: int, writing: int, place: str, question: t.Callable[[], t.Any]) -> t.NoReturn:
    """Nothing of the parent may run in here."""
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            try:
                enter(place)
                json.dump({"answer": question()}, pipe)
            except Exception as error:
                json.dump({"error": f"{place}: {error}"}, pipe)
        status = 0
    finally:
        os._exit(status)


def enter(place: str) -> None:
    """Go into a network namespace with this thread, and with those that it starts. os.setns is there from Python 3.12 on."""
    if not place:
        return
    handle = os.open(place, os.O_RDONLY)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if library.setns(handle, CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(handle)


def _read(reading: int, end: float) -> str:
    """All that comes until the other side closes, or time is up."""
    parts = []
    while select.select([reading], [], [], max(0.0, end - time.monotonic()))[0]:
        part = os.read(reading, 65536)
        if not part:
            break
        parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")


def _ended(pid: int) -> bool:
    """Whether a child is gone; it gets a moment, as it closes its pipe just before."""
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return True
        select.select([], [], [], 0.01)
    return False
