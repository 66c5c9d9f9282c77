"""The split-brain probe: asks each host itself, past the endpoint, for a real write as the application's account, all the time.

Each host has a table of its own, so that no probe waits for a lock of the other. What a host acknowledges is kept with the server's identity.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pymysql

from .book import ACK, ERROR, FAILED, OPEN, UNKNOWN, Pen
from .client import Session, connect, kind_of, now, number_of
from .pair import Account

PAUSE = 0.04  # seconds between two questions
ANSWER = 1.0  # seconds to wait for an answer


def table(host: str) -> str:
    """The probe table of a host."""
    return "probe_" + "".join(letter if letter.isalnum() else "_" for letter in host)


def create(session: Session, hosts: list[str]) -> None:
    """New tables."""
    for host in hosts:
        session.run(f"DROP TABLE IF EXISTS {table(host)}")
        session.run(f"CREATE TABLE {table(host)} (id BIGINT AUTO_INCREMENT PRIMARY KEY, number BIGINT NOT NULL, at DOUBLE NOT NULL) ENGINE=InnoDB")


def probe(host: str, address: str, account: Account, path: Path) -> None:
    """Until the parent ends this process, or has ended itself."""
    pen, parent, number = Pen(path), os.getppid(), 0
    session: Session | None = None
    while os.getppid() == parent:
        time.sleep(PAUSE)
        sent, number = now(), number + 1
        if session is None:
            try:
                session = connect(address, account, patience=0.5, answer=ANSWER, autocommit=True)
            except Exception as error:  # whatever it is, this host acknowledges nothing now
                pen.write(ERROR, number, sent, "", f"{kind_of(error)}:{number_of(error)}:connect")
                continue
            pen.write(OPEN, number, sent, session.server)
            sent = now()
        try:
            session.run(f"INSERT INTO {table(host)} (number, at) VALUES (%s, %s)", (number, sent))
            pen.write(ACK, number, sent, session.server)
        except (pymysql.MySQLError, OSError) as error:
            refused = isinstance(error, pymysql.MySQLError) and number_of(error) < 2000
            pen.write(FAILED if refused else UNKNOWN, number, sent, session.server, f"{kind_of(error)}:{number_of(error)}:statement")
            if number_of(error) != 1290:
                session.close()
                session = None
