# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

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
