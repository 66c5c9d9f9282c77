"""A receiver that connects to a dead host is not waited for."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._mysql import receiver
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.member import Channel

SOURCE = {"host": "198.18.0.9", "port": 3306}


@pytest.fixture(autouse=True)
def _iproute2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver.shutil, "which", lambda name: f"/usr/bin/{name}")


def stopped(channel: Channel | None, hangs: bool) -> list[list[str]]:
    """The commands that ran while STOP REPLICA hung until one of them did, or returned at once."""
    ran: list[list[str]] = []
    ended = threading.Event()

    def command(words: list[str]) -> Any:
        ran.append(words)
        ended.set()

    receiver.hurried(channel, command, lambda: None if not hangs else _wait(ended))
    return ran


def _wait(ended: threading.Event) -> None:
    assert ended.wait(5), "nobody ended the connect"


def test_the_connect_to_a_dead_host_is_ended_at_the_socket() -> None:
    ran = stopped(Channel(SOURCE, receiver="CONNECTING"), hangs=True)
    assert [" ".join(words) for words in ran] == ["/usr/bin/ss --kill --tcp --numeric state syn-sent dst 198.18.0.9 dport = :3306"]


def test_a_stop_that_returns_needs_no_help() -> None:
    assert not stopped(Channel(SOURCE, receiver="CONNECTING"), hangs=False)


@pytest.mark.parametrize("state", ["ON", "OFF"])
def test_a_connected_receiver_is_left_alone(state: str) -> None:
    assert not stopped(Channel(SOURCE, receiver=state), hangs=False)
    assert not stopped(None, hangs=False)


def test_without_the_program_or_the_name_it_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert receiver.half_open(Channel({"host": "nobody.invalid", "port": 3306})) == []
    monkeypatch.setattr(receiver.shutil, "which", lambda _name: None)
    assert receiver.half_open(Channel(SOURCE)) == []


def test_the_timer_ends_with_a_stop_that_fails() -> None:
    def stop() -> None:
        raise RuntimeError("lost")

    before = threading.active_count()
    with pytest.raises(RuntimeError):
        receiver.hurried(Channel(SOURCE, receiver="CONNECTING"), lambda _words: None, stop)
    assert threading.active_count() == before
