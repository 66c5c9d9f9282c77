# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import threading
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import drift


@pytest.mark.parametrize(
    ("name", "wanted", "seen", "same"),
    [
        ("sync_binlog", 1, "1", True),
        ("gtid_mode", "ON", "ON", True),
        ("super_read_only", "ON", "1", True),
        ("skip_replica_start", True, "ON", True),
        ("relay_log_recovery", "OFF", "0", True),
        ("sort_buffer_size", "64M", "67108864", True),
        ("sort_buffer_size", 67108864, "262144", False),
        ("binlog_row_image", "MINIMAL", "FULL", False),
        ("innodb_buffer_pool_size", 9 * 2**30 + 2**27, str(10 * 2**30), True),
        ("innodb_buffer_pool_size", 9 * 2**30, str(2**27), False),
        ("innodb_buffer_pool_size", 2**27, str(9 * 2**30), False),
    ],
)
def test_values(name: str, wanted: t.Any, seen: str, same: bool) -> None:
    assert drift.same(name, wanted, seen) == same


def test_the_seven_of_wandb() -> None:
    right = {name: str(value) for name, value in drift.VALIDATED.items()}
    assert drift.differences(drift.VALIDATED, right) == {}
    for name in drift.VALIDATED:
        assert list(drift.differences(drift.VALIDATED, {**right, name: "7"})) == [name]


def test_a_variable_the_server_does_not_know_is_a_difference() -> None:
    assert "unknown" in drift.differences({"nonsense": 1}, {})["nonsense"]["seen"]


def greeting(capabilities: int) -> bytes:
    return b"\n9.7.4\0" + b"\x01\0\0\0" + b"12345678" + b"\0" + capabilities.to_bytes(2, "little") + b"rest"


def test_tls_is_read_from_the_greeting() -> None:
    assert drift.offers_tls(greeting(0xFFFF))
    assert not drift.offers_tls(greeting(0xFFFF & ~drift.CLIENT_SSL))


@pytest.mark.parametrize(("packet", "expected"), [(b"\xff\x6a\x04Host is not allowed", None), (greeting(0), b"")])
def test_servers_without_a_certificate(packet: bytes, expected: t.Optional[bytes]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client = listener.accept()[0]
            client.sendall(len(packet).to_bytes(3, "little") + b"\0" + packet)
            client.close()

        thread = threading.Thread(target=serve)
        thread.start()
        assert drift.presented("127.0.0.1", listener.getsockname()[1]) == expected
        thread.join()


def test_a_file_without_a_certificate(tmp_path: t.Any) -> None:
    (tmp_path / "x.pem").write_text("nothing\n")
    assert drift.in_file(str(tmp_path / "x.pem")) == b""
