# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository: restic with this site's address, password and keys."""

from __future__ import annotations

import datetime
import json
import os
import re
import socket
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem

from . import failures, process, sftp
from .config import Store

PROBE_SECONDS = 10
PATIENCE = 900  # seconds that a step waits for the lock of another one; restic's --retry-lock is younger than the oldest version that is supported
PAUSE = 1.0


@dataclass(frozen=True)
class Snapshot:
    """One entry of the repository."""

    id: str
    at: datetime.datetime
    host: str
    paths: tuple[str, ...]
    tags: tuple[str, ...]

    def tag(self, name: str) -> str:
        """Value of a tag name=value; empty when there is none."""
        return next((one.split("=", 1)[1] for one in self.tags if one.startswith(name + "=")), "")


class Failed(Problem):
    """restic ended with an error; kind is one of failures.KINDS."""

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


def snapshot_of(entry: t.Mapping[str, t.Any]) -> Snapshot:
    """From restic's JSON. Its fractions of a second are too many for Python, its zone is a number."""
    match = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", entry["time"])
    assert match, entry["time"]
    text = match[1] + (match[2] or "")[:7] + ("+00:00" if match[3] == "Z" else match[3])
    at = datetime.datetime.fromisoformat(text if match[2] is None else match[1] + (match[2] + "000000")[:7] + text[-6:])
    return Snapshot(
        entry["id"], at.astimezone(datetime.timezone.utc), entry.get("hostname", ""), tuple(entry.get("paths") or ()), tuple(entry.get("tags") or ())
    )


class Repository:
    """restic on the configured repository."""

    def __init__(self, store: Store, patience: float = PATIENCE) -> None:
        self.store, self.patience = store, patience
        self.locked_out = False

    def environment(self) -> dict[str, str]:
        """Password and keys from the file that only root reads, times in UTC, a cache that may be lost."""
        found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TZ": "UTC", "LANG": "C.UTF-8"}
        found.update(
            {"RESTIC_REPOSITORY": self.store.address, "RESTIC_CACHE_DIR": os.path.join(self.store.cache, "restic"), "GOMAXPROCS": str(self.store.threads)}
        )
        try:
            with open(self.store.environment_file, encoding="utf-8") as stream:
                lines = stream.read().splitlines()
        except (OSError, ValueError) as error:
            raise Problem(f"{self.store.environment_file} cannot be read: {error}. Next: ansible-playbook onprem.wandb.backups -i <inventory>") from error
        for line in lines:
            name, mark, value = line.partition("=")
            if mark and not line.startswith("#"):
                found[name] = value
        return found

    def argv(self) -> list[str]:
        """restic and the options that every command has."""
        extra = ["--cacert", self.store.ca_file] if self.store.ca_file else []
        extra += sftp.options(self.store.address, os.path.dirname(self.store.environment_file), self.store.options)
        return [self.store.restic, *extra, *self.store.options]

    def explain(self, text: str) -> Failed:
        """An error of restic as a sentence."""
        return Failed(failures.sentence(text, self.store.address, self.store.environment_file), failures.kind(text))

    def run(
        self,
        *arguments: str,
        stdin: str = "",
        timeout: t.Optional[float] = None,
        cwd: str = "/",
        accept: t.Sequence[int] = (0,),
        patience: t.Optional[float] = None,
    ) -> process.Done:
        """Run restic; an error is a sentence. A lock of a run that was killed is removed once (restic removes only locks whose owner is gone), the lock of
        one that is at work is waited for, patience seconds at most."""
        end = time.monotonic() + (self.patience if patience is None else patience)
        while True:
            try:
                return self.once(arguments, stdin, timeout or self.store.timeout, cwd, accept)
            except Failed as failure:
                if failure.kind != "locked" or arguments[0] == "unlock":
                    raise
                if not self.locked_out:
                    self.locked_out = True
                    self.run("unlock", timeout=120)
                elif time.monotonic() >= end:
                    raise
                else:
                    time.sleep(PAUSE)

    def once(self, arguments: t.Sequence[str], stdin: str, timeout: float, cwd: str, accept: t.Sequence[int]) -> process.Done:
        """Run restic."""
        try:
            done = process.run([*self.argv(), *arguments], self.environment(), stdin, timeout, cwd)
        except process.Late as late:
            raise self.explain(f"{late}: i/o timeout") from late
        except OSError as error:
            raise Problem(f"{self.store.restic} cannot be run: {error}. Next: ansible-playbook onprem.wandb.backups -i <inventory>") from error
        if done.code in accept:
            return done
        raise self.explain(done.error or done.out)

    def piece(self, *arguments: str, seconds: float) -> t.Optional[process.Done]:
        """A run that has the repository for itself, ended after some seconds so that others come to it; None when it was. restic can be ended anywhere."""
        end = time.monotonic() + self.patience
        while True:
            try:
                return self.once(arguments, "", seconds, "/", (0,))
            except Failed as failure:
                if failure.__cause__ is not None:
                    return None
                if failure.kind != "locked" or time.monotonic() >= end:
                    raise
                time.sleep(PAUSE)

    def probe(self) -> None:
        """A quick answer where restic would try for a quarter of an hour."""
        match = re.match(r"(?:s3:|rest:)(https?)://(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?", self.store.address)
        if not match:
            return
        host, port = match[2].strip("[]"), int(match[3] or (443 if match[1] == "https" else 80))
        try:
            socket.create_connection((host, port), PROBE_SECONDS).close()
        except (OSError, ValueError, OverflowError) as error:
            raise self.explain(f"dial tcp {host}:{port}: {error}") from error

    def open(self) -> str:
        """Id of the repository; fails when it cannot be reached, is not there or has another password."""
        self.probe()
        return str(json.loads(self.run("cat", "config", "--no-lock", timeout=120).out)["id"])

    def snapshots(self, *tags: str) -> list[Snapshot]:
        """Entries with any of the tags, the oldest first."""
        wanted = [word for tag in tags for word in ("--tag", tag)]
        found = json.loads(self.run("snapshots", "--json", "--no-lock", *wanted, timeout=600).out or "[]") or []
        return sorted((snapshot_of(entry) for entry in found), key=lambda one: one.at)

    def backup(
        self, paths: t.Sequence[str], tags: t.Sequence[str], at: t.Optional[datetime.datetime] = None, cwd: str = "/", stdin: str = ""
    ) -> dict[str, t.Any]:
        """Store files; with stdin one file of that content named by paths[0]. Returns restic's summary."""
        words = [word for tag in tags for word in ("--tag", tag)]
        words += ["--time", at.strftime("%Y-%m-%d %H:%M:%S")] if at else []
        words += ["--stdin", "--stdin-filename", paths[0]] if stdin else ["--", *paths]
        done = self.run("backup", "--json", "--host", self.store.host, *words, stdin=stdin, cwd=cwd)
        summary = [json.loads(line) for line in done.out.splitlines() if '"message_type":"summary"' in line]
        if not summary:
            raise Problem(
                f"restic stored into {self.store.address} and gave no summary. Seen: {done.out[-200:]}{done.error[-200:]}. Next: mysql-backup status."
            )
        return dict(summary[-1])

    def dump(self, snapshot: Snapshot, name: str) -> dict[str, t.Any]:
        """A small JSON file of a snapshot."""
        return dict(json.loads(self.run("dump", "--no-lock", snapshot.id, name, timeout=600).out))

    def restore(self, snapshot: Snapshot, target: str, *include: str) -> None:
        """Write a snapshot, or some files of it, below a directory."""
        words = [word for name in include for word in ("--include", name)]
        done = self.run("restore", "--no-lock", snapshot.id, "--target", target, *words)
        if re.search(r"ignoring error|There were \d+ errors|error for ", done.error + done.out):
            raise self.explain(done.error + done.out)

    def forget(self, snapshots: t.Sequence[Snapshot], patience: t.Optional[float] = None) -> None:
        """Remove entries; their data go with prune."""
        if snapshots and not self.store.append_only:
            self.run("forget", *[one.id for one in snapshots], timeout=3600, patience=patience)

    def bytes(self) -> int:
        """Size of everything stored."""
        return int(json.loads(self.run("stats", "--json", "--no-lock", "--mode", "raw-data", timeout=3600).out)["total_size"])
