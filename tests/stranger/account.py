# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An ordinary account of this machine for the test: no sudo, nothing of ours in its environment, and the checkout is not there for it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass

MARK = "onprem.wandb test stranger"  # the account's comment: only an account that has it is removed
# How this machine reaches its package registry; given to what installs packages and to nothing else.
REGISTRY = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)


@dataclass
class Done:
    """A command that has ended."""

    command: str
    code: int
    output: str
    seconds: float

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.output.splitlines() if line.startswith(("[WARNING]", "[DEPRECATION WARNING]", "[ERROR]"))]


class Account:
    """The stranger."""

    def __init__(self, name: str, hidden: pathlib.Path, again: bool = False) -> None:
        self.name, self.hidden = name, hidden
        if not again:
            self.remove()
            subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", "--comment", MARK, name], check=True)
        entry = pwd.getpwnam(name)
        self.home, self.uid, self.gid = pathlib.Path(entry.pw_dir), entry.pw_uid, entry.pw_gid

    def remove(self) -> None:
        """Take the account away with its home and what still runs of it: the kept connections of SSH."""
        try:
            entry = pwd.getpwnam(self.name)
        except KeyError:
            return
        if entry.pw_gecos != MARK:
            raise RuntimeError(f"the account {self.name} of this machine is somebody else's. Next: STRANGER=<another name> make stranger")
        deadline = time.monotonic() + 20
        while alive := [process for process in pathlib.Path("/proc").glob("[0-9]*") if owner(process) == entry.pw_uid]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"processes of {self.name} do not end: {', '.join(process.name for process in alive)}")
            for process in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(process.name), signal.SIGKILL)
            time.sleep(0.05)
        subprocess.run(["userdel", "--remove", self.name], check=True, capture_output=True)

    def give(self, path: str, content: bytes | str, mode: int = 0o600) -> pathlib.Path:
        """A file of the stranger's."""
        target = self.home / path
        for folder in reversed(target.relative_to(self.home).parents[:-1]):
            (self.home / folder).mkdir(exist_ok=True)
            os.chown(self.home / folder, self.uid, self.gid)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(mode)
        os.chown(target, self.uid, self.gid)
        return target

    def run(self, command: str, *, where: str = "", secret: str = "", registry: bool = False, seconds: float = 900, **env: str) -> Done:
        """A command line in the account's shell, as after a login; the checkout is an empty directory."""
        known = {"HOME": str(self.home), "USER": self.name, "LOGNAME": self.name, "SHELL": "/bin/bash", "PATH": "/usr/local/bin:/usr/bin:/bin",
                 "LANG": "C.UTF-8", "TERM": "dumb", "COLUMNS": "200"}
        if registry:
            # Half of pip's time goes into compiling modules of which a site imports a few.
            known |= {"PIP_COMPILE": "0"} | {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name in REGISTRY}
        words = ["runuser", "-u", self.name, "--", "env", "-i", *[f"{name}={value}" for name, value in (known | env).items()], "bash", "-c",
                 f"set -euo pipefail; cd {shlex.quote(str(self.home / where))}; {command}"]
        hide = f"mount -t tmpfs -o size=64k,mode=755 none {shlex.quote(str(self.hidden))}; exec {shlex.join(words)}"
        begun = time.monotonic()
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-ec", hide], cwd="/", input=secret, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
        return Done(command, done.returncode, done.stdout, time.monotonic() - begun)


def owner(process: pathlib.Path) -> int:
    """Who runs it; -1 when it has ended."""
    try:
        return process.stat().st_uid
    except OSError:
        return -1
