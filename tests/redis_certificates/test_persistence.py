# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real Redis that had a snapshot gets an append-only file, and still holds its data after the restart."""

from __future__ import annotations

import json
import pathlib
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.onprem.wandb.plugins.module_utils._redis import protocol
from ansible_collections.onprem.wandb.plugins.modules import redis_persistence
from servers import PASSWORD, client, redis

KEYS = 2000


@pytest.fixture
def keep(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """What redis_persistence says."""

    def call(**options: Any) -> dict[str, Any]:
        given = {"appendonly": True, "logins": [{"username": "nobody", "password": "wrong"}, {"password": PASSWORD}], "timeout": 30, **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            redis_persistence.main()
        text = capsys.readouterr().out
        assert not json.loads(text).get("failed") or PASSWORD not in json.loads(text)["msg"]
        return dict(json.loads(text))

    return call


def fill(port: int) -> None:
    one = client(port)
    for number in range(KEYS):
        one.call("SET", f"key{number}", "x" * 100)
    one.close()


def held(work: pathlib.Path, port: int) -> int:
    """Keys after a restart with the append-only file configured."""
    directory = work / f"redis-{port}"
    conf = directory / "redis.conf"
    conf.write_text(conf.read_text().replace("appendonly no", "appendonly yes"))
    process = subprocess.Popen(["redis-server", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    end = time.monotonic() + 20
    try:
        while True:
            try:
                return int(client(port).call("DBSIZE"))
            except (OSError, protocol.RedisError) as error:
                assert process.poll() is None and time.monotonic() < end, error
                time.sleep(0.05)
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.parametrize("kept", [True, False])
def test_an_append_only_file_begins_with_the_snapshot_s_data(keep: Any, tmp_path: pathlib.Path, kept: bool) -> None:
    with redis(tmp_path) as port:
        directory = str(tmp_path / f"redis-{port}")
        where = {"port": port, "directory": directory, "configuration": f"{directory}/redis.conf"}
        fill(port)
        client(port).call("SAVE")
        if kept:
            found = keep(**where)
            assert found["changed"] is True
            assert found["action"] == "write the append-only file"
            assert keep(**where)["changed"] is False
    # Without the module Redis starts empty: what this guards against is real.
    assert held(tmp_path, port) == (KEYS if kept else 0)


def test_a_snapshot_without_a_server_is_refused(keep: Any, tmp_path: pathlib.Path) -> None:
    with redis(tmp_path) as port:
        directory = str(tmp_path / f"redis-{port}")
        fill(port)
        client(port).call("SAVE")
        locked_out = keep(port=port, directory=directory, configuration=f"{directory}/redis.conf", logins=[])
        assert "NOAUTH" in locked_out["msg"]
        assert "Nothing was changed" in locked_out["msg"]
    found = keep(port=port, directory=directory, configuration=f"{directory}/redis.conf")
    assert found["failed"] is True
    assert f"{directory}/dump.rdb holds data, and no Redis answers" in found["msg"]
    assert keep(port=port, directory=directory, configuration=f"{directory}/redis.conf", appendonly=False)["changed"] is False


def test_data_in_another_directory_are_not_left_behind(keep: Any, tmp_path: pathlib.Path) -> None:
    with redis(tmp_path) as port:
        fill(port)
        found = keep(port=port, directory=str(tmp_path / "other"), configuration="/nowhere")
    assert f"The running Redis holds {KEYS} keys, kept in {tmp_path}/redis-{port}" in found["msg"]


def test_check_mode_changes_nothing_on_a_bare_host(keep: Any, tmp_path: pathlib.Path) -> None:
    assert keep(port=1, directory=str(tmp_path), configuration="/nowhere")["changed"] is False
