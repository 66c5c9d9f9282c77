# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says in a file whether the MySQL server of this host takes writes: 1 or 0. Managed by onprem.wandb, role mysql.

keepalived follows the file: it holds the endpoint's address where the file says 1, and nowhere else. A missing or unreadable file counts as 0.
The question goes over one lasting session: it needs no free connection, reads no table, and does not wait for a commit that waits for the standby.

usage: mysql-writable <socket of the server> <file>. The account is the one that is called like the system user; it has no rights at all.
"""

from __future__ import annotations

import getpass
import os
import signal
import socket
import sys
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import TOO_MANY_CONNECTIONS, number_of, over_socket, pymysql

INTERVAL = 0.1  # seconds between two questions
FAREWELL = 0.2  # seconds for which a server that has just closed keeps the address: its goodbyes to clients come from there
PATIENCE = 2.0  # seconds for an answer; a server that takes longer is not one to send clients to
QUESTION = "SELECT @@GLOBAL.read_only, @@GLOBAL.super_read_only, @@GLOBAL.offline_mode"

WRITABLE = "1"
CLOSED = "0"


def judge(row: t.Sequence[int]) -> tuple[str, str]:
    """Verdict and reason out of the answer to QUESTION."""
    on = [name for name, value in zip(("read_only", "super_read_only", "offline_mode"), row) if value]
    return (CLOSED, " and ".join(on) + (" are on" if len(on) > 1 else " is on")) if on else (WRITABLE, "it takes writes")


def judge_error(number: int, text: str, last: str) -> tuple[str, str]:
    """Verdict and reason when there is no answer. A full server is alive and has not changed its role because of that."""
    if number == TOO_MANY_CONNECTIONS:
        return last, "it has no free connection, so what was known before counts"
    return CLOSED, f"it does not answer: {text}"


class Server:
    """The server behind the socket, with one session that is opened again when it ends."""

    def __init__(self, path: str, user: str) -> None:
        self.path, self.user = path, user
        self.session: t.Any = None

    def ask(self, last: str) -> tuple[str, str]:
        """Verdict and reason. Takes at most PATIENCE for the connection and PATIENCE for the answer."""
        try:
            if self.session is None:
                self.session = over_socket(self.path, self.user, timeout=PATIENCE, connect_timeout=PATIENCE)
            with self.session.cursor() as cursor:
                cursor.execute(QUESTION)
                return judge(cursor.fetchone())
        except (pymysql.MySQLError, OSError) as error:
            self.forget()
            return judge_error(number_of(error), str(error.args[-1] if error.args else error), last)

    def forget(self) -> None:
        """Drop a session that failed, without saying goodbye: that could wait, too."""
        session, self.session = self.session, None
        if session is not None:
            session._force_close()


def read(path: str) -> str:
    """The verdict in the file; closed when there is none."""
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            return WRITABLE if stream.read().strip() == WRITABLE else CLOSED
    except OSError:
        return CLOSED


def write(path: str, verdict: str) -> None:
    """Replace the file; keepalived sees that something was moved there."""
    with open(path + ".new", "w", encoding="ascii") as stream:
        stream.write(verdict + "\n")
    os.rename(path + ".new", path)


def tell_systemd(text: str) -> None:
    """READY=1 and WATCHDOG=1, where systemd wants to know."""
    where = os.environ.get("NOTIFY_SOCKET")
    if where:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.connect("\0" + where[1:] if where.startswith("@") else where)
            connection.sendall(text.encode())


def watch(server: Server, path: str) -> None:
    """For ever. Only changes are written and told."""
    last, told = read(path), ""
    ready = False
    while True:
        began = time.monotonic()
        verdict, reason = server.ask(last)
        if verdict != last and verdict == CLOSED:
            time.sleep(FAREWELL)
        if verdict != last or not ready:
            write(path, verdict)
        if f"{verdict} {reason}" != told:
            told = f"{verdict} {reason}"
            print(f"{'writable' if verdict == WRITABLE else 'closed'}: {reason}", flush=True)
        last = verdict
        tell_systemd("WATCHDOG=1" if ready else "READY=1\nWATCHDOG=1")
        ready = True
        time.sleep(max(0.0, began + INTERVAL - time.monotonic()))


def begin_again(_number: int, _frame: object) -> None:
    """A newer version of this program takes over in the same process; the verdict stays in the file meanwhile."""
    os.execv(sys.executable, [sys.executable, *sys.argv])


def main(arguments: t.Sequence[str]) -> int:
    """Entry point."""
    if len(arguments) != 2:
        print((__doc__ or "").rstrip().rsplit("\n\n", 1)[1], file=sys.stderr)
        return 2
    signal.signal(signal.SIGHUP, begin_again)
    # exec keeps a blocked signal blocked, and a handler runs with its own signal blocked.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    watch(Server(arguments[0], getpass.getuser()), arguments[1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
