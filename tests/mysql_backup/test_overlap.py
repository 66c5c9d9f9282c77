# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shipping does not stop: not beside fulls, proofs and expiries, not beside a prune that hangs, not with a standby that receives and applies nothing.

Measured: the moments at which runs that shipped ended. A missed interval is one without such a moment. Short form: an interval of 20 s; LONG=1: 60 s.
"""

from __future__ import annotations

import datetime
import json
import os
import threading
import time
from collections.abc import Iterator

import pytest
from backup_site import Site, until
from test_expiry import aged, snapshots
from test_faults import failure

LONG = bool(os.environ.get("LONG"))
INTERVAL, SECONDS = (60, 600) if LONG else (20, 90)
SLACK = 5  # seconds: the timer's accuracy and the run itself


@pytest.fixture(scope="module")
def busy(site: Site) -> Iterator[Site]:
    """With the interval of this form, and somebody who writes all the time."""
    site.play("mysql")  # a restore of another test leaves one server, and its standby is the host that is looked at here
    site.play("backups", mysql_backup_ship_interval=INTERVAL)
    over, primary = threading.Event(), site.primary()

    def write() -> None:
        while not over.wait(1):
            site.fill(primary, 1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: bool(shipped(site, site.standby(), time.time() - INTERVAL)), 3 * INTERVAL)
        yield site
    finally:
        over.set()
        writer.join()
        site.play("backups")


def shipped(site: Site, host: str, since: float) -> list[float]:
    """When runs that shipped ended on a host, seconds since 1970."""
    said = site.ssh(host, f"journalctl -u mysql-backup@ship.service -o cat --since @{int(since)}")
    found = [json.loads(line) for line in said.splitlines() if line.startswith('{"acted": true')]
    return [datetime.datetime.strptime(one["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp() for one in found]


def longest(moments: list[float], begun: float, ended: float) -> float:
    """Seconds without a shipping."""
    rows = [begun, *sorted(one for one in moments if one >= begun), ended]
    return max(after - before for before, after in zip(rows, rows[1:]))


def test_full_proof_and_expiry_beside_it(busy: Site) -> None:
    host = busy.standby()
    quiet = time.time()
    until(lambda: len(shipped(busy, host, quiet)) >= 4, 8 * INTERVAL + 60)
    usual = max(INTERVAL, longest(shipped(busy, host, quiet), quiet, time.time()))  # with nothing beside it, on a machine that may be busy itself
    begun, counts = time.time(), {"full": 0, "verify": 0, "expire": 0}
    while time.time() - begun < SECONDS or not all(counts.values()):
        for name in counts:
            if name == "expire":  # something to remove and to pack again
                for days in (20, 10):
                    aged(busy, host, days, days == 10, 8)
            busy.backup(host, "start", name)
            counts[name] += 1
    ended = time.time()
    gap = longest(shipped(busy, host, begun), begun, ended)
    runs = len(shipped(busy, host, begun))
    print(f"{ended - begun:.0f} s, {counts}, {runs} shippings, longest gap {gap:.0f} s at an interval of {INTERVAL} s, {usual:.0f} s with nothing beside it")
    assert failure(busy, host, "ship") == "" and gap < usual + INTERVAL + SLACK, "an interval was missed"
    made = [one["id"] for one in snapshots(busy, host, "full", "verified") if any(tag.endswith(f"d-{host}") for tag in one["tags"])]
    busy.backup(host, "restic forget " + " ".join(made))


def test_a_prune_that_hangs_is_ended(busy: Site) -> None:
    """Stopped like one whose store answers no more: it keeps the lock that nothing can be shipped beside, until it is ended."""
    host, begun = busy.standby(), time.time()
    aged(busy, host, 20, False, 8)
    busy.ssh(host, "systemctl start --no-block mysql-backup@expire; for i in $(seq 3000); do pkill -STOP -f '[r]estic.* prune' && break; sleep 0.02; done")
    assert "T" in busy.ssh(host, "ps -o stat= -p $(pgrep -f '[r]estic.* prune' | head -1) || true")
    until(lambda: busy.ssh(host, "systemctl is-active mysql-backup@expire || true").strip() not in ("activating", "active"), 10 * INTERVAL + 120)
    ended = time.time()
    gap = longest(shipped(busy, host, begun), begun, ended)
    print(f"a prune that hangs: longest gap {gap:.0f} s at an interval of {INTERVAL} s")
    assert failure(busy, host, "expire") == "" and gap <= INTERVAL + max(10, INTERVAL / 2) + 10 + SLACK


def test_the_primary_ships_when_its_standby_applies_nothing(busy: Site) -> None:
    """The receiver acknowledges, so W&B works on, and the standby has nothing in its own binary logs."""
    primary, standby = busy.primary(), busy.standby()
    busy.ssh(standby, "mysql -e 'STOP REPLICA SQL_THREAD'")
    begun = time.time()
    try:
        until(lambda: "replication is stopped" in str(json.loads(busy.backup(standby, "status"))["steps"]["ship"]["why"]), 3 * INTERVAL)
        until(lambda: bool(shipped(busy, primary, begun)), 6 * INTERVAL + 30)
        print(f"shipped by the primary after {time.time() - begun:.0f} s at an interval of {INTERVAL} s")
        assert "has not shipped for" in str(json.loads(busy.backup(primary, "status"))["steps"]["ship"]["why"])
        told = " ".join(busy.play("mysql_status").split())
        assert "this host ships no binary logs: it is a standby whose replication is stopped" in told
    finally:
        busy.ssh(standby, "mysql -e 'START REPLICA SQL_THREAD'")
    until(lambda: bool(json.loads(busy.backup(standby, "status"))["steps"]["ship"]["acted"]), 6 * INTERVAL)
    until(lambda: not json.loads(busy.backup(primary, "status"))["steps"]["ship"]["acted"], 6 * INTERVAL)
