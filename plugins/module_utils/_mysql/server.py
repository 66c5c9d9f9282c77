# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to a MySQL server that remembers what it changed. PRIVATE to the collection."""

from __future__ import annotations

import platform
import socket
import ssl
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.wandb.plugins.module_utils._say import NOT_REACHED

from . import sessions

try:
    import pymysql
    import pymysql.cursors
except ImportError:  # pragma: no cover
    pymysql = None

MASK = "********"
LOCK = "mysql_ha"  # taken by whoever changes the role of a server: this module, the role guard
UNREACHABLE = (2002, 2003, 2005)
LOST = (2006, 2013)  # the server went away; CLONE ends so
NO_ACCOUNTS = 1130  # no account may connect from here: the server was initialised and never became a member
OFFLINE = 3032
TOO_MANY_CONNECTIONS = 1040
GREETING = 3.0  # seconds in which a server has to greet: one that hangs takes connections and says nothing
NO_SUCH_SESSION = 1094

Seconds = t.Optional[float]


class Problem(Exception):
    """Something an operator has to read; the text is a whole sentence."""


@dataclass(frozen=True)
class Statement:
    """One statement that changes the server. Arguments are bound; those named in secrets are never shown."""

    sql: str
    args: tuple[t.Any, ...] = ()
    secrets: tuple[int, ...] = ()
    deadline: int = 0  # seconds; 0 is the connection's own

    def shown(self) -> str:
        """For people: secrets masked."""
        if not self.args:
            return self.sql
        values = [MASK if index in self.secrets else value for index, value in enumerate(self.args)]
        return self.sql % tuple(str(value) if isinstance(value, (int, float)) else f"'{value}'" for value in values)


@dataclass(frozen=True)
class Address:
    """Where another server listens, and how it is asked."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    ssl_ca: str = ""
    verify: bool = True

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def tls_context(address: Address) -> ssl.SSLContext:
    """TLS is a must between the servers; the name in the certificate is checked where a CA is known."""
    context = ssl.create_default_context(cafile=address.ssl_ca or None)
    if hasattr(ssl, "VERIFY_X509_STRICT"):
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # CAs made by older tools lack an extension that 3.13 asks for
    if not (address.ssl_ca and address.verify):
        context.check_hostname = False
    if not address.ssl_ca:
        context.verify_mode = ssl.CERT_NONE
    return context


def number_of(error: BaseException) -> int:
    """The server's or the client's error number; 0 when there is none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def text_of(error: BaseException) -> str:
    """An error as one line."""
    if len(error.args) > 1:
        return f"{error.args[1]} (error {error.args[0]})"
    return str(error)


class Server:
    """One session. With check_mode nothing is changed, and every change is remembered."""

    def __init__(self, connect: t.Callable[[Seconds], t.Any], name: str, check_mode: bool = False, timeout: Seconds = 30) -> None:
        self._connect = connect
        self.name = name
        self.check_mode = check_mode
        self.timeout = timeout  # seconds for an answer; None waits for ever
        self.statements: list[str] = []
        self.server_warnings: list[str] = []
        self.observer: t.Optional[t.Callable[[str, str, float], None]] = None  # is told (what, text, seconds) of every statement that ran
        self._connection = connect(timeout)

    def close(self) -> None:
        """End the session."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._connection is not None and self._connection.open:
            self.close()

    def reconnect(self, timeout: Seconds = 0) -> None:
        """A new session, for example after the server restarted. Locks of the old one are gone."""
        try:
            self.close()
        except pymysql.MySQLError:
            self._connection = None
        self._connection = self._connect(timeout or self.timeout)

    def rows(self, sql: str, args: t.Sequence[t.Any] = ()) -> list[dict[str, t.Any]]:
        """Read."""
        with self._connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(sql, tuple(args) or None)
            return list(cursor.fetchall() or ())

    def value(self, sql: str, args: t.Sequence[t.Any] = ()) -> t.Any:
        """Read the first column of the first row."""
        rows = self.rows(sql, args)
        return next(iter(rows[0].values())) if rows else None

    def variables(self, *names: str) -> dict[str, str]:
        """Global variables; those the server does not know are absent."""
        marks = ", ".join(["%s"] * len(names))
        return {row["Variable_name"]: row["Value"] for row in self.rows(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({marks})", names)}

    def status(self, pattern: str) -> dict[str, str]:
        """Global status values."""
        return {row["Variable_name"].lower(): row["Value"] for row in self.rows("SHOW GLOBAL STATUS LIKE %s", (pattern,))}

    def executed(self) -> str:
        """Everything this server executed."""
        return str(self.value("SELECT @@GLOBAL.gtid_executed")).replace("\n", "")

    def subtract(self, left: str, right: t.Optional[str]) -> str:
        """left without right, computed by the server; None stands for what this server executed."""
        if right is None:
            found = self.value("SELECT GTID_SUBTRACT(%s, @@GLOBAL.gtid_executed)", (left,))
        else:
            found = self.value("SELECT GTID_SUBTRACT(%s, %s)", (left, right))
        return (found or "").replace("\n", "")

    def union(self, *sets: str) -> str:
        """All of them."""
        return self.subtract(",".join(one for one in sets if one), "")

    def change(self, statement: Statement) -> None:
        """Run a statement that changes the server; with check_mode only remember it."""
        self.statements.append(statement.shown())
        if self.check_mode:
            return
        begin = time.monotonic()
        try:
            if statement.deadline:
                self._with_deadline(statement)
            else:
                self._run(self._connection, statement)
        except Exception as error:
            self._tell("failure", f"{statement.shown()}: {text_of(error)}", begin)
            raise
        self._tell("statement", statement.shown(), begin)

    def _tell(self, what: str, text: str, begin: float) -> None:
        if self.observer:
            self.observer(what, text, time.monotonic() - begin)

    def _run(self, connection: t.Any, statement: Statement) -> None:
        with connection.cursor(pymysql.cursors.DictCursor) as cursor:
            try:
                cursor.execute(statement.sql, statement.args or None)
            except pymysql.MySQLError as error:
                if number_of(error) in LOST or number_of(error) == 3707:
                    raise
                raise Problem(f"{self.name}: the statement {statement.shown()} failed: {text_of(error)}.") from error
            # PyMySQL hides warnings; they are kept, for they often say why a statement did nothing.
            cursor.execute("SHOW WARNINGS")
            for row in cursor.fetchall() or ():
                self.server_warnings.append(f"{row['Level']} {row['Code']}: {row['Message']}")

    def _with_deadline(self, statement: Statement) -> None:
        """In a session of its own, which is killed when the statement does not return: it may hang behind a commit that waits for the standby."""
        connection = self._connect(statement.deadline)
        try:
            self._run(connection, statement)
        except pymysql.MySQLError as error:
            # Asked before the statement is ended: those that hold it up are there now.
            found = sessions.blocking(self, but=(connection.thread_id(),))
            semi = self.status("Rpl_semi_sync_source_%")
            self._kill(connection.thread_id())
            waiting, attached = (int(semi.get(f"rpl_semi_sync_source_{name}", "0") or 0) for name in ("wait_sessions", "clients"))
            raise Problem(sessions.late(self.name, statement.shown(), statement.deadline, text_of(error), found, waiting, attached)) from error
        finally:
            if connection.open:
                connection.close()

    def _kill(self, session: int) -> None:
        """End a session; one that has ended by itself is no error."""
        try:
            self.rows(f"KILL {int(session)}")
        except pymysql.MySQLError as error:
            if number_of(error) != NO_SUCH_SESSION:
                raise

    def lock(self, seconds: int) -> None:
        """One changes roles at a time."""
        if self.value("SELECT GET_LOCK(%s, %s)", (LOCK, seconds)) != 1:
            raise Problem(
                f"{self.name}: another run holds the lock {LOCK} for more than {seconds} s. Next: mysql -e 'SHOW PROCESSLIST' on this host; wait for that run."
            )

    def wait_until(self, done: t.Callable[[], str], seconds: int, what: str, reconnect: bool = False) -> None:
        """Until done() returns an empty string; otherwise it says what was seen. The deadline ends in a sentence."""
        end = time.monotonic() + seconds
        while True:
            try:
                if reconnect:
                    self.reconnect()
                seen = done()
                if not seen:
                    return
            except pymysql.MySQLError as error:
                if not reconnect:
                    raise
                seen = text_of(error)
            if time.monotonic() > end:
                raise Problem(f"{self.name}: {what} did not happen within {seconds} s. Seen: {seen}.")
            time.sleep(0.1)


def greets(family: int, address: t.Any, connect_timeout: float, greeting: float = GREETING) -> None:
    """Raises what a connection raises when nobody is there, or when who is there says nothing."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.settimeout(connect_timeout)
            probe.connect(address)
            probe.settimeout(greeting)
            if not probe.recv(1):
                raise ConnectionResetError("the connection was closed before a greeting")
        except NOT_REACHED as error:
            raise pymysql.err.OperationalError(2003, f"Can't connect to MySQL server on {address!r} ({error})") from error


def _open(timeout: Seconds, **how: t.Any) -> t.Any:
    return pymysql.connect(read_timeout=timeout, write_timeout=timeout, autocommit=True, charset="utf8mb4", **how)


def over_socket(path: str, user: str = "root", timeout: Seconds = 30, connect_timeout: float = 10) -> t.Any:
    """A bare connection over the unix socket. auth_socket: the server knows its accounts by the system user, so there is no secret."""
    return _open(timeout, unix_socket=path, user=user, connect_timeout=connect_timeout)


def local(path: str, check_mode: bool = False, timeout: Seconds = 30, patience: int = 0, greeting: float = GREETING) -> Server:
    """root on the unix socket. patience: seconds for a server that is just starting, after CLONE for example."""
    end = time.monotonic() + patience

    def connect(seconds: Seconds) -> t.Any:
        return over_socket(path, timeout=seconds)

    while True:
        try:
            greets(socket.AF_UNIX, path, greeting, greeting)
            return Server(connect, platform.node(), check_mode, timeout)
        except pymysql.MySQLError as error:
            if number_of(error) not in UNREACHABLE or time.monotonic() > end:
                raise
        time.sleep(0.2)


def remote(address: Address, timeout: Seconds = 10) -> Server:
    """Another server over TLS, to ask it."""
    context = tls_context(address)
    try:
        place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    except ValueError as error:
        raise socket.gaierror(socket.EAI_NONAME, f"{address.host!r} is no name ({error})") from error
    greets(place[0], place[4], 2)

    def connect(seconds: Seconds) -> t.Any:
        return _open(seconds, host=address.host, port=address.port, user=address.user, password=address.password, ssl=context, connect_timeout=2)

    return Server(connect, str(address), check_mode=True, timeout=timeout)
