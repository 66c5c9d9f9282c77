# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""W&B moves to a Redis that is not ours: set up by hand on a host, TLS only, with a certificate of a CA that nobody else knows. And back."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from clients import Site
from conftest import Lab

HOST, PORT = "db2", 6380
BY_HAND = """set -eu
dpkg -s redis-server >/dev/null 2>&1 || DEBIAN_FRONTEND=noninteractive apt-get install -y -q redis-server >/dev/null
systemctl disable -q --now redis-server
mkdir -p /srv/theirs && cd /srv/theirs
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=theirs -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=redis -keyout redis.key -out redis.csr 2>/dev/null
echo 'subjectAltName=IP:{address}' >ext
openssl x509 -req -in redis.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 -extfile ext -out redis.crt 2>/dev/null
cat >redis.conf <<END
port 0
tls-port {port}
bind {address}
tls-cert-file /srv/theirs/redis.crt
tls-key-file /srv/theirs/redis.key
tls-ca-cert-file /srv/theirs/ca.crt
tls-auth-clients no
requirepass {password}
maxmemory 128mb
maxmemory-policy noeviction
dir /srv/theirs
END
chown -R redis /srv/theirs
systemd-run -q --unit theirs --uid redis redis-server /srv/theirs/redis.conf
"""


@pytest.fixture(scope="module")
def theirs(lab: Lab) -> Iterator[dict[str, Any]]:
    """A running server, and an inventory without hosts in group redis, whose variables name it."""
    password = secrets.token_hex(16)
    lab.on(HOST, BY_HAND.format(address=lab.addresses[HOST], port=PORT, password=password))
    folder = lab.state / "external"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    groups = {name: group for name, group in lab.inventory["all"]["children"].items() if name != "redis"}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": groups}}), encoding="utf-8")
    (folder / "group_vars").symlink_to("../inventory/group_vars")
    (folder / "ca.crt").write_text(lab.on(HOST, "cat /srv/theirs/ca.crt"), encoding="utf-8")
    yield {
        "inventory": str(folder),
        "wandb_redis_host": lab.addresses[HOST],
        "wandb_redis_port": PORT,
        "wandb_redis_password": password,
        "wandb_redis_tls": True,
        "wandb_redis_ca_file": str(folder / "ca.crt"),
    }
    lab.play("wandb.yml")
    lab.on(HOST, "systemctl stop theirs; rm -rf /srv/theirs")
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"wandb_redis_ca_file": "bundle"}, "certificate"),
        ({"wandb_redis_tls": False}, "The port speaks TLS: connect with it"),
        ({"wandb_redis_password": "another"}, "password"),
    ],
    ids=["another CA", "plain", "another password"],
)
def test_what_wandb_cannot_use_is_refused_before_wandb(lab: Lab, theirs: dict[str, Any], wrong: dict[str, Any], words: str) -> None:
    given = {**theirs, **{name: lab.bundle if value == "bundle" else value for name, value in wrong.items()}}
    code, output = lab.try_play("redis.yml", "wandb.yml", **given)
    assert code != 0
    assert words in " ".join(output.split())
    assert "changed=0" in output
    assert "Install W&B" not in output


def test_wandb_works_with_it(lab: Lab, clients: Site, theirs: dict[str, Any]) -> None:
    lab.play("preflight.yml", "redis.yml", "wandb.yml", **theirs)
    redis = lab.resource()["global"]["redis"]
    assert (redis["host"], redis["port"], redis["params"]["tls"]) == (lab.addresses[HOST], PORT, "true")
    assert clients.json("POST", "/api/selftest")["ok"]
    rows = lab.rows(**theirs)
    assert [row for row in rows.values() if row["result"] == "fail"] == []
    assert f"rediss://{lab.addresses[HOST]}:{PORT}" in rows["EX-20"]["measured"]
    assert "changed=0" in lab.play("redis.yml", "wandb.yml", **theirs), "a second run knows nothing better"
