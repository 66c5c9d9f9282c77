# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a set must be whole before its next server is restarted."""

from __future__ import annotations

import itertools
import types
import typing as t
from collections.abc import Callable

import pytest
from ansible_collections.onprem.wandb.plugins.modules import minio_server


def waited(monkeypatch: pytest.MonkeyPatch, view: Callable[[float], str], settle: float = 20) -> list[str]:
    """What is missing after 120 s and the time to settle, one look a second."""
    ticks = itertools.count()
    now = [0.0]
    clock = types.SimpleNamespace(monotonic=lambda: now[0], sleep=lambda _seconds: now.__setitem__(0, float(next(ticks))))
    monkeypatch.setattr(minio_server, "time", clock)
    monkeypatch.setattr(minio_server, "view", lambda _endpoint, _address: view(now[0]))
    return minio_server.wait(t.cast("t.Any", None), ["192.0.2.31"], 120, settle)


def test_a_set_that_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, lambda _now: "") == []
    assert waited(monkeypatch, lambda now: "" if now > 100 else "status 503") == []
    assert waited(monkeypatch, lambda _now: "", settle=0) == []


def test_a_set_that_is_not_whole_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, lambda _now: "status 503") == ["status 503"]


@pytest.mark.parametrize("broken", [lambda now: now < 135, lambda now: now % 10 == 0], ids=["whole for a moment", "comes and goes"])
def test_a_set_that_is_whole_only_now_and_then(monkeypatch: pytest.MonkeyPatch, broken: Callable[[float], bool]) -> None:
    """The end of the time took one good look for a whole set, and the next server went."""
    assert "expected 20 s" in waited(monkeypatch, lambda now: "status 503" if broken(now) else "")[0]
