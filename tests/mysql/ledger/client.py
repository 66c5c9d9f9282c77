"""A connection as the application has it, and what an error means for the transaction that met it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pymysql

from .pair import Account

RECONNECT = "reconnect"  # the connection is gone or refused: every application has to live with it
READ_ONLY = "read-only"  # the application was led to a server that must not be written to
OTHER = "other"
LOST = {2002, 2003, 2006, 2013, 1053, 1079, 1152, 1158, 1159, 1160, 1161, 1927, 3032, 3169}
READ_ONLIES = {1290, 1792, 1836, 3100}
NOT_COMMITTED = READ_ONLIES | {1062, 1213}  # answers to COMMIT after which the transaction is certainly not there


def number_of(error: BaseException) -> int:
    """The error's number; 0 when it has none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def kind_of(error: BaseException) -> str:
    """What an application sees in an error."""
    number = number_of(error)
    if number in READ_ONLIES:
        return READ_ONLY
    if number in LOST or isinstance(error, (OSError, pymysql.err.InterfaceError)):
        return RECONNECT
    return OTHER


def context(account: Account) -> ssl.SSLContext:
    """TLS with the site's CA; the address must be in the certificate."""
    made = ssl.create_default_context(cafile=account.ca)
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return made


@dataclass
class Session:
    """An open connection and the server behind it."""

    connection: Any
    server: str  # server_uuid
    read_only: bool

    def run(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """One statement."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, tuple(args) or None)
            return list(cursor.fetchall() or ())

    def close(self) -> None:
        """Without a word to the server: it may be dead."""
        self.connection._force_close()


def connect(address: str, account: Account, patience: float = 1.0, answer: float = 5.0, autocommit: bool = False) -> Session:
    """One address. patience: seconds to connect; answer: seconds to wait for each answer."""
    connection = pymysql.connect(
        host=address,
        port=account.port,
        user=account.user,
        password=account.password,
        database=account.database,
        ssl=context(account),
        connect_timeout=patience,
        read_timeout=answer,
        write_timeout=answer,
        autocommit=autocommit,
        charset="utf8mb4",
    )
    session = Session(connection, "", False)
    try:
        ((session.server, read_only),) = session.run("SELECT @@server_uuid, @@read_only")
        connection.rollback()
    except BaseException:
        session.close()
        raise
    session.read_only = bool(read_only)
    return session


def connect_any(addresses: Sequence[str], account: Account, answer: float = 5.0) -> Session:
    """As the application: the one endpoint, whatever is behind it; of several addresses the one whose server is writable."""
    last: Exception | None = None
    for address in addresses:
        try:
            session = connect(address, account, answer=answer)
        except (pymysql.MySQLError, OSError) as error:
            last = error
            continue
        if len(addresses) == 1 or not session.read_only:
            return session
        session.close()
    raise last or pymysql.err.OperationalError(2003, f"none of {', '.join(addresses)} is writable")


def now() -> float:
    """Seconds on the clock that all processes of this machine share."""
    return time.monotonic()
