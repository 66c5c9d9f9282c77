# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two database hosts of a private lab, and a record of which of them held the endpoint's address when.

All hosts share the machine's kernel, so their time stamps are one clock. Times are seconds since the epoch.
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import time
import typing as t

import pymysql

TOP = pathlib.Path(__file__).resolve().parents[3]
PODMAN_ENV = {**os.environ, "CONTAINERS_CONF": str(TOP / "lab/containers.conf")}
HOSTS = ("db1", "db2")
TESTER = "endpoint_tester"  # may change global variables and is spared from offline_mode; made for the measurement, dropped with the lab


def podman(*arguments: str) -> str:
    """Run podman; the output."""
    return subprocess.run(["podman", *arguments], check=True, capture_output=True, text=True, timeout=120, env=PODMAN_ENV, stdin=subprocess.DEVNULL).stdout


def until(done: t.Callable[[], t.Any], seconds: float, what: str) -> t.Any:
    """Poll until done() is true; its value. Raises TimeoutError with a sentence."""
    end = time.monotonic() + seconds
    while True:
        found = done()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds} s.")
        time.sleep(0.005)


class Holder:
    """When one host held the address: events of its kernel, read as they come."""

    EVENT = re.compile(r"^\[(\S+)\] (Deleted )?\d+: .* inet (\S+)/32 ")

    def __init__(self, container: str, address: str) -> None:
        self.address = address
        self.events: list[tuple[float, bool]] = []
        now = time.time()
        self.events.append((now, f" {address}/32" in podman("exec", container, "ip", "-4", "address", "show")))
        # A line per event; stdbuf is not needed, ip flushes after each.
        command = ["podman", "exec", container, "ip", "-ts", "-o", "-4", "monitor", "address"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=PODMAN_ENV, stdin=subprocess.DEVNULL)
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self) -> None:
        """Until the host or the process ends."""
        for line in self.process.stdout or ():
            match = self.EVENT.match(line)
            if match and match.group(3) == self.address:
                at = datetime.datetime.fromisoformat(match.group(1)).replace(tzinfo=datetime.timezone.utc).timestamp()
                self.events.append((at, not match.group(2)))
        self.events.append((time.time(), False))  # a host that is gone holds nothing

    def holds(self) -> bool:
        return self.events[-1][1]

    def last(self, held: bool, after: float) -> float:
        """Time of the first change to held after a moment; 0 when there was none."""
        return next((at for at, value in self.events if value == held and at >= after), 0.0)

    def spans(self) -> list[tuple[float, float]]:
        """From when to when it held the address."""
        found: list[tuple[float, float]] = []
        begin = 0.0
        for at, value in self.events:
            if value and not begin:
                begin = at
            elif not value and begin:
                found.append((begin, at))
                begin = 0.0
        return [*found, (begin, time.time())] if begin else found

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def overlap(one: t.Iterable[tuple[float, float]], other: t.Iterable[tuple[float, float]]) -> float:
    """Seconds for which both held it."""
    others = list(other)
    return sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in one for b in others)


class Lab:
    """The pair, asked over its own addresses, and the endpoint."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state = TOP / f".lab-{name}"
        self.password = (self.state / "secrets/mysql_app_password").read_text(encoding="ascii").strip()
        self.addresses = {host: self.address_of(host) for host in HOSTS}
        conf = podman("exec", self.container("db1"), "cat", "/etc/onprem-wandb/mysql/keepalived.conf")
        self.endpoint = re.search(r"(\S+)/32 dev", conf).group(1)  # type: ignore[union-attr]
        self.holders = {host: Holder(self.container(host), self.endpoint) for host in HOSTS}
        self.past: list[tuple[str, list[tuple[float, float]]]] = []
        self.sessions: dict[str, t.Any] = {}

    def container(self, host: str) -> str:
        return f"{self.name}-{host}"

    def address_of(self, host: str) -> str:
        return podman("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", self.container(host)).strip()

    def run(self, host: str, command: str) -> str:
        """A shell command as root on a host."""
        return podman("exec", self.container(host), "sh", "-c", command)

    def root(self, host: str, *statements: str) -> None:
        """SQL as root over the socket. Passwords go by standard input, not on a command line."""
        program = "import json, pymysql, sys\nc = pymysql.connect(unix_socket='/run/mysqld/mysqld.sock', user='root', autocommit=True).cursor()\n"
        program += f"for one in json.loads({json.dumps(statements)!r}):\n    c.execute(one)\n"
        call = ["podman", "exec", "-i", self.container(host), "/usr/bin/python3", "-"]
        subprocess.run(call, check=True, input=program, capture_output=True, text=True, timeout=60, env=PODMAN_ENV)

    def tester(self, host: str) -> t.Any:
        """A lasting session that may fence and open."""
        session = self.sessions.get(host)
        if session is None or not session.open:
            session = pymysql.connect(host=self.addresses[host], user=TESTER, password=self.password, connect_timeout=2, read_timeout=20, autocommit=True)
            self.sessions[host] = session
        return session

    def sql(self, host: str, *statements: str) -> None:
        with self.tester(host).cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def close(self, host: str) -> float:
        """Fence; when the fence was asked for."""
        at = time.time()
        self.sql(host, "SET GLOBAL offline_mode = ON", "SET GLOBAL super_read_only = ON")
        return at

    def open(self, host: str) -> float:
        """Let it take writes; when it does."""
        self.sql(host, "SET GLOBAL super_read_only = OFF", "SET GLOBAL read_only = OFF", "SET GLOBAL offline_mode = OFF")
        return time.time()

    def write(self) -> str:
        """One row through the endpoint as W&B's account; who took it, or empty."""
        session = pymysql.Connection(
            host=self.endpoint, user="wandb_local", password=self.password, database="wandb_local", read_timeout=2, autocommit=True, defer_connect=True
        )
        try:
            session.connect(self.dial())
        except (pymysql.MySQLError, OSError):
            return ""
        try:
            with session.cursor() as cursor:
                cursor.execute("INSERT INTO endpoint_test (at) VALUES (%s)", (time.time(),))
                cursor.execute("SELECT @@report_host")
                return str(cursor.fetchone()[0])
        except (pymysql.MySQLError, OSError):
            return ""
        finally:
            session.close()

    def dial(self) -> socket.socket:
        """TCP to the endpoint with keepalive, as Go's drivers have it: a connection whose other end has lost the address is reset by the new holder."""
        connection = socket.create_connection((self.endpoint, 3306), timeout=0.2)
        for level, option, value in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
        ):
            connection.setsockopt(level, option, value)
        return connection

    def follow_again(self, host: str) -> None:
        """A new record for a host that was started again; the old one is kept for the overlap."""
        self.holders[host].process.wait()
        self.past.append((host, self.holders[host].spans()))
        self.sessions.pop(host, None)
        self.holders[host] = Holder(self.container(host), self.endpoint)

    def both(self) -> float:
        """Seconds for which both hosts held the address since the beginning."""
        spans = {host: [span for name, old in self.past if name == host for span in old] + self.holders[host].spans() for host in HOSTS}
        return overlap(spans["db1"], spans["db2"])

    def where(self) -> list[str]:
        return [host for host in HOSTS if self.holders[host].holds()]
