# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients that hammer the data tier over TLS while every certificate, and then the CA, is replaced:  rotation.py --lab .lab-x

Each request is a new connection that verifies name and chain, and an operation. A client reads the bundle as it was before the step that is under
way, as a machine does that has not taken the new one yet. One connection per service stays open all the time.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pymysql
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / ".lab/collections")]

from ansible_collections.onprem.wandb.plugins.module_utils import _redis

PLAYBOOKS = ("certificates", "mysql", "redis", "minio")
WORKERS = 2  # per service


@dataclass
class Count:
    """What one kind of client saw."""

    done: int = 0
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0  # seconds
    served: set[str] = field(default_factory=set)  # fingerprints of the certificates


class Site:
    """Addresses, secrets and the bundle of a running lab."""

    def __init__(self, state: pathlib.Path) -> None:
        self.state = state
        groups = yaml.safe_load((state / "inventory/hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
        self.address = {group: next(iter(entry["hosts"].values()))["ansible_host"] for group, entry in groups.items()}
        self.secrets = state / "secrets"
        self.take_bundle()

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text(encoding="utf-8").strip()

    def take_bundle(self) -> None:
        """What the clients trust from now on. One context for all: loading a bundle costs more than a request."""
        self.trust = ssl.create_default_context(cafile=str(self.secrets / "certificates/ca-bundle.crt"))
        self.trust.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)

    def play(self, *arguments: str) -> str:
        """The playbooks of the data tier, as an operator runs them."""
        env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}
        variables = ["-e", '{"redis_tls": true, "mysql_accept_single_host": true}', *arguments]
        command = ["ansible-playbook", "-i", str(self.state / "inventory"), *variables, *(str(TOP / f"playbooks/{name}.yml") for name in PLAYBOOKS)]
        done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise AssertionError(f"{' '.join(command[-6:])} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-2000:]}")
        return done.stdout


def redis_request(site: Site, count: Count) -> None:
    client = _redis.Client(site.address["redis"], 6379, 10, site.trust)
    try:
        count.served.add(hashlib.sha256(client.der()).hexdigest()[:16])
        client.call("AUTH", site.secret("redis_password"))
        assert client.call("SET", "rotation", "1", "EX", "60") == "OK"
    finally:
        client.close()


def mysql_request(site: Site, count: Count) -> None:
    connection = pymysql.connect(
        host=site.address["mysql"],
        user="wandb_local",
        password=site.secret("mysql_app_password"),
        ssl=site.trust,
        connect_timeout=10,
        read_timeout=10,
        autocommit=True,
    )
    try:
        count.served.add(hashlib.sha256(connection._sock.getpeercert(binary_form=True)).hexdigest()[:16])
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
    finally:
        connection.close()


def minio_request(site: Site, count: Count) -> None:
    connection = http.client.HTTPSConnection(site.address["minio"], 9000, timeout=10, context=site.trust)
    try:
        connection.connect()
        count.served.add(hashlib.sha256(connection.sock.getpeercert(binary_form=True)).hexdigest()[:16])
        connection.request("GET", "/minio/health/live")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    finally:
        connection.close()


SERVICES: dict[str, Callable[[Site, Count], None]] = {"redis": redis_request, "mysql": mysql_request, "minio": minio_request}


def hammer(site: Site, name: str, count: Count, stop: threading.Event) -> None:
    """Requests one after the other until told to stop."""
    while not stop.is_set():
        started = time.monotonic()
        try:
            SERVICES[name](site, count)
        except (OSError, AssertionError, _redis.RedisError, pymysql.MySQLError, http.client.HTTPException) as error:
            count.failed.append(f"{time.strftime('%H:%M:%S')} {type(error).__name__}: {error}")
        count.done += 1
        count.slowest = max(count.slowest, time.monotonic() - started)


def held_redis(site: Site, count: Count, stop: threading.Event) -> None:
    """A connection from before the rotation, as W&B's workers hold them."""
    client = _redis.Client(site.address["redis"], 6379, 10, site.trust)
    client.call("AUTH", site.secret("redis_password"))
    while not stop.wait(0.005):
        try:
            client.call("PING")
        except (OSError, _redis.RedisError) as error:
            count.failed.append(f"{time.strftime('%H:%M:%S')} {type(error).__name__}: {error}")
            return
        count.done += 1
    client.close()


def pids(site: Site) -> dict[str, str]:
    """Main processes of the services: a reload keeps them."""
    options = ["-o", f"UserKnownHostsFile={site.state / 'ssh/known_hosts'}", "-o", "BatchMode=yes", "-i", str(site.state / "ssh/id_ed25519")]
    found = {}
    for group, process in (("redis", "redis-server"), ("mysql", "mysqld"), ("minio", "minio")):
        command = ["ssh", *options, f"root@{site.address[group]}", f"pgrep -x -o {process}"]
        found[group] = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL).stdout.strip()
    return found


def measure(state: pathlib.Path, least: int = 10_000) -> dict[str, Any]:
    """Renew all certificates, then the CA in three steps; go on until every service has answered so many requests."""
    site = Site(state)
    before = pids(site)
    counts = {name: Count() for name in SERVICES}
    held = Count()
    stop = threading.Event()
    threads = [threading.Thread(target=hammer, args=(site, name, counts[name], stop)) for name in SERVICES for dummy in range(WORKERS)]
    threads.append(threading.Thread(target=held_redis, args=(site, held, stop)))
    started = time.monotonic()
    for thread in threads:
        thread.start()
    steps = {}
    try:
        for step in ("renew", "introduce", "switch", "retire"):
            begin = time.monotonic()
            if step == "renew":
                for path in (site.secrets / "certificates").glob("*.crt"):
                    if path.stem in ("redis", "minio") or path.stem.startswith("mysql-"):
                        path.unlink()
            site.play(*(["-e", f"certificates_ca_rotate={step}"] if step != "renew" else []))
            site.take_bundle()
            steps[step] = round(time.monotonic() - begin, 1)
        end = time.monotonic() + 180
        while min(count.done for count in counts.values()) < least and time.monotonic() < end:
            stop.wait(0.2)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    result = {
        name: {
            "requests": count.done,
            "failed": len(count.failed),
            "slowest_ms": round(count.slowest * 1000),
            "certificates": len(count.served),
            "first": count.failed[:3],
        }
        for name, count in counts.items()
    }
    result["held redis connection"] = {"requests": held.done, "failed": len(held.failed), "first": held.failed[:3]}
    return {"seconds": round(time.monotonic() - started, 1), "steps": steps, "same_processes": pids(site) == before, "services": result}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", default=".lab", help="state directory of a running lab with Redis (TLS), MySQL and MinIO")
    parser.add_argument("--requests", type=int, default=10_000, help="least number per service")
    given = parser.parse_args()
    found = measure((TOP / given.lab).resolve(), given.requests)
    print(json.dumps(found, indent=2))
    return 0 if found["same_processes"] and not any(entry["failed"] for entry in found["services"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
