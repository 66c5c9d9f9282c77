# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping a receiver that is just connecting to a dead host. PRIVATE to the collection."""

from __future__ import annotations

import shutil
import socket
import threading
import typing as t

from .member import Channel

Command = t.Callable[[list[str]], t.Any]
PATIENCE = 0.1  # seconds that STOP REPLICA gets by itself; it tells the receiver not to try again


def half_open(channel: Channel) -> list[str]:
    """The command that ends the attempts to connect to this channel's source; empty without iproute2, or when its name does not resolve."""
    program = shutil.which("ss")
    host, port = str(channel.config.get("host")), int(channel.config.get("port") or 0)
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    except (OSError, ValueError):
        return []
    return [] if program is None else [program, "--kill", "--tcp", "--numeric", "state", "syn-sent", "dst", str(address), "dport", "=", f":{port}"]


def hurried(channel: t.Optional[Channel], command: Command, stop: t.Callable[[], None]) -> None:
    """STOP REPLICA IO_THREAD waits for a connect that nobody answers: three seconds in one network, replica_net_timeout through a router.

    Ended at the socket, it returns at once. Where the kernel or the host cannot do that, it takes its time.
    """
    words = half_open(channel) if channel and channel.receiver == "CONNECTING" else []
    if not words:
        stop()
        return
    timer = threading.Timer(PATIENCE, command, [words])
    timer.start()
    try:
        stop()
    finally:
        timer.cancel()
        timer.join()
