"""A writer: numbered transactions through the application's endpoint, one after the other, each acknowledgement kept on disk.

A number is tried once. After an error the next number is tried, so a number that is there twice was doubled by the servers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pymysql

from .book import ACK, ERROR, FAILED, OPEN, UNKNOWN, Pen
from .client import NOT_COMMITTED, RECONNECT, Session, connect_any, kind_of, now, number_of
from .pair import Account

# No unique key on (writer, number): a doubled transaction shall be seen, not be refused.
TABLES = (
    "CREATE TABLE ledger (id BIGINT AUTO_INCREMENT PRIMARY KEY, writer INT NOT NULL, number BIGINT NOT NULL, body VARBINARY(200) NOT NULL, "
    "KEY (writer, number)) ENGINE=InnoDB",
    "CREATE TABLE ledger_total (writer INT PRIMARY KEY, last BIGINT NOT NULL, total BIGINT NOT NULL) ENGINE=InnoDB",
)
BODY = b"x" * 120


def create(session: Session) -> None:
    """New tables. The account is the application's, the database its own."""
    for name in ("ledger", "ledger_total"):
        session.run(f"DROP TABLE IF EXISTS {name}")
    for statement in TABLES:
        session.run(statement)


def transaction(session: Session, writer: int, number: int) -> None:
    """Two rows or none; COMMIT is the caller's."""
    session.run("INSERT INTO ledger (writer, number, body) VALUES (%s, %s, %s)", (writer, number, BODY))
    session.run(
        "INSERT INTO ledger_total (writer, last, total) VALUES (%s, %s, 1) ON DUPLICATE KEY UPDATE last = VALUES(last), total = total + 1", (writer, number)
    )


def attempt(session: Session, pen: Pen, writer: int, number: int) -> bool:
    """One transaction. False: the connection is of no use any more."""
    phase, sent = "statement", now()
    try:
        transaction(session, writer, number)
        phase, sent = "commit", now()
        session.connection.commit()
    except (pymysql.MySQLError, OSError) as error:
        known = phase != "commit" or number_of(error) in NOT_COMMITTED
        pen.write(FAILED if known else UNKNOWN, number, sent, session.server, f"{kind_of(error)}:{number_of(error)}:{phase}")
        return False
    pen.write(ACK, number, sent, session.server)
    return True


def write(addresses: Sequence[str], account: Account, writer: int, path: Path, pause: float, answer: float) -> None:
    """Until the parent ends this process, or has ended itself. pause: seconds between two transactions; answer: seconds to wait for a server."""
    pen, parent, number = Pen(path), os.getppid(), 0
    session: Session | None = None
    while os.getppid() == parent:
        if session is None:
            sent = now()
            try:
                session = connect_any(addresses, account, answer)
            except (pymysql.MySQLError, OSError) as error:
                pen.write(ERROR, 0, sent, "", f"{kind_of(error)}:{number_of(error)}:connect")
                time.sleep(0.05)
                continue
            except Exception as error:  # a garbled handshake of a server that dies: for an application a connection that failed
                pen.write(ERROR, 0, sent, "", f"{RECONNECT}:{type(error).__name__}:connect")
                time.sleep(0.05)
                continue
            pen.write(OPEN, 0, sent, session.server)
        number += 1
        if not attempt(session, pen, writer, number):
            session.close()
            session = None
        time.sleep(pause)
