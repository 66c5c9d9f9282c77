# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import rolefile


def test_a_record_comes_back(tmp_path: t.Any) -> None:
    path = str(tmp_path / "deep" / "role.json")
    wanted = rolefile.record("primary", True, "u")
    assert rolefile.differs(path, wanted)
    rolefile.write(path, wanted)
    assert not rolefile.differs(path, wanted)
    assert rolefile.differs(path, rolefile.record("primary", False, "u"))
    assert rolefile.read(path)["since"].endswith("Z")


def test_what_cannot_be_read_counts_as_none(tmp_path: t.Any) -> None:
    path = tmp_path / "role.json"
    assert rolefile.read(str(path)) == {}
    path.write_text("{half")
    assert rolefile.read(str(path)) == {}
    path.write_text("[]")
    assert rolefile.read(str(path)) == {}


NOTE = {"since": "2026-11-23T22:10:04Z", "reason": "memory", "primary": "db1", "server_uuid": "standby", "term": 3}
STANDBY = {"role": "replica", "server_uuid": "standby"}
WINDOW = {"since": "2026-11-23T22:10:04Z", "reason": "memory"}


@pytest.mark.parametrize(
    ("kept", "note", "running", "expected"),
    [
        # The pair it is of, while the server runs and when it does not.
        (STANDBY, NOTE, {"server_uuid": "standby", "term": 3}, NOTE),
        (STANDBY, NOTE, {"server_uuid": "standby", "term": 3, "source_waits": False}, NOTE),
        (STANDBY, NOTE, {}, NOTE),
        ({}, NOTE, {}, NOTE),
        # One of an older release says neither; it counts, as it did.
        (STANDBY, WINDOW, {"server_uuid": "standby", "term": 3}, WINDOW),
        # After a reset, or a restore that made this host a new standby: another data directory.
        ({"role": "replica", "server_uuid": "new"}, NOTE, {"server_uuid": "new", "term": 1}, None),
        ({"role": "replica", "server_uuid": "new"}, NOTE, {}, None),
        # Somebody became the primary since.
        (STANDBY, NOTE, {"server_uuid": "standby", "term": 4}, None),
        # The source waits again: mysql.yml or a person made the pair whole, and the note was left behind.
        (STANDBY, NOTE, {"server_uuid": "standby", "term": 3, "source_waits": True}, None),
        # On a host that became the primary it is of the past.
        ({"role": "primary", "server_uuid": "standby"}, NOTE, {"server_uuid": "standby", "term": 3}, None),
        # The primary's own window, and a record that is of another data directory.
        ({"role": "primary", "server_uuid": "me", "degraded": WINDOW}, {}, {"server_uuid": "me"}, WINDOW),
        ({"role": "primary", "server_uuid": "me", "degraded": WINDOW}, {}, {}, WINDOW),
        ({"role": "primary", "server_uuid": "gone", "degraded": WINDOW}, {}, {"server_uuid": "me"}, None),
        ({}, {}, {}, None),
    ],
)
def test_a_degraded_window_counts_for_the_pair_it_is_of(kept: t.Any, note: t.Any, running: dict[str, t.Any], expected: t.Any) -> None:
    assert rolefile.degraded_now(kept, note, **running) == expected
