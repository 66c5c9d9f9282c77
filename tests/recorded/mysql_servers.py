# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pair of real MySQL servers on loopback, with the my.cnf and the accounts of role mysql."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pymysql
import s3_server
from module_run import module
from ansible.template import trust_as_template
from ansible_collections.onprem.wandb.tests.unit.roles import test_mysql_my_cnf as role

TOP = pathlib.Path(__file__).resolve().parents[2]
APP, REPLICATION = "Test1234Test1234", "Test5678Test5678"
ADDRESSES = ("127.0.0.21", "127.0.0.22")  # every host of 127/8 is this machine, so both have MySQL's own port
PORT = 3306
USER = "nobody"  # a server never runs as root


def tree(programs: pathlib.Path) -> pathlib.Path:
    """The lab's MySQL, unpacked as role mysql does; it is built when it is not there."""
    sys.path.insert(0, str(TOP / "lab"))
    from lablib import packages

    packed = next(packages.mysql().glob("*.tar.xz"))
    with tarfile.open(packed) as archive:
        archive.extractall(programs, filter="tar")
    found = programs / packed.name.split("-")[1]
    (programs / packed.name.removesuffix(".tar.xz")).rename(found)
    subprocess.run([sys.executable, str(found / "bin/relocate")], check=True)
    return found


@dataclass
class Mysql:
    """One server."""

    base: pathlib.Path
    directory: pathlib.Path
    number: int
    pem: pathlib.Path
    ca: pathlib.Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return ADDRESSES[self.number - 1]

    @property
    def socket(self) -> str:
        return str(self.directory / "mysqld.sock")

    def configuration(self) -> str:
        """What role mysql writes, at places of this test and without its sandbox."""
        variables: dict[str, Any] = {
            "mysql_version": self.base.name, "mysql_data_dir": str(self.directory / "data"), "mysql_socket": self.socket, "mysql_bind_address": self.address,
            "mysql_address": self.address, "mysql_port": PORT, "mysql_server_id": self.number, "mysql_innodb_buffer_pool_size": 128 << 20,
            "mysql_innodb_redo_log_capacity": 64 << 20, "__mysql_base_dir": str(self.base), "__mysql_ca": str(self.ca), "__mysql_server_pem": str(self.pem),
        }  # fmt: skip
        text = role.templar(**variables).template(trust_as_template((TOP / "roles/mysql/templates/my.cnf.j2").read_text(encoding="utf-8")))
        return str(text).replace("user = mysql\n", f"user = {USER}\n")

    def make(self) -> None:
        """An empty server, which runs."""
        self.directory.mkdir()
        (self.directory / "my.cnf").write_text(self.configuration(), encoding="utf-8")
        shutil.chown(self.directory, USER)
        with open(self.directory / "log", "ab") as log:
            subprocess.run([*self.program(), "--initialize-insecure"], check=True, stdout=log, stderr=log, timeout=120)
        self.start()

    def program(self) -> list[str]:
        return [str(self.base / "bin/mysqld"), f"--defaults-file={self.directory / 'my.cnf'}"]

    def start(self) -> None:
        """Until it answers."""
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(self.program(), stdout=log, stderr=log)
        end = time.monotonic() + 60
        while True:
            try:
                self.sql("SELECT 1")
                return
            except pymysql.MySQLError:
                assert self.process.poll() is None and time.monotonic() < end, (self.directory / "log").read_text(errors="replace")[-3000:]
                time.sleep(0.1)

    def sql(self, *statements: str) -> None:
        """As root over the socket."""
        with pymysql.connect(unix_socket=self.socket, user="root", autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def value(self, statement: str) -> str:
        with pymysql.connect(unix_socket=self.socket, user="root") as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
            return str(row[0]) if row else ""

    def holds(self, statement: str, wanted: str) -> None:
        """Wait until it has applied what the primary wrote."""
        end = time.monotonic() + 60
        while self.value(statement) != wanted:
            assert time.monotonic() < end, f"{statement} is not {wanted} on db{self.number}"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(60)


@contextmanager
def pair(directory: pathlib.Path) -> Iterator[tuple[Mysql, Mysql]]:
    """The primary with a standby attached, as the role leaves them."""
    authority = s3_server.Authority(directory, "mysql")
    pem = authority.leaf("server", names=["db.mysql.test"], addresses=ADDRESSES)
    shutil.chown(pem, USER)
    base = tree(directory / "programs")
    primary, standby = (Mysql(base, directory / f"db{number}", number, pem, authority.file) for number in (1, 2))
    try:
        primary.make()
        standby.make()
        primary.sql("SET GLOBAL super_read_only = OFF", "SET GLOBAL read_only = OFF")
        passwords = {"mysql_app_password": APP, "mysql_replication_password": REPLICATION, "mysql_clone_password": REPLICATION}
        found = role.templar(**passwords).template(trust_as_template("{{ {'databases': __mysql_databases, 'users': __mysql_accounts} }}"))
        module("onprem.wandb.mysql_accounts", login_unix_socket=primary.socket, **found)
        source = f"SOURCE_HOST='{primary.address}', SOURCE_PORT={PORT}, SOURCE_USER='replication', SOURCE_PASSWORD='{REPLICATION}'"
        standby.sql(f"CHANGE REPLICATION SOURCE TO {source}, SOURCE_AUTO_POSITION=1, SOURCE_SSL=1, GET_SOURCE_PUBLIC_KEY=1", "START REPLICA")
        login = {"peer_user": "replication", "peer_password": REPLICATION, "ssl": {"ca": str(authority.file)}}
        follows = {"source_host": primary.address, "source_port": PORT, "source_user": "replication", "source_password": REPLICATION}
        for server, other, wanted in (
            (standby, primary, {"state": "replica", **follows}),
            (primary, standby, {"state": "primary", "semi_sync": "required"}),
        ):
            files = {name: str(server.directory / name) for name in ("role_file", "journal_file")}
            module("onprem.wandb.mysql_replica", login_unix_socket=server.socket, peers=[{"host": other.address}], **login, **wanted, **files)
        yield primary, standby
    finally:
        for server in (primary, standby):
            server.stop()
