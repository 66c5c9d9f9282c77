# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real SSH server on loopback whose logins can do nothing but SFTP. Nothing of it is installed: it runs from its packages, as a user without rights."""

from __future__ import annotations

import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import s3_server

TOP = pathlib.Path(__file__).resolve().parents[2]
USER = "daemon"  # nobody is locked where systemd answers for it


@dataclass
class Sftp:
    """Where it listens, and what a client needs."""

    port: int
    directory: pathlib.Path

    def options(self) -> dict[str, str]:
        """Of a remote of rclone, with what role minio_backup adds to one of type sftp."""
        files = {"key_file": str(self.directory / "client"), "known_hosts_file": str(self.directory / "known_hosts")}
        return {"type": "sftp", "host": "127.0.0.1", "port": str(self.port), "user": USER, "shell_type": "none", **files}


def install(work: pathlib.Path) -> pathlib.Path:
    """The server, and beside it the one library that few machines have; its user may look into no cache of root."""
    sys.path.insert(0, str(TOP / "lab"))
    from lablib import packages

    for source in (packages.unpacked("openssh-server") / "usr/sbin/sshd", *packages.unpacked("libwrap0").glob("usr/lib/*/libwrap.so.0")):
        shutil.copy(source, work)
    return work / "sshd"


@contextmanager
def sftp() -> Iterator[Sftp]:
    """Until the end of the block."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="sftp-"))  # its user may look into no directory of pytest
    made = Sftp(s3_server.free_port(), work)
    try:
        server = install(work)
        for name in ("host", "client"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(work / name)], check=True)
        (work / "authorized").write_text('restrict,command="internal-sftp" ' + (work / "client.pub").read_text(), encoding="utf-8")
        (work / "known_hosts").write_text(f"[127.0.0.1]:{made.port} " + (work / "host.pub").read_text(), encoding="utf-8")
        settings = {
            "Port": made.port, "ListenAddress": "127.0.0.1", "HostKey": work / "host", "AuthorizedKeysFile": work / "authorized", "PidFile": "none",
            "StrictModes": "no", "UsePAM": "no", "PasswordAuthentication": "no", "Subsystem": "sftp internal-sftp", "MaxStartups": "100",
        }  # fmt: skip
        (work / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()), encoding="utf-8")
        (work / "place").mkdir()
        for path in (work, *work.iterdir()):
            if path.name != "client":
                shutil.chown(path, USER)
        environment = {**os.environ, "LD_LIBRARY_PATH": str(work)}
        with open(work / "log", "ab") as log:
            command = [str(server), "-D", "-e", "-f", str(work / "sshd_config")]
            process = subprocess.Popen(command, env=environment, user=USER, group=pwd.getpwnam(USER).pw_gid, extra_groups=[], stdout=log, stderr=log)
        try:
            wait(made, process)
            yield made
        finally:
            process.terminate()
            process.wait(20)
    finally:
        shutil.rmtree(work)


def wait(made: Sftp, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection(("127.0.0.1", made.port), 1) as connection:
                if connection.recv(4) == b"SSH-":
                    return
        except OSError:
            assert process.poll() is None and time.monotonic() < end, (made.directory / "log").read_text(errors="replace")
        time.sleep(0.05)
