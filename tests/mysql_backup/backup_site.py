# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lab with a pair and an object store: its hosts, its application's account, the playbooks."""

from __future__ import annotations

import datetime
import json
import pathlib
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pymysql
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
NEEDED = ("db1", "db2", "store1")


class Site:
    """The running lab."""

    def __init__(self, state: pathlib.Path, patience: float = 300) -> None:
        self.state = state
        self.patience = patience  # seconds for one command
        self.inventory = state / "inventory"
        known = yaml.safe_load((self.inventory / "hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
        self.addresses = {name: host["ansible_host"] for group in known.values() for name, host in group["hosts"].items()}
        missing = [name for name in NEEDED if name not in self.addresses]
        assert not missing, "the lab in %s has no %s: lab/lab up --hosts %s" % (state, ", ".join(missing), ",".join(NEEDED))

    def ssh(self, host: str, command: str, code: int = 0, stdin: str = "") -> str:
        """Run a command as root on a host; its output and errors."""
        options = ["-o", "UserKnownHostsFile=%s" % (self.state / "ssh/known_hosts"), "-o", "BatchMode=yes"]
        call = ["ssh", "-i", str(self.state / "ssh/id_ed25519"), *options, "root@%s" % self.addresses[host], command]
        done = subprocess.run(call, check=False, capture_output=True, text=True, timeout=self.patience, input=stdin)
        assert done.returncode == code, "%s on %s ended with %d: %s%s" % (command, host, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def backup(self, host: str, *words: str, code: int = 0) -> str:
        """mysql-backup on a host."""
        return self.ssh(host, " ".join(["mysql-backup", *words]), code)

    def result(self, host: str, *words: str) -> dict[str, Any]:
        """What a step of mysql-backup returned."""
        return dict(json.loads(self.backup(host, *words).strip().splitlines()[-1]))

    def play(self, *arguments: str, code: int = 0, **variables: Any) -> str:
        """Run playbooks by name; options begin with a dash."""
        names = [str(TOP / "playbooks" / (name + ".yml")) if not name.startswith("-") else name for name in arguments]
        command = ["ansible-playbook", "-i", str(self.inventory), "-e", json.dumps(variables), *names]
        done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == code, "%s ended with %d:\n%s%s" % (" ".join(arguments), done.returncode, done.stdout[-6000:], done.stderr[-2000:])
        return done.stdout + done.stderr

    def sql(self, host: str, *statements: str, args: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """As the application; rows of the last statement."""
        password = (self.state / "secrets/mysql_app_password").read_text(encoding="utf-8").strip()
        connection = pymysql.connect(host=self.addresses[host], user="wandb_local", password=password, database="wandb_local", autocommit=True, read_timeout=60)
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, args or None)
            return list(cursor.fetchall())

    def primary(self) -> str:
        """The host that takes writes."""
        found = [name for name in ("db1", "db2") if json.loads(self.backup(name, "restore-state"))["writable"]]
        assert len(found) == 1, found
        return found[0]

    def standby(self) -> str:
        return "db2" if self.primary() == "db1" else "db1"

    def sums(self, host: str) -> dict[str, tuple[int, int]]:
        """Rows and checksum of each table of the application."""
        found = {}
        for (name,) in self.sql(host, "SHOW TABLES"):
            rows = self.sql(host, "SELECT COUNT(*) FROM %s" % name)[0][0]
            found[name] = (rows, self.sql(host, "CHECKSUM TABLE %s" % name)[0][1])
        return found

    def executed(self, host: str) -> str:
        return self.ssh(host, "mysql -NBe 'SELECT @@gtid_executed' | tr -d '\\\\n'").replace("\\n", "").strip()

    def fill(self, host: str, runs: int) -> None:
        """Something worth keeping: parents, children, blobs."""
        self.sql(
            host,
            "CREATE TABLE IF NOT EXISTS drill_runs (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(80), config JSON, "
            "at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6))",
            "CREATE TABLE IF NOT EXISTS drill_points (id BIGINT PRIMARY KEY AUTO_INCREMENT, run BIGINT, payload VARBINARY(1000), KEY (run))",
        )
        statements = []
        for number in range(runs):
            statements.append("INSERT INTO drill_runs (name, config) VALUES ('run %d', JSON_OBJECT('lr', RAND()))" % number)
            statements.append("INSERT INTO drill_points (run, payload) SELECT LAST_INSERT_ID(), RANDOM_BYTES(900) FROM information_schema.COLUMNS LIMIT 100")
        self.sql(host, *statements)

    def now(self) -> str:
        """The hosts' clock after the next full second has begun: what was committed before is before it."""
        begun = datetime.datetime.now(datetime.timezone.utc)
        until(lambda: datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) > begun, 3)
        return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def until(done: Callable[[], bool], seconds: float) -> None:
    """Wait for something, with a deadline."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "did not happen within %.0f s" % seconds
        time.sleep(0.05)
