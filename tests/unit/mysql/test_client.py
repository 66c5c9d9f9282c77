"""What an error means to an application."""

from __future__ import annotations

import pymysql
import pytest
from ledger.client import OTHER, READ_ONLY, RECONNECT, kind_of


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pymysql.err.OperationalError(2003, "Can't connect"), RECONNECT),
        (pymysql.err.OperationalError(2013, "Lost connection"), RECONNECT),
        (pymysql.err.OperationalError(3032, "offline mode"), RECONNECT),
        (pymysql.err.InterfaceError(0, ""), RECONNECT),
        (TimeoutError(), RECONNECT),
        (pymysql.err.OperationalError(1290, "--super-read-only"), READ_ONLY),
        (pymysql.err.InternalError(1792, "READ ONLY transaction"), READ_ONLY),
        (pymysql.err.OperationalError(3100, "before_commit"), READ_ONLY),
        (pymysql.err.IntegrityError(1062, "Duplicate entry"), OTHER),
        (pymysql.err.OperationalError(1045, "Access denied"), OTHER),
        (pymysql.err.OperationalError(1205, "Lock wait timeout"), OTHER),
    ],
)
def test_kind(error: Exception, kind: str) -> None:
    assert kind_of(error) == kind
