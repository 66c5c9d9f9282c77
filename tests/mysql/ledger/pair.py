"""The pair under test: addresses, the application's account, commands on the hosts, the collection's playbooks."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

TOP = Path(__file__).resolve().parents[3]
VENV = TOP / ".lab/venv/bin"


class LedgerError(Exception):
    """A step of the proof that could not be carried out; the text is a whole sentence."""


@dataclass
class Done:
    """A program that has ended. began, ended: seconds on the monotonic clock, which all processes of this machine share."""

    code: int
    output: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.output.splitlines()[-lines:])


def run(command: list[str], timeout: float = 120, text: str = "", **env: str) -> Done:
    """Run a program to its end; a non-zero exit is no exception here."""
    began = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=TOP,
            env={**environment(), **env},
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout or ""
        raise LedgerError(f"{' '.join(command[:6])} … did not end within {timeout:.0f} s. It had printed:\n{said[-3000:]}") from late
    return Done(done.returncode, done.stdout, began, time.monotonic())


def environment() -> dict[str, str]:
    """Our venv, this collection, plain output."""
    return {
        **os.environ,
        "PATH": f"{VENV}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"),
        "ANSIBLE_NOCOLOR": "1",
        "CONTAINERS_CONF": str(TOP / "lab/containers.conf"),
        "PYTHONUNBUFFERED": "1",
    }


def wait_for(what: str, seconds: float, done: Callable[[], str]) -> float:
    """Poll until done() returns an empty text, which otherwise says what was seen. Returns the seconds it took."""
    began = time.monotonic()
    while True:
        seen = done()
        if not seen:
            return time.monotonic() - began
        if time.monotonic() - began > seconds:
            raise LedgerError(f"{what}: not within {seconds:.0f} s. Seen last: {seen}")
        time.sleep(0.1)


@dataclass(frozen=True)
class Account:
    """How the application logs in: over TLS, the server's name is checked."""

    user: str
    password: str = field(repr=False)
    database: str
    ca: str
    port: int = 3306


@dataclass
class Pair:
    """Two lab hosts and what leads to them. state is the lab's directory, such as .lab-ledger."""

    state: Path
    inventory: Path
    hosts: dict[str, str]  # inventory name -> address
    containers: dict[str, str]  # inventory name -> podman container
    site: str
    account: Account
    endpoint: str = ""  # the VIP; empty: the application knows both addresses
    log: Path = TOP / ".lab/logs"

    @property
    def addresses(self) -> list[str]:
        """What the application is told."""
        return [self.endpoint] if self.endpoint else list(self.hosts.values())

    def other(self, host: str) -> str:
        return next(name for name in self.hosts if name != host)

    def podman(self, *words: str, timeout: float = 60, check: bool = True) -> str:
        """The power switch and the console of a host."""
        done = run(["podman", *words], timeout)
        if check and done.code:
            raise LedgerError(f"podman {shlex.join(words)} ended with {done.code}: {done.output.strip()}")
        return done.output

    def on(self, host: str, command: str, timeout: float = 60, check: bool = True) -> str:
        """A command on a host's console: it works when the network does not."""
        done = run(["podman", "exec", self.containers[host], "/bin/sh", "-c", command], timeout)
        if check and done.code:
            raise LedgerError(f"{host}: {command!r} ended with {done.code}: {done.output.strip()}")
        return done.output

    def sql(self, host: str, statements: str, timeout: float = 60) -> list[list[str]]:
        """Statements as root on the socket; rows as text."""
        command = ["podman", "exec", "-i", self.containers[host], "/usr/local/bin/mysql", "--user=root", "--socket=/run/mysqld/mysqld.sock", "--batch", "-N"]
        done = run(command, timeout, text=statements)
        if done.code:
            raise LedgerError(f"{host}: {statements!r} failed: {done.output.strip()}")
        return [line.split("\t") for line in done.output.splitlines()]

    def playbook(self, name: str, timeout: float = 600, check: bool = True, log: str = "", words: list[str] | None = None, **variables: Any) -> Done:
        """One playbook of the collection; .lab/logs/<log>.log has its output with times."""
        command = [str(VENV / "ansible-playbook"), "-i", str(self.inventory), "-e", json.dumps(variables), *(words or []), f"playbooks/{name}.yml"]
        self.log.mkdir(parents=True, exist_ok=True)
        path = self.log / f"{log or f'ledger-{name}'}.log"
        path.unlink(missing_ok=True)
        done = run(command, timeout, ANSIBLE_LOG_PATH=str(path))
        if check and done.code:
            raise LedgerError(f"playbooks/{name}.yml ended with {done.code} after {done.seconds:.0f} s:\n{done.tail(40)}")
        return done


def find(state: Path, endpoint: str | None = None) -> Pair:
    """The pair of a running lab. endpoint: another address for the application, or empty for the list of both hosts."""
    inventory = state / "inventory" if (state / "inventory").is_dir() else TOP / "inventories/lab"
    groups = yaml.safe_load((inventory / "hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
    hosts = {name: one["ansible_host"] for name, one in (groups.get("mysql") or {"hosts": {}})["hosts"].items()}
    if len(hosts) != 2:
        raise LedgerError(f"{inventory}/hosts.yml has {len(hosts)} hosts in the group mysql; the ledger needs two: lab/lab up --hosts db1,db2.")
    variables = inventory_variables(inventory, next(iter(hosts)))
    secrets = state / "secrets"
    if not (secrets / "mysql_app_password").is_file():
        raise LedgerError(f"{secrets} has no mysql_app_password. Next: ansible-playbook -i {inventory} playbooks/mysql.yml.")
    name = "" if state.name == ".lab" else state.name.removeprefix(".lab-") + "-"
    return Pair(
        state=state,
        inventory=inventory,
        hosts=hosts,
        containers={host: f"{name}{host}" for host in hosts},
        site=variables["site"],
        account=Account(
            variables["user"],
            (secrets / "mysql_app_password").read_text(encoding="utf-8").strip(),
            variables["database"],
            str(secrets / "certificates/ca-bundle.crt"),
        ),
        endpoint=variables["endpoint"] if endpoint is None else endpoint,
    )


ASKED = {"site": "site_name", "user": "mysql_app_user", "database": "mysql_database", "endpoint": "mysql_endpoint_address"}
DEFAULTS = {"site": "lab", "user": "wandb_local", "database": "wandb_local", "endpoint": ""}


def inventory_variables(inventory: Path, host: str) -> dict[str, str]:
    """What the inventory says of a host, templates resolved; the role's defaults for the rest."""
    wanted = ", ".join(f"'{name}': {variable} | default('{DEFAULTS[name]}')" for name, variable in ASKED.items())
    words = ["-m", "ansible.builtin.debug", "-a", f"msg={{{{ {{{wanted}}} }}}}"]
    done = run([str(VENV / "ansible"), host, "-i", str(inventory), *words], ANSIBLE_CALLBACK_RESULT_FORMAT="json")
    if done.code or "=> {" not in done.output:
        raise LedgerError(f"the variables of {host} in {inventory} cannot be read: {done.output}")
    found: dict[str, str] = json.loads(done.output[done.output.index("=> {") + 3 :])["msg"]
    return found
