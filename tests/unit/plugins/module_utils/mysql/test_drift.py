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


# What a server of 8.4 prints for settings as people write them (FC-28): name, value in the inventory, the variable, its value.
PRINTED: list[tuple[str, t.Any, str, str]] = [
    ("long_query_time", 1, "long_query_time", "1.000000"),
    ("long_query_time", 0.5, "long_query_time", "0.500000"),
    ("max-allowed-packet", "64M", "max_allowed_packet", "67108864"),
    ("max-allowed-packet", 67108865, "max_allowed_packet", "67108864"),
    ("Slow-Query-Log", True, "slow_query_log", "ON"),
    ("slow_query_log", 1, "slow_query_log", "ON"),
    ("slow_query_log", "true", "slow_query_log", "ON"),
    ("default_time_zone", "+00:00", "time_zone", "+00:00"),
    ("default-time-zone", "SYSTEM", "time_zone", "SYSTEM"),
    ("loose_innodb_numa_interleave", "ON", "innodb_numa_interleave", "ON"),
    ("innodb_io_capacity", "2K", "innodb_io_capacity", "2048"),
    ("tmpdir", "/srv/tmp/", "tmpdir", "/srv/tmp"),
    ("character-set-server", "utf8", "character_set_server", "utf8mb3"),
    ("sql_mode", "NO_ZERO_DATE,STRICT_TRANS_TABLES", "sql_mode", "STRICT_TRANS_TABLES,NO_ZERO_DATE"),
    ("sql_mode", "TRADITIONAL", "sql_mode", "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,TRADITIONAL,NO_ENGINE_SUBSTITUTION"),
    ("log_error_verbosity", 3, "log_error_verbosity", "3"),
    ("innodb_max_dirty_pages_pct", 75, "innodb_max_dirty_pages_pct", "75.000000"),
    ("join_buffer_size", 1000000, "join_buffer_size", "999936"),
    ("event_scheduler", False, "event_scheduler", "OFF"),
    ("skip_name_resolve", None, "skip_name_resolve", "ON"),
    ("skip-event-scheduler", True, "event_scheduler", "OFF"),
    ("init_connect", "'SET NAMES utf8mb4'", "init_connect", "SET NAMES utf8mb4"),
]


@pytest.mark.parametrize(("name", "wanted", "variable", "printed"), PRINTED)
def test_a_setting_as_people_write_it_needs_no_restart(name: str, wanted: t.Any, variable: str, printed: str) -> None:
    assert variable in drift.asked([name])
    assert drift.differences({name: wanted}, {variable: printed}) == {}


@pytest.mark.parametrize(
    ("name", "wanted", "variable", "printed"),
    [
        ("long-query-time", 1, "long_query_time", "10.000000"),
        ("default_time_zone", "+01:00", "time_zone", "SYSTEM"),
        ("max-allowed-packet", "64M", "max_allowed_packet", "16777216"),
        ("max_connections", 5000, "max_connections", "4992"),
        ("sql_mode", "ANSI,NO_ZERO_DATE", "sql_mode", "NO_ZERO_DATE"),
        ("sql_mode", "STRICT_TRANS_TABLES", "sql_mode", "STRICT_TRANS_TABLES,NO_ZERO_DATE"),
        ("skip-event-scheduler", True, "event_scheduler", "ON"),
        ("slow_query_log", True, "slow_query_log", "OFF"),
    ],
)
def test_a_setting_that_waits_for_a_restart_is_said(name: str, wanted: t.Any, variable: str, printed: str) -> None:
    assert drift.differences({name: wanted}, {variable: printed}) == {name: {"expected": str(wanted), "seen": printed}}


@pytest.mark.parametrize("name", ["replicate_ignore_table", "early-plugin-load", "performance_schema_instrument", "loose_unheard_of"])
def test_what_no_variable_shows_waits_for_nothing(name: str) -> None:
    assert drift.differences({name: "x"}, {}) == {}


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
