# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on a copy: no network, no binary log, no replication, and nothing of the live server in reach."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, Server, pymysql, text_of

from .base import remove, say
from .config import Workplace
from .process import die_with_parent
from .server import connect

# What the data files themselves depend on; it travels in the manifest.
VARIABLES = ("innodb_page_size", "innodb_data_file_path", "lower_case_table_names", "character_set_server", "collation_server")
# Files a server makes for itself; the data do not need them, and some carry the identity of the server they came from.
OWN_FILES = ("auto.cnf", "ibtmp1", "mysqld-auto.cnf", "binlog.index", "relay.index", "scratch.err", "scratch.pid")


def clean(directory: str) -> None:
    """Without binary logs, relay logs and identity: a server on it opens no file of another one."""
    for name in os.listdir(directory):
        if name in OWN_FILES or name.startswith(("binlog.", "relay.", "scratch-relay", "#innodb_temp")):
            remove(os.path.join(directory, name))


def give(directory: str, user: str) -> None:
    """The server's user owns it: numbers of users differ between hosts."""
    owner = pwd.getpwnam(user)
    for folder, _folders, files in os.walk(directory):
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        for name in files:
            os.lchown(os.path.join(folder, name), owner.pw_uid, owner.pw_gid)


class Scratch:
    """with Scratch(...) as server: server.session() …; leaving it shuts the server down cleanly."""

    def __init__(self, place: Workplace, directory: str, basedir: str, variables: t.Mapping[str, str], seconds: float = 3600, lasting: bool = False) -> None:
        self.place, self.directory, self.basedir, self.variables, self.seconds = place, directory, basedir, variables, seconds
        self.lasting = lasting  # the copy will become the data directory: a crash of this host must not tear its pages
        self.run_dir = os.path.join(place.work, "run")
        self.socket = os.path.join(self.run_dir, "s.sock")
        self.log = os.path.join(self.run_dir, "error.log")
        self.process: t.Optional[subprocess.Popen[bytes]] = None

    def argv(self) -> list[str]:
        """--no-defaults: my.cnf names files of the live server."""
        known = [f"--{name}={value}" for name, value in sorted(self.variables.items()) if name in VARIABLES and value not in ("", None)]
        return [
            os.path.join(self.basedir, "bin/mysqld"),
            "--no-defaults",
            f"--basedir={self.basedir}",
            f"--plugin-dir={self.basedir}/lib/plugin",
            f"--datadir={self.directory}",
            f"--tmpdir={self.run_dir}",
            f"--socket={self.socket}",
            f"--pid-file={self.run_dir}/pid",
            f"--log-error={self.log}",
            f"--lc-messages-dir={self.basedir}/share",
            "--skip-networking",
            "--loose-mysqlx=OFF",
            "--secure-file-priv=NULL",
            "--skip-log-bin",
            "--server-id=4294967295",
            "--gtid-mode=ON",
            "--enforce-gtid-consistency=ON",
            "--skip-replica-start",
            "--relay-log=scratch-relay",
            "--event-scheduler=OFF",
            "--plugin-load-add=auth_socket.so",
            "--loose-auto-generate-certs=OFF",
            "--loose-sha256-password-auto-generate-rsa-keys=OFF",
            "--loose-caching-sha2-password-auto-generate-rsa-keys=OFF",
            f"--innodb-buffer-pool-size={self.place.memory_mb}M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-load-at-startup=OFF",
            "--innodb-buffer-pool-dump-at-shutdown=OFF",
            f"--innodb-doublewrite={'ON' if self.lasting else 'OFF'}",
            "--max-allowed-packet=1G",
            "--max-connections=64",
            *known,
        ]

    def __enter__(self) -> Scratch:
        owner = pwd.getpwnam(self.place.user)
        remove(self.run_dir)
        os.makedirs(self.run_dir)
        os.chown(self.run_dir, owner.pw_uid, owner.pw_gid)
        if len(self.socket) > 100:
            raise Problem(f"{self.socket} is longer than a socket's path may be (107 characters). Next: set mysql_backup_state_dir: <a shorter path>.")
        self.process = subprocess.Popen(
            self.argv(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            user=owner.pw_uid,
            group=owner.pw_gid,
            extra_groups=[],
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )
        end = time.monotonic() + self.seconds
        while True:
            try:
                self.session(10).close()
                return self
            except (pymysql.MySQLError, OSError) as error:
                seen = text_of(error)
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise Problem(
                    f"A server could not be started on the copy {self.directory}. Seen: {self.last_error() or seen}. Expected: it starts, as the "
                    "live one does. Next: mysql-backup full for a new copy; when that fails, too, look at the data of this server."
                )
            time.sleep(0.05)

    def session(self, timeout: t.Optional[float] = None) -> Server:
        """root on its socket."""
        return connect(self.socket, timeout)

    def last_error(self) -> str:
        """The last error of its log."""
        try:
            with open(self.log, encoding="utf-8", errors="replace") as stream:
                lines = [line.strip() for line in stream if "[ERROR]" in line]
        except OSError:
            return ""
        return lines[-1][:300] if lines else ""

    def kill(self) -> None:
        """At once."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __exit__(self, kind: t.Optional[type], *_error: object) -> None:
        if kind is not None or self.process is None:
            self.kill()
            return
        with self.session(self.seconds) as session:
            session.rows("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
            session.rows("SHUTDOWN")
        try:
            code = self.process.wait(self.seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            code = -9
        if code != 0:
            raise Problem(
                f"The server on the copy {self.directory} did not shut down cleanly (exit status {code}). Seen: {self.last_error()}. Next: mysql-backup verify"
            )
        shutil.rmtree(self.run_dir)
        clean(self.directory)
        say(f"{self.directory}: clean")
