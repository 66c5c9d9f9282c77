# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people do by hand on the primary while its role is moved or it is restarted (FC-49, FC-28), under load."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import drift, settings
from ledger import look
from ledger.client import now
from ledger.pair import TOP, VENV, Pair, run, wait_for
from ledger.scene import scene

SECRET = "a-value-of-somebody"


@contextmanager
def somebody(pair: Pair, host: str, statements: str, seconds: int = 120) -> Iterator[subprocess.Popen[str]]:
    """A session of root on a host's socket that runs these statements and then sleeps."""
    command = ["podman", "exec", "-i", pair.containers[host], "/usr/local/bin/mysql", "--user=root", "--socket=/run/mysqld/mysqld.sock", "-v"]
    environment = {**os.environ, "CONTAINERS_CONF": str(TOP / "lab/containers.conf")}
    text = f"{statements}; SELECT SLEEP({seconds}), '{SECRET}';\n"
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, env=environment)
    assert process.stdin
    process.stdin.write(text)
    process.stdin.close()
    asleep = f"SELECT COUNT(*) FROM performance_schema.processlist WHERE INFO LIKE 'SELECT SLEEP({seconds})%' AND ID <> CONNECTION_ID()"
    wait_for("the session of root", 20, lambda: "" if pair.sql(host, asleep)[0][0] != "0" else "it does not sleep yet")
    try:
        yield process
    finally:
        for row in pair.sql(host, f"SELECT ID FROM performance_schema.processlist WHERE INFO LIKE 'SELECT SLEEP({seconds})%' AND ID <> CONNECTION_ID()"):
            pair.sql(host, f"KILL {row[0]}")
        process.wait(20)


def table(pair: Pair, host: str) -> None:
    """Something to lock."""
    pair.sql(host, "CREATE DATABASE IF NOT EXISTS byhand; CREATE TABLE IF NOT EXISTS byhand.t (id INT PRIMARY KEY, x INT); REPLACE INTO byhand.t VALUES (1, 1)")


def fences(pair: Pair, host: str) -> str:
    """How often this host was taken from the application, as its journal has it. Seconds say less: a loaded machine makes gaps, too."""
    return pair.on(host, "grep -c 'offline_mode = ON' /var/lib/onprem-wandb/mysql-journal.jsonl || true").strip()


HELD = [
    ("LOCK TABLES byhand.t WRITE", "LOCK TABLES … WRITE of byhand.t"),
    ("START TRANSACTION; UPDATE byhand.t SET x = x + 1", "an open transaction (1 rows changed"),
]


@pytest.mark.parametrize(("statements", "words"), HELD)
def test_a_switchover_names_who_is_in_its_way_before_it_fences(pair: Pair, tmp_path: pathlib.Path, statements: str, words: str) -> None:
    with scene(pair, tmp_path) as on:
        table(pair, on.primary)
        with somebody(pair, on.primary, statements):
            plan = pair.playbook("mysql_switchover", words=["--check"])
            assert words in " ".join(plan.output.split())
            begin, fenced = now(), fences(pair, on.primary)
            done = pair.playbook("mysql_switchover", check=False, mysql_session_wait=3)
            on.flows()
            gap = on.gap(begin)
        said = " ".join(done.output.split())
        assert done.code != 0, done.tail()
        assert words in said and "of root@localhost holds" in said and "mysql -e 'KILL " in said, done.tail(60)
        assert "bring the standby back" not in said and SECRET not in done.output
        assert look.primary(pair) == on.primary
        assert on.problems() == []
        assert fences(pair, on.primary) == fenced, "it fenced before it refused"
    assert gap < 5.0, f"{gap:.1f} s without writes"
    print(f"{words}: refused after {done.seconds:.1f} s, longest write gap {gap:.2f} s")


def test_a_lock_that_ends_in_time_is_waited_for(pair: Pair, tmp_path: pathlib.Path) -> None:
    with scene(pair, tmp_path) as on:
        table(pair, on.primary)
        begin = now()
        with somebody(pair, on.primary, "LOCK TABLES byhand.t WRITE", seconds=15):
            pair.playbook("mysql_switchover", mysql_session_wait=60)
        on.flows()
        gap = on.gap(begin)
        assert look.primary(pair) == on.standby
        assert on.problems() == []
        pair.playbook("mysql_switchover")
    print(f"waited for a lock: write gap {gap:.2f} s")


def test_sessions_are_ended_when_told(pair: Pair, tmp_path: pathlib.Path) -> None:
    with scene(pair, tmp_path) as on:
        table(pair, on.primary)
        begin = now()
        with somebody(pair, on.primary, "LOCK TABLES byhand.t WRITE") as session:
            done = pair.playbook("mysql_switchover", mysql_blocking_sessions="end")
            assert session.wait(20) != 0
        on.flows()
        gap = on.gap(begin)
        assert look.primary(pair) == on.standby
        assert "KILL " in pair.on(on.primary, "cat /var/lib/onprem-wandb/mysql-journal.jsonl")
        assert "it is ended" in " ".join(done.output.split())
        pair.playbook("mysql_switchover")
    print(f"ended a lock: write gap {gap:.2f} s")


def test_a_read_lock_on_the_standby_is_seen_before_the_primary_is_fenced(pair: Pair, tmp_path: pathlib.Path) -> None:
    with scene(pair, tmp_path, writers=1) as on:
        fenced = fences(pair, on.primary)
        with somebody(pair, on.standby, "FLUSH TABLES WITH READ LOCK"):
            done = pair.playbook("mysql_switchover", check=False, mysql_session_wait=3, mysql_max_lag=600)
            said = " ".join(done.output.split())
        on.flows()
        assert done.code != 0 and "FLUSH TABLES WITH READ LOCK" in said, done.tail(60)
        assert fences(pair, on.primary) == fenced
        assert look.primary(pair) == on.primary


# FC-28: as people write them. None waits for a restart that has happened.
WRITTEN = {"long_query_time": 1, "max-allowed-packet": "64M", "slow_query_log": True, "default_time_zone": "+00:00", "loose-unheard-of": 1}


def test_a_restart_says_what_it_costs_and_settings_wait_for_nothing_afterwards(pair: Pair, tmp_path: pathlib.Path) -> None:
    with scene(pair, tmp_path) as on:
        prepared = dirty(pair, on.primary)
        assert "of changed pages were written in" in prepared and "its shutdown will take about" in prepared, prepared
        begin = now()
        done = pair.playbook("mysql", mysql_settings=WRITTEN, mysql_restart_allowed=True)
        on.flows()
        gap = on.gap(begin)
        said = " ".join(done.output.split())
        assert "its shutdown will take about" in said and "was without writes for" in said
        limits = pair.sql(on.primary, "SELECT @@GLOBAL.innodb_max_dirty_pages_pct, @@GLOBAL.innodb_max_dirty_pages_pct_lwm")[0]
        assert [float(one) for one in limits] == [90, 10]
        again = pair.playbook("mysql", mysql_settings=WRITTEN)
        assert "needs a restart" not in again.output
        assert "changed=0" in again.output
        assert seen_by(pair, on.primary) == {}
        pair.playbook("mysql", mysql_restart_allowed=True)
        on.flows()
        assert on.problems() == []
    print(f"restart with dirty pages: write gap {gap:.2f} s; {sentences(done.output)}")


KEEP_DIRTY = "SET GLOBAL innodb_adaptive_flushing = OFF, GLOBAL innodb_idle_flush_pct = 0, GLOBAL innodb_max_dirty_pages_pct_lwm = 0"


def dirty(pair: Pair, host: str) -> str:
    """As many changed pages as the redo log of a lab's host lets stand, and what mysql_restart says of them."""
    pair.sql(host, f"{KEEP_DIRTY}; CREATE DATABASE IF NOT EXISTS byhand; DROP TABLE IF EXISTS byhand.bulk")
    pair.sql(host, "CREATE TABLE byhand.bulk (id INT PRIMARY KEY AUTO_INCREMENT, x VARCHAR(4000)); INSERT INTO byhand.bulk (x) VALUES (REPEAT('a', 4000))")
    for _time in range(14):
        pair.sql(host, "INSERT INTO byhand.bulk (x) SELECT x FROM byhand.bulk", timeout=120)
    done = run([str(VENV / "ansible"), host, "-i", str(pair.inventory), "-b", "-m", "onprem.wandb.mysql_restart", "-a", "state=prepared"])
    return " ".join(done.output.split())


def sentences(output: str) -> str:
    """What the run said about the restart."""
    return " ".join(re.findall(r"\w+: (?:is restarted now\.|was without writes for) .*?\.(?= |$)", " ".join(output.split())))


def seen_by(pair: Pair, host: str) -> dict[str, dict[str, str]]:
    """The differences between what was written and what the real server prints."""
    printed = dict(row for row in pair.sql(host, "SHOW GLOBAL VARIABLES") if len(row) == 2)
    return drift.differences(WRITTEN, {name: printed[name] for name in drift.asked(WRITTEN) if name in printed})


def test_every_option_of_the_server_is_shown_by_a_variable_or_known_to_be_shown_by_none(pair: Pair) -> None:
    """The table in _mysql/settings.py against the server that runs."""
    host = look.primary(pair)
    printed = {row[0].lower() for row in pair.sql(host, "SHOW GLOBAL VARIABLES")}
    program = pair.sql(host, "SELECT @@basedir")[0][0]
    text = pair.on(host, f"{program}/bin/mysqld --no-defaults --verbose --help 2>/dev/null")
    listed = text[text.index("Variables (--variable-name=value)") :].split("\n\n")[0].splitlines()[2:]
    options = {line.split()[0].replace("-", "_") for line in listed if line.strip() and not line.startswith("-")}
    assert len(options) > 400
    assert [name for name in sorted(printed) if not settings.variable(name)] == []
    unknown = [name for name in sorted(options) if settings.variable(name) and settings.variable(name) not in printed]
    assert [name for name in unknown if not (name.startswith("skip_") and name[len("skip_") :] in printed)] == []


def test_a_setting_that_would_keep_the_server_from_starting_is_refused(pair: Pair, tmp_path: pathlib.Path) -> None:
    with scene(pair, tmp_path) as on:
        for wrong, words in (
            ({"lower_case_table_names": 1}, "the data that are there were made with it"),
            ({"default-time-zone": "Europe/Berlin"}, "named zone"),
        ):
            done = pair.playbook("mysql", check=False, mysql_settings=wrong, mysql_restart_allowed=True)
            assert done.code != 0 and words in " ".join(done.output.split()), done.tail()
            assert "changed=0" in done.output
        on.flows()
