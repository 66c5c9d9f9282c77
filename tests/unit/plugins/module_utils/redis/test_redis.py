# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Redis client, the comparison of settings, and the whole check against a server that speaks the protocol."""

from __future__ import annotations

import io
import socketserver
import threading

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._redis import protocol
from ansible_collections.onprem.wandb.plugins.module_utils._redis import probes as redis_probes
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Prober, findings


@pytest.mark.parametrize(("text", "expected"), [("4gb", 4 * 1024**3), ("4g", 4 * 1000**3), ("512MB", 512 * 1024**2), ("100", 100), ("1kb", 1024)])
def test_sizes(text, expected):
    assert protocol.size(text) == expected


def test_a_size_that_is_none():
    with pytest.raises(ValueError, match="is no size"):
        protocol.size("4 elephants")


@pytest.mark.parametrize(
    ("key", "wanted", "seen", "expected"),
    [
        ("maxmemory", "256mb", "268435456", True),
        ("maxmemory", "256mb", "268435457", False),
        ("bind", "127.0.0.1 10.0.0.1", "10.0.0.1 127.0.0.1", True),
        ("appendonly", "yes", "no", False),
        ("save", "", "", True),
    ],
)
def test_comparison(key, wanted, seen, expected):
    assert protocol.same(key, wanted, seen) is expected


def test_the_protocol_both_ways():
    assert protocol.encode("SET", "ä", "") == b"*3\r\n$3\r\nSET\r\n$2\r\n\xc3\xa4\r\n$0\r\n\r\n"
    assert protocol.decode(io.BytesIO(b"*3\r\n$1\r\na\r\n:7\r\n$-1\r\n")) == ["a", 7, None]
    with pytest.raises(protocol.RedisError, match="NOAUTH"):
        protocol.decode(io.BytesIO(b"-NOAUTH Authentication required.\r\n"))
    with pytest.raises(ConnectionError, match="this is no Redis"):
        protocol.decode(io.BytesIO(b"HTTP/1.1 400 Bad Request\r\n"))
    with pytest.raises(ConnectionError, match="closed"):
        protocol.decode(io.BytesIO(b""))


class Server(socketserver.ThreadingTCPServer):
    """A Redis of a few commands, with faults to plant."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, **faults):
        super().__init__(("127.0.0.1", 0), Handler)
        self.password = "secret"
        self.version = "7.2.16"
        self.settings = {"maxmemory-policy": "noeviction", "appendonly": "yes"}
        self.used, self.maxmemory = 1000, 100000
        self.values = {}
        self.config_allowed = True
        self.read_only = False
        self.loading = 0
        self.denied = ()
        self.more = ""
        for name, value in faults.items():
            setattr(self, name, value)


class Handler(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self):
        known = not self.server.password
        while True:
            try:
                words = protocol.decode(self.rfile)
            except (ConnectionError, ValueError):
                return
            name = words[0].upper()
            if name == "AUTH":
                known = words[1] == self.server.password
                answer = "+OK" if known else "-WRONGPASS invalid username-password pair"
            elif not known:
                answer = "-NOAUTH Authentication required."
            else:
                answer = self.refused(name) or getattr(self, name.lower(), self.fine)(*words[1:])
            self.wfile.write((answer + "\r\n").encode())

    @staticmethod
    def bulk(text):
        return f"${len(text)}\r\n{text}"

    @staticmethod
    def fine(*dummy):
        return "+OK"

    def refused(self, name):
        return f"-NOPERM this user has no permissions to run the '{name.lower()}' command" if name in self.server.denied else ""

    def ping(self):
        self.server.loading -= 1
        return "-LOADING Redis is loading the dataset in memory" if self.server.loading >= 0 else "+PONG"

    def info(self):
        server = self.server
        policy = server.settings["maxmemory-policy"]
        return self.bulk(
            f"# Server\r\nredis_version:{server.version}\r\nused_memory:{server.used}\r\nmaxmemory:{server.maxmemory}\r\n"
            f"maxmemory_policy:{policy}\r\n{server.more}"
        )

    def config(self, dummy, key):
        if not self.server.config_allowed:
            return "-NOPERM this user has no permissions to run the 'config|get' command"
        if key not in self.server.settings:
            return "*0"
        return f"*2\r\n{self.bulk(key)}\r\n{self.bulk(self.server.settings[key])}"

    def set(self, key, value, *dummy):
        if self.server.read_only:
            return "-READONLY You can't write against a read only replica."
        self.server.values[key] = value
        return "+OK"

    def get(self, key):
        return self.bulk(self.server.values[key])

    def unlink(self, *keys):
        return f":{len([self.server.values.pop(key, None) for key in keys])}"


setattr(Handler, "del", Handler.unlink)


def check(params=None, check_mode=False, **faults):
    server = Server(**faults)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    defaults = {
        "host": "127.0.0.1",
        "port": server.server_address[1],
        "password": "secret",
        "tls": False,
        "ca_file": None,
        "server_name": "",
        "version": "7.2",
        "settings": {"maxmemory-policy": "noeviction", "appendonly": "yes"},
        "timeout": 2,
    }
    prober = Prober(10, errors=(OSError, protocol.RedisError, ValueError))
    try:
        redis_probes.ask(redis_probes.Check({**defaults, **(params or {})}, check_mode), prober)
    finally:
        server.shutdown()
        server.server_close()
    assert server.values == {}, "the check leaves nothing behind"
    return {result["name"]: result for result in prober.results}, findings(prober.results, strict=True)


def test_a_good_server_has_no_finding():
    probes, names = check()
    assert names == []
    assert {probe["verdict"] for name, probe in probes.items() if name != "certificate"} == {"pass"}
    assert probes["certificate"]["evidence"] == {"reason": "no TLS"}


@pytest.mark.parametrize(
    ("faults", "params", "name", "words"),
    [
        ({"settings": {"maxmemory-policy": "allkeys-lru", "appendonly": "yes"}}, {}, "settings", "silently drops"),
        ({"settings": {"maxmemory-policy": "noeviction", "appendonly": "no"}}, {}, "settings", "restart it"),
        ({"config_allowed": False}, {}, "settings", "managed Redis"),
        ({"version": "6.2.7"}, {}, "version", "W&B supports Redis 7"),
        ({"version": "8.0.1"}, {}, "version", "W&B supports Redis 7"),
        ({"password": "other"}, {}, "ping", "not the server's"),
        ({}, {"password": ""}, "ping", "wants a password"),
        ({"maxmemory": 0}, {}, "memory", "No maxmemory"),
        ({"used": 95000}, {}, "memory", "90 %"),
        ({"read_only": True}, {}, "write_and_read", "read-only replica"),
        ({"denied": ("BRPOP", "EVAL")}, {}, "commands", "need BRPOP, EVAL,"),
        ({"denied": ("SET",)}, {}, "write_and_read", "may not write"),
        ({"more": "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379"}, {}, "role", "replica of 10.0.0.1:6379"),
        ({"more": "cluster_enabled:1"}, {}, "role", "member of a cluster"),
        ({"more": "rdb_last_bgsave_status:err"}, {}, "persistence", "rdb_last_bgsave_status"),
        ({"more": "connected_clients:95\r\nmaxclients:100"}, {}, "clients", "90 % of maxclients"),
        ({}, {"host": "127.0.0.1", "port": 1}, "connect", "Nothing usable listens"),
        ({}, {"tls": True}, "connect", ""),
    ],
)
def test_each_fault_is_one_finding_with_its_remedy(faults, params, name, words):
    probes, names = check(params, **faults)
    assert names == [name]
    assert words in probes[name]["remedy"]


def test_where_nothing_answers_each_question_names_one_that_failed():
    """verify follows "needs" to the probe that says what is wrong; one that is in no list looked like a question that nobody wanted to ask."""
    params = {"host": "127.0.0.1", "port": 1, "password": "pw", "tls": False, "server_name": "", "timeout": 2, "version": "7", "settings": {}}
    prober = Prober(deadline=10, errors=(OSError, protocol.RedisError, ValueError))
    redis_probes.ask(redis_probes.Check(params, False), prober)
    names = {result["name"] for result in prober.results}
    for result in prober.results:
        assert set(str(result["evidence"].get("reason", "needs connect")).replace("needs ", "").split(", ")) <= names, result


def test_a_server_that_loads_is_waited_for():
    assert check(loading=2)[1] == []


def test_a_server_without_a_password():
    assert check(password="")[1] == ["ping"]  # AUTH is refused by a server that has no password
    assert check({"password": ""}, password="")[1] == ["password_required"]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("-NOAUTH Authentication required.", "pass"),
        ("-DENIED Redis is running in protected mode", "pass"),
        ("+PONG", "fail"),
        ("-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", "fail"),
        ("-BUSY Redis is busy running a script.", "fail"),
        ("-ERR max number of clients reached", "skip"),
    ],
)
def test_what_a_stranger_is_told(monkeypatch, answer, verdict):
    """A user `default on nopass` takes any password. A server that cannot save says so to whoever is in, which passed for a refusal."""

    class Stranger:
        def call(self, *_words):
            return protocol.decode(io.BytesIO(answer.encode() + b"\r\n"))

        def close(self):
            pass

    check_ = redis_probes.Check({"host": "127.0.0.1", "port": 1, "password": "secret"}, False)
    monkeypatch.setattr(check_, "open", Stranger)
    prober = Prober(10, errors=(OSError, protocol.RedisError))
    prober.run("password_required", check_.password_required)
    assert prober.verdict("password_required") == verdict


def test_check_mode_writes_nothing():
    probes, names = check(check_mode=True)
    assert probes["write_and_read"]["verdict"] == "skip"
    assert names == []
