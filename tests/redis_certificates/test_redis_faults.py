# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults planted in real Redis servers: the check names exactly each of them, and nothing on the healthy ones."""

from __future__ import annotations

import http.server
import pathlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from acme import free_port
from servers import DAY, HOSTS, NOW, PASSWORD, Pki, check, client, redis

Scene = Callable[[pathlib.Path, Pki], Any]  # a context manager: (port, parameters of the check)
ALL = "~* &* +@all"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


def plain(*settings: str, **params: Any) -> Scene:
    """A server without TLS."""

    @contextmanager
    def scene(work: pathlib.Path, pki: Pki) -> Iterator[tuple[int, dict[str, Any]]]:
        with redis(work, (), *settings) as port:
            yield port, params

    return scene


def user(rules: str) -> Scene:
    """A server whose default user has these rules."""
    return plain("user", f"default on >{PASSWORD} {rules}")


def secure(make: Callable[[Pki], list[Any]], *settings: str, ca: str | None = "root.crt", **params: Any) -> Scene:
    """A server with TLS and this chain, asked by a client with this CA."""

    @contextmanager
    def scene(work: pathlib.Path, pki: Pki) -> Iterator[tuple[int, dict[str, Any]]]:
        chain = pki.write(f"chain-{work.name}.crt", *make(pki))
        files = ["tls-cert-file", chain, "tls-key-file", pki.path("server.key"), "tls-ca-cert-file", pki.path("root.crt")]
        with redis(work, files, *settings) as port:
            yield port, {"tls": True, "ca_file": pki.path(ca) if ca else None, **params}

    return scene


def good(pki: Pki) -> list[Any]:
    return [pki.leaf(), pki.middle]


@contextmanager
def replica(work: pathlib.Path, pki: Pki) -> Iterator[tuple[int, dict[str, Any]]]:
    with redis(work) as primary, redis(work, (), "replicaof", f"127.0.0.1 {primary}", "masterauth", PASSWORD) as port:
        yield port, {}


def filled(share: float) -> Scene:
    """A server whose memory is used up to a share of its limit."""

    @contextmanager
    def scene(work: pathlib.Path, pki: Pki) -> Iterator[tuple[int, dict[str, Any]]]:
        with redis(work) as port:
            connection = client(port)
            connection.call("CONFIG", "SET", "maxmemory", "0")
            for number in range(int(share * 58)):
                connection.call("SET", f"block-{number}", "x" * 1_000_000)
            connection.call("CONFIG", "SET", "maxmemory", str(int(int(_used(connection)) / share)))
            yield port, {}

    return scene


def _used(connection: Any) -> str:
    return next(line.split(":")[1] for line in connection.call("INFO", "memory").splitlines() if line.startswith("used_memory:"))


@contextmanager
def failed_save(work: pathlib.Path, pki: Pki) -> Iterator[tuple[int, dict[str, Any]]]:
    with redis(work, (), "save", "1 1", "enable-protected-configs", "yes") as port:
        connection = client(port)
        connection.call("CONFIG", "SET", "dbfilename", "a" * 255)  # too long for the name of a temporary file's successor
        connection.call("SET", "a", "1")
        (work / f"redis-{port}").rename(work / "gone")
        (work / "gone").chmod(0o500)
        connection.call("CONFIG", "SET", "dir", "/proc/self")
        connection.call("BGSAVE")
        while "rdb_bgsave_in_progress:1" in connection.call("INFO", "persistence"):
            pass
        yield port, {}


@contextmanager
def crowded(work: pathlib.Path, pki: Pki) -> Iterator[tuple[int, dict[str, Any]]]:
    with redis(work, (), "maxclients", "20") as port:
        held = [client(port) for dummy in range(18)]
        yield port, {}
        assert held


@contextmanager
def website(work: pathlib.Path, pki: Pki) -> Iterator[tuple[int, dict[str, Any]]]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_port, {}
        server.shutdown()


@contextmanager
def nobody(work: pathlib.Path, pki: Pki) -> Iterator[tuple[int, dict[str, Any]]]:
    yield free_port(), {}


OLD_TLS = ("tls-protocols", '"TLSv1 TLSv1.1"', "tls-ciphers", '"DEFAULT@SECLEVEL=0"')
FAULTS: dict[str, tuple[Scene, str, str]] = {
    "certificate expired": (secure(lambda p: [p.leaf(start=NOW - 100 * DAY, days=90), p.middle]), "connect", "has expired"),
    "certificate not yet valid": (secure(lambda p: [p.leaf(start=NOW + 10 * DAY), p.middle]), "connect", "not valid yet"),
    "certificate for another name": (secure(lambda p: [p.leaf(hosts=["other.test"]), p.middle]), "connect", "not valid for 127.0.0.1"),
    "name asked is another": (secure(good, server_name="cache.test"), "connect", "not valid for cache.test"),
    "missing intermediate": (secure(lambda p: [p.leaf()]), "connect", "sends no certificate of the issuer 'commonName=Corp issuing CA'"),
    "self-signed": (secure(lambda p: [p.self_signed()]), "connect", "is self-signed (not signed by any CA)"),
    "self-signed root sent, not known": (
        secure(lambda p: [p.leaf(), p.middle, p.root], ca=None),
        "connect",
        "ends at a root that is not among the system's CAs",
    ),
    "another CA": (secure(good, ca="other.crt"), "connect", "sends no certificate of the issuer 'commonName=Corp root'"),
    "no CA given": (secure(good, ca=None), "connect", "no ca_file was given"),
    "certificate ends soon": (secure(lambda p: [p.leaf(days=5), p.middle]), "certificate", "ends in 4 days"),
    "old TLS only": (secure(good, *OLD_TLS), "connect", "only versions of TLS before 1.2"),
    "TLS off while rediss asked": (plain(tls=True), "connect", "The port does not speak TLS, and rediss:// was asked for"),
    "TLS on while plain asked": (secure(good, tls=False), "ping", "The port speaks TLS"),
    "wrong password": (plain(password="WrongWrong"), "ping", "not the server's"),
    "no password given": (plain(password=""), "ping", "wants a password"),
    "user unknown": (plain(username="wandb"), "ping", "not the server's"),
    "server without a password": (plain("user", f"default on nopass {ALL}"), "ping", "The server has no password"),
    "ACL without BRPOP": (user(f"{ALL} -brpop"), "commands", "need BRPOP, which"),
    "ACL without scripts": (user(f"{ALL} -@scripting"), "commands", "need EVAL, which"),
    "ACL without transactions": (user(f"{ALL} -@transaction"), "commands", "need MULTI, which"),
    "ACL of other keys": (user("~wandb:* &* +@all"), "write_and_read", "may not write"),
    "ACL of other channels": (user("~* resetchannels &jobs +@all"), "commands", "need PUBLISH, which"),
    "ACL that only reads": (user("~* &* +@read +@connection +info +config"), "write_and_read", "may not write"),
    "command renamed": (plain("rename-command", 'EVAL ""'), "commands", "need EVAL, which"),
    "queues evicted": (plain("maxmemory-policy", "allkeys-lru"), "settings", "silently drops W&B's jobs"),
    "queues evicted, CONFIG forbidden": (
        plain("user", f"default on >{PASSWORD} {ALL} -config", "maxmemory-policy", "volatile-lru"),
        "settings",
        "silently drops W&B's jobs",
    ),
    "log off": (plain(settings={"appendonly": "yes"}), "settings", "other settings"),
    "read-only replica": (replica, "role", "read-only replica of 127.0.0.1:"),
    "member of a cluster": (plain("cluster-enabled", "yes"), "role", "member of a cluster"),
    "memory nearly full": (filled(0.95), "memory", "Over 90 % of maxmemory"),
    "memory full": (filled(1.1), "memory", "Over 90 % of maxmemory"),
    "no limit of memory": (plain("maxmemory", "0"), "memory", "No maxmemory"),
    "too few replicas": (plain("min-replicas-to-write", "1"), "write_and_read", "too few replicas"),
    "saving fails": (failed_save, "persistence", "The last write to the disk failed"),
    "connections used up": (crowded, "clients", "Over 90 % of maxclients"),
    "another version": (plain(version="6.2"), "version", "install 6.2"),
    "a web server": (website, "ping", ""),
    "nothing listens": (nobody, "connect", "Nothing usable listens"),
}
HEALTHY: dict[str, Scene] = {
    "plain": plain(),
    "with TLS": secure(good),
    "with TLS and its root sent": secure(lambda p: [p.leaf(), p.middle, p.root]),
    "by its name": secure(good, server_name="redis.test"),
    "TLS 1.2 only": secure(good, "tls-protocols", '"TLSv1.2"'),
    "self-signed and known": secure(lambda p: [p.self_signed()], ca="self.crt"),
    "the users of role redis": user(f"{ALL} -@admin -flushall -flushdb -swapdb -migrate +config|get"),
    "managed, CONFIG forbidden": user(f"{ALL} -@admin"),
    "log and snapshots": plain("appendonly", "yes", "save", "60 1", settings={"appendonly": "yes", "maxmemory-policy": "noeviction"}),
    "memory half full": filled(0.5),
    "a primary with a replica": plain("min-replicas-to-write", "0"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_check_names_exactly_the_planted_fault(tmp_path: pathlib.Path, pki: Pki, name: str) -> None:
    scene, probe, words = FAULTS[name]
    with scene(tmp_path, pki) as (port, params):
        probes, found = check(port, **params)
    assert found == [probe], probes
    assert words in probes[probe]["remedy"], probes[probe]
    assert PASSWORD not in str(probes)


@pytest.mark.parametrize("name", HEALTHY)
def test_no_false_alarm(tmp_path: pathlib.Path, pki: Pki, name: str) -> None:
    if name == "self-signed and known":
        certificate = pki.self_signed()
        pki.write("self.crt", certificate)
        scene = secure(lambda dummy: [certificate], ca="self.crt")
    else:
        scene = HEALTHY[name]
    with scene(tmp_path, pki) as (port, params):
        probes, found = check(port, **params)
        assert found == [], {probe: probes[probe] for probe in found}
        if not params.get("tls") and "users of role" not in name and "managed" not in name:
            assert client(port).call("KEYS", "onprem-wandb-check:*") == []
    assert HOSTS
