# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""W&B on rediss://: proved from the pods' side, then Redis and all its data are lost, then Redis is somebody else's."""

from __future__ import annotations

import time

from clients import Site, job_round, load, total
from conftest import Lab, serving, until


def cli(lab: Lab, command: str, user: str = "") -> str:
    """Redis asked on its own host."""
    secret = "redis_admin_password" if user else "redis_password"
    words = f"redis-cli --no-auth-warning --tls --cacert /etc/redis/tls/ca.crt {'--user ' + user if user else ''} {command}"
    return lab.on("store1", f"REDISCLI_AUTH={lab.secret(secret)} {words}").strip()


def ready(clients: Site) -> int:
    """What W&B says about its dependencies, at the ingress."""
    status, body = clients.ask("GET", "/ready")
    assert status in (200, 502, 503, 504), f"/ready: {status}, which tells a client to give up: {body[:200]!r}"
    return status


def test_wandb_speaks_tls_with_redis(lab: Lab, clients: Site) -> None:
    redis = lab.resource()["global"]["redis"]
    assert redis["params"] == {"tls": "true", "caCertPath": "/etc/ssl/certs/redis_ca.pem"}
    assert lab.rows()["EX-20"]["result"] == "pass"
    assert clients.json("POST", "/api/selftest")["ok"]
    # The port takes nothing but TLS, and the pods' addresses are behind the connections that use the queue.
    assert cli(lab, "CONFIG GET port").split() == ["port", "0"]
    users = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in cli(lab, "CLIENT LIST", "onprem-admin").splitlines()]
    workers = {user["addr"].rsplit(":", 1)[0] for user in users if user["user"] == "default"}
    assert workers & {lab.addresses["node1"], lab.addresses["node2"]}, users


def test_a_certificate_of_a_stranger_is_refused_by_wandb(lab: Lab, clients: Site) -> None:
    """The negative: were W&B content with any certificate, it would be ready here."""
    own = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=stranger -keyout {0}/redis.key -out {0}/redis.crt"
    lab.on("store1", own.format("/etc/redis/tls") + " 2>/dev/null; chgrp redis /etc/redis/tls/redis.key; systemctl restart redis-server")
    try:
        until(lambda: ready(clients) == 503, 60, "W&B says that it is not ready")
        assert lab.rows()["EX-20"]["result"] == "fail"
    finally:
        lab.play("redis.yml")
    back = until(lambda: serving(clients), 120, "W&B serves again")
    print(f"\nready {back:.1f} s after the playbook")


def test_redis_and_its_data_are_lost(lab: Lab, clients: Site) -> None:
    """Jobs that were queued come back from MySQL; W&B says 503 while it has no queue, and serves again without anybody's help but the playbook's."""
    pods = lab.pods()
    with load(clients, job_round, workers=4, pause=0.2) as counts:
        until(lambda: total(counts, job_round).good > 20, 60, "jobs before the loss")
        lab.on("store1", "systemctl stop redis-server && find /var/lib/redis -mindepth 1 -delete")
        lost = time.monotonic()
        until(lambda: ready(clients) != 200, 60, "W&B says that it is not ready")
        lab.play("redis.yml")
        played = time.monotonic()
        until(lambda: serving(clients), 120, "W&B serves again")
        back = time.monotonic()
        again = total(counts, job_round).good
        until(lambda: total(counts, job_round).good > again + 20, 60, "jobs after the loss")
    seen = total(counts, job_round)
    print(f"\nRedis and its data lost: playbook {played - lost:.1f} s after it, W&B ready {back - played:.1f} s after that; jobs: {seen.words()}")
    # A job that W&B had taken is done; one that it could not take was refused with a 5xx, which tells the client to come again.
    assert not [line for line in seen.failed if "is queued after" in line], seen.failed
    assert all(": 503 " in line or ": 502 " in line for line in seen.failed), seen.failed
    assert lab.pods() == pods
