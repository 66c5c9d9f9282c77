# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions over real sockets on loopback, and namespaces as /proc shows them."""

from __future__ import annotations

import os
import pathlib
import socket
import struct
import threading
import time
import typing as t
from contextlib import contextmanager

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._host import netns
from ansible_collections.onprem.wandb.plugins.module_utils._host import pod_traffic as traffic
from ansible_collections.onprem.wandb.plugins.module_utils._work import pod_network_check

ADDRESS = bytes([192, 0, 2, 31])


def reply(asked: bytes, code: int = 0, addresses: t.Sequence[bytes] = (ADDRESS,), alias: bool = False) -> bytes:
    """What a nameserver makes of a question: an alias first where there is one, names as pointers."""
    records = [b"\xc0\x0c" + struct.pack(">2HIH", 5, 1, 30, 2) + b"\xc0\x0c"] if alias else []
    records += [b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 30, 4) + address for address in addresses]
    return asked[:2] + struct.pack(">5H", 0x8180 | code, 1, len(records), 0, 0) + asked[12:] + b"".join(records)


@contextmanager
def nameserver(answer: t.Callable[[bytes], bytes | None]) -> t.Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    asked, who = sock.recvfrom(512)
                except socket.timeout:
                    continue
                text = answer(asked)
                if text is not None:
                    sock.sendto(text, who)

        thread = threading.Thread(target=serve)
        thread.start()
        yield sock.getsockname()[1]
        over.set()
        thread.join()


@pytest.mark.parametrize(("answer", "expected"), [
    (reply, (["192.0.2.31"], "")),
    (lambda asked: reply(asked, alias=True, addresses=[ADDRESS, ADDRESS]), (["192.0.2.31", "192.0.2.31"], "")),
    (lambda asked: reply(asked, 3, []), ([], "NXDOMAIN")),
    (lambda asked: reply(asked, 2, []), ([], "SERVFAIL")),
    (lambda asked: reply(asked, 0, []), ([], "no address for the name")),
    (lambda asked: None, ([], "no answer in time")),
    (lambda asked: b"??" + reply(asked)[2:], ([], "an answer that cannot be read (not an answer to this question)")),
    (lambda asked: reply(asked)[:20], ([], "an answer that cannot be read (a name does not end)")),
    (lambda asked: b"x", ([], "an answer that cannot be read (too short)")),
])
def test_what_a_nameserver_says(answer: t.Callable[[bytes], bytes | None], expected: tuple[list[str], str]) -> None:
    with nameserver(answer) as port:
        assert traffic.resolve("127.0.0.1", "s3.example.com", 0.3, port) == expected


def test_a_question_is_repeated() -> None:
    asked: list[bytes] = []

    def second(question: bytes) -> bytes | None:
        asked.append(question)
        return reply(question) if len(asked) > 1 else None

    with nameserver(second) as port:
        assert traffic.resolve("127.0.0.1", "s3.example.com", 1.0, port)[1] == ""


def test_no_nameserver_there() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    assert traffic.resolve("127.0.0.1", "a.b", 0.4, port) == ([], "connection refused")


@pytest.mark.parametrize("name", ["a..b", ".".join(["x" * 64, "b"])])
def test_no_dns_name(name: str) -> None:
    assert traffic.resolve("127.0.0.1", name, 0.1)[1].startswith("an answer that cannot be read")


def test_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        there = {"node": "n", "name": "p", "address": "127.0.0.1", "port": server.getsockname()[1]}
        found = traffic.connections([there, {**there, "port": closed.getsockname()[1]}, {**there, "port": 0}], 1.0)
    assert [item["error"] for item in found] == ["", "connection refused"]
    assert set(found[0]) == {"node", "pod", "address", "port", "error", "milliseconds"}


TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 10.244.1.0/24 2 0 2
        |-- 10.244.1.0
           /24 link UNICAST
        |-- 10.244.1.5
           /32 host LOCAL
        |-- 10.244.1.255
           /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
"""


def test_local_addresses() -> None:
    assert netns.local_addresses(TRIE) == {"10.244.1.5", "127.0.0.1"}


def test_the_namespace_with_an_address(tmp_path: pathlib.Path) -> None:
    for pid, identity, text in (("7", "net:[1]", ""), ("8", "net:[2]", TRIE), ("9", "net:[2]", TRIE)):
        (tmp_path / pid / "ns").mkdir(parents=True)
        (tmp_path / pid / "net").mkdir()
        (tmp_path / pid / "ns/net").symlink_to(identity)
        (tmp_path / pid / "net/fib_trie").write_text(text)
    (tmp_path / "10").mkdir()  # a process that ends just now
    assert netns.find("10.244.1.5", str(tmp_path)) == str(tmp_path / "8/ns/net")
    assert netns.find("10.244.1.255", str(tmp_path)) == ""


def test_an_answer_from_a_child() -> None:
    assert netns.ask("", lambda: {"pid": os.getpid()}, 5.0)["pid"] != os.getpid()


def test_a_child_that_fails_or_hangs() -> None:
    with pytest.raises(netns.NamespaceError, match="no-such"):
        netns.ask("/no-such/ns", lambda: 1, 5.0)
    begun = time.monotonic()
    with pytest.raises(netns.NamespaceError, match=r"no answer within 0\.2 s"):
        netns.ask("", lambda: time.sleep(60), 0.2)
    assert time.monotonic() - begun < 10


def parameters(**changes: t.Any) -> dict[str, t.Any]:
    base = {"node": "node1", "partners": [], "dns_address": "", "dns_pods": [], "cluster_names": ["k.local"], "names": [], "resolv_conf": "", "timeout": 0.3}
    return {**base, **changes}


def test_a_node_without_a_pod_asks_from_its_own_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        partner = {"node": "node2", "name": "p", "address": "127.0.0.1", "port": server.getsockname()[1]}
        found = pod_network_check.measure(parameters(partners=[partner], dns_address="127.0.0.1"))
    assert (found["source"], found["source_problem"], found["from_pod"]) == ("", "no pod with a network of its own runs here", [])
    assert [item["error"] for item in found["from_node"]] == [""]
    assert [(item["role"], item["name"], bool(item["error"])) for item in found["names"]] == [("service", "k.local", True)]


def test_a_pod_that_is_nowhere_here() -> None:
    partner = {"node": "node1", "name": "p", "address": "198.51.100.77", "port": 0}
    assert "no process here has the address 198.51.100.77" in pod_network_check.measure(parameters(partners=[partner]))["source_problem"]


def test_a_pod_whose_network_is_entered() -> None:
    """The network of this process stands for one: whoever may enter it connects from there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        mine = {"node": "node1", "name": "ns/mine", "address": "127.0.0.1", "port": 0}
        other = {"node": "node2", "name": "ns/other", "address": "127.0.0.1", "port": server.getsockname()[1]}
        found = pod_network_check.measure(parameters(partners=[mine, other]))
    if found["source_problem"]:
        assert "Operation not permitted" in found["source_problem"]  # without root nobody enters
        return
    assert found["source"] == "ns/mine"
    assert [(item["node"], item["pod"], item["error"]) for item in found["from_pod"]] == [("node2", "ns/other", "")]
