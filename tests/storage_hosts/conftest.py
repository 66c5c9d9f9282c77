# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lab hosts with an object store, load on it, and a way to run the collection's playbooks."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

TOP = pathlib.Path(__file__).resolve().parents[2]
BUCKET, BODY = "wandb-files", os.urandom(200_000)
DRIVES, DRIVE = "1 2 3 4", "mount -t tmpfs -o size=300m tmpfs"
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(TOP / ".lab/collections")]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", default=os.environ.get("LAB_STATE", ".lab-storage"), help="state directory of the running lab, such as .lab-x")


class Load:
    """Clients that write and read until they are told to stop. The longest time without a success is what a user feels."""

    def __init__(self, client: Any) -> None:
        self.client, self.stop = client, threading.Event()
        self.good, self.bad, self.gap = {"write": 0, "read": 0}, {"write": 0, "read": 0}, {"write": 0.0, "read": 0.0}
        client.put_object(Bucket=BUCKET, Key="load/read", Body=BODY)

    def work(self, kind: str) -> None:
        last, turn = time.monotonic(), 0
        while not self.stop.is_set():
            turn += 1
            try:
                if kind == "write":
                    self.client.put_object(Bucket=BUCKET, Key=f"load/write{turn % 20}", Body=BODY)
                else:
                    assert self.client.get_object(Bucket=BUCKET, Key="load/read")["Body"].read() == BODY
                self.good[kind] += 1
                self.gap[kind] = max(self.gap[kind], time.monotonic() - last)
                last = time.monotonic()
            except (BotoCoreError, ClientError, OSError):
                self.bad[kind] += 1
        self.gap[kind] = max(self.gap[kind], time.monotonic() - last)

    def words(self) -> str:
        return ", ".join(f"{kind}s {self.good[kind]} good, {self.bad[kind]} failed, longest pause {self.gap[kind]:.1f} s" for kind in self.good)


class Lab:
    """The running lab."""

    def __init__(self, state: pathlib.Path, site: str = "inventory", **variables: Any) -> None:
        self.state, self.name, self.variables = state, state.name.removeprefix(".lab-"), variables
        self.domain, self.inventory = f"{self.name}.test", state / site
        self.secrets = pathlib.Path(variables.get("site_secrets_dir", state / "secrets"))

    def podman(self, *arguments: str) -> str:
        env = {**os.environ, "CONTAINERS_CONF": str(TOP / "lab/containers.conf")}
        return subprocess.run(["podman", *arguments], check=True, capture_output=True, text=True, env=env, timeout=120).stdout

    def on(self, host: str, command: str) -> str:
        return self.podman("exec", f"{self.name}-{host}", "sh", "-c", command)

    def play(self, playbook: str, *arguments: str, **variables: Any) -> tuple[int, str]:
        """One run: exit code and what was printed."""
        env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as given:
            json.dump({"lab_state": str(self.state), **self.variables, **variables}, given)
            given.flush()
            command = ["ansible-playbook", "-i", str(self.inventory), "-e", f"@{given.name}", *arguments, str(TOP / "playbooks" / playbook)]
            done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=600, check=False)
        return done.returncode, done.stdout + done.stderr

    def client(self, host: str, attempts: int) -> Any:
        """W&B's user, at one host or at the name of all. SDKs try five times and more."""
        secret = (self.secrets / "minio_secret_key").read_text(encoding="utf-8").strip()
        retries = {"total_max_attempts": attempts, "mode": "standard"}
        config = Config(s3={"addressing_style": "path"}, retries=retries, connect_timeout=3, read_timeout=15, max_pool_connections=20)
        return boto3.client(
            "s3", endpoint_url=f"https://{host}.{self.domain}:9000", aws_access_key_id="wandbfiles", aws_secret_access_key=secret,
            region_name="us-east-1", verify=str(self.secrets / "certificates/ca-bundle.crt"), config=config,
        )  # fmt: skip

    @contextmanager
    def load(self, host: str, attempts: int = 1) -> Iterator[Load]:
        load = Load(self.client(host, attempts))
        workers = [threading.Thread(target=load.work, args=(kind,)) for kind in load.good]
        for worker in workers:
            worker.start()
        try:
            yield load
        finally:
            load.stop.set()
            for worker in workers:
                worker.join()

    def healthy(self, host: str, maintenance: bool = False) -> bool:
        """What a server says about the set."""
        url = f"https://{host}.{self.domain}:9000/minio/health/cluster{'?maintenance=true' if maintenance else ''}"
        command = ["curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", str(self.secrets / "certificates/ca-bundle.crt"), url]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout == "200"

    def until(self, what: Any, seconds: float, words: str) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, f"{words}: not within {seconds:.0f} s"
            time.sleep(0.2)


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab((TOP / request.config.getoption("--lab")).resolve())


def part(state: pathlib.Path, name: str, host: str, **variables: Any) -> Lab:
    """One host of the lab as a site of its own."""
    folder, address = state / name, json.loads((state / "inventory/hosts.yml").read_text(encoding="utf-8"))["all"]["children"]["minio"]["hosts"][host]
    folder.mkdir(exist_ok=True)
    if not (folder / "group_vars").exists():
        (folder / "group_vars").symlink_to("../inventory/group_vars")
    (folder / "hosts.yml").write_text(json.dumps({"all": {"children": {"minio": {"hosts": {host: address}}}}}), encoding="utf-8")
    return Lab(state, name, minio_fqdn=f"{host}.{state.name.removeprefix('.lab-')}.test", site_secrets_dir=str(state / f"secrets-{name}"), **variables)


def installed(lab: Lab) -> Lab:
    for playbook in ("certificates.yml", "hosts.yml", "minio.yml"):
        code, output = lab.play(playbook)
        assert code == 0, output[-3000:]
    return lab


@pytest.fixture(scope="session")
def state(request: pytest.FixtureRequest) -> pathlib.Path:
    return pathlib.Path((TOP / request.config.getoption("--lab")).resolve())


@pytest.fixture(scope="session")
def bare(state: pathlib.Path) -> Lab:
    """The host of the second place before anything runs on it."""
    return part(state, "bare", "store2")


@pytest.fixture(scope="session")
def site(state: pathlib.Path) -> Lab:
    """One host with four drives, small enough to be filled."""
    lab = part(state, "site", "store1", minio_volumes=["/mnt/disk{1...4}/minio"])
    lab.on("store1", f"for n in {DRIVES}; do [ $(stat -f -c %T /mnt/disk$n) = tmpfs ] || {DRIVE} /mnt/disk$n; done")
    return installed(lab)


@pytest.fixture(scope="session")
def second(state: pathlib.Path) -> Lab:
    """A server on another host, with a CA, a bucket and a key of its own."""
    return installed(part(state, "second", "store2", minio_bucket="wandb-mirror"))
