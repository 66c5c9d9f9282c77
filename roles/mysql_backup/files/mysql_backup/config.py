# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables as the host has them: read once, in parts. A command gets all of them, and what it calls gets the part that it is about."""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem

CONFIG = "/etc/onprem-wandb/mysql-backup/config.json"


@dataclass(frozen=True)
class Home:
    """Whose backups these are, and where this host keeps what it knows of them. Ages in seconds after which a reader complains."""

    site: str
    host: str
    state_dir: str
    metrics_dir: str
    full_max_age: float
    verify_max_age: float
    ship_max_age: float

    @property
    def spool(self) -> str:
        """Binary logs on their way."""
        return os.path.join(self.state_dir, "spool")

    @property
    def status_file(self) -> str:
        """For people, verify and monitoring."""
        return os.path.join(self.state_dir, "status.json")


@dataclass(frozen=True)
class Store:
    """The repository, and restic as it is called for it. cache: what was read from there once. timeout: seconds that one run may take."""

    address: str
    environment_file: str
    ca_file: str
    restic: str
    options: tuple[str, ...]
    append_only: bool
    threads: int
    timeout: float
    host: str
    cache: str


@dataclass(frozen=True)
class Data:
    """The server of this host, its data directory, and what is noted about them. mysql_dir: the installed releases."""

    host: str
    socket: str
    directory: str
    user: str
    mysql_dir: str
    role_file: str
    state_dir: str


@dataclass(frozen=True)
class Workplace:
    """Where copies are made and proved, and how much that may cost."""

    state_dir: str
    user: str
    threads: int
    memory_mb: int
    checksum_seconds: float
    check_read_gb: float

    @property
    def work(self) -> str:
        """Nothing in it is kept."""
        return os.path.join(self.state_dir, "work")


@dataclass(frozen=True)
class Retention:
    """What is kept. max_size_gb: 0 for no limit."""

    days: float
    keep_min: int
    max_size_gb: float


@dataclass(frozen=True)
class Shipping:
    """Binary logs. interval: seconds between two runs."""

    interval: int
    batch_gb: float


@dataclass(frozen=True)
class Config:
    """All of it. journal: where the modules write what was done to the server."""

    home: Home
    store: Store
    data: Data
    workplace: Workplace
    retention: Retention
    shipping: Shipping
    journal: str


class Entries:
    """The file's entries, each with the type that it must have. A value is never shown: an address may hold a password."""

    def __init__(self, path: str, found: t.Mapping[str, t.Any]) -> None:
        self.path, self.found = path, found

    def take(self, name: str, kinds: tuple[type, ...], expected: str) -> t.Any:
        """One entry, or a sentence. A boolean is no number here."""
        if name not in self.found:
            raise unusable(f"{self.path}: {name} is missing; expected {expected}.")
        value = self.found[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise unusable(f"{self.path}: {name} is of the type {type(value).__name__}; expected {expected}.")
        return value

    def text(self, name: str) -> str:
        """A string."""
        return str(self.take(name, (str,), "a text"))

    def texts(self, name: str) -> tuple[str, ...]:
        """Strings."""
        found = self.take(name, (list,), "a list of texts")
        if not all(isinstance(one, str) for one in found):
            raise unusable(f"{self.path}: {name} holds something else than texts; expected a list of texts.")
        return tuple(found)

    def number(self, name: str) -> float:
        """A number, maybe with a fraction."""
        return float(self.take(name, (int, float), "a number"))

    def whole(self, name: str) -> int:
        """A whole number."""
        return int(self.take(name, (int,), "a whole number"))

    def yes(self, name: str) -> bool:
        """true or false."""
        return bool(self.take(name, (bool,), "true or false"))


def unusable(what: str) -> Problem:
    """The sentence about a configuration."""
    return Problem(f"{what} Nothing was done. Next: ansible-playbook onprem.wandb.backups -i <inventory>")


def load(path: str = CONFIG) -> Config:
    """The configuration; a sentence when it is missing or wrong."""
    try:
        with open(path, encoding="utf-8") as stream:
            found = json.load(stream)
    except (OSError, ValueError) as error:
        raise unusable(f"{path} cannot be read: {error}; expected the file that the role writes.") from error
    if not isinstance(found, dict):
        raise unusable(f"{path} is of the type {type(found).__name__}; expected an object.")
    return parts(Entries(path, found))


def parts(given: Entries) -> Config:
    """The parts. Sizes in the file are in GiB, ages in hours, intervals in seconds."""
    host, state_dir, user = given.text("host"), given.text("state_dir"), given.text("user")
    threads = given.whole("threads") or min(4, os.cpu_count() or 1)
    return Config(
        home=Home(
            site=given.text("site"),
            host=host,
            state_dir=state_dir,
            metrics_dir=given.text("metrics_dir"),
            full_max_age=given.number("full_max_age_hours") * 3600,
            verify_max_age=given.number("verify_max_age_hours") * 3600,
            ship_max_age=given.whole("ship_max_age"),
        ),
        store=Store(
            address=given.text("repository"),
            environment_file=given.text("environment_file"),
            ca_file=given.text("ca_file"),
            restic=given.text("restic"),
            options=given.texts("restic_options"),
            append_only=given.yes("append_only"),
            threads=threads,
            timeout=given.number("timeout_hours") * 3600,
            host=host,
            cache=os.path.join(state_dir, "cache"),
        ),
        data=Data(
            host=host,
            socket=given.text("socket"),
            directory=given.text("data_dir"),
            user=user,
            mysql_dir=given.text("mysql_dir"),
            role_file=given.text("role_file"),
            state_dir=state_dir,
        ),
        workplace=Workplace(
            state_dir=state_dir,
            user=user,
            threads=threads,
            memory_mb=given.whole("scratch_memory_mb"),
            checksum_seconds=given.whole("checksum_seconds"),
            check_read_gb=given.number("check_read_gb"),
        ),
        retention=Retention(days=given.number("retention_days"), keep_min=given.whole("keep_min"), max_size_gb=given.number("max_size_gb")),
        shipping=Shipping(interval=given.whole("ship_interval"), batch_gb=given.number("ship_batch_gb")),
        journal=given.text("journal"),
    )
