# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports that are kept in files."""

from __future__ import annotations

import pathlib

from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight import report


def test_a_report_is_kept_where_somebody_asked_for_it(tmp_path: pathlib.Path) -> None:
    assert report.keep(str(tmp_path / "rows.json"), "{}\n") == ""
    assert (tmp_path / "rows.json").read_text() == "{}\n"
    assert report.keep("", "{}") == ""


def test_a_report_that_cannot_be_kept_is_said_in_a_sentence(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "none" / "rows.json"
    assert report.keep(str(path), "{}") == f"The report could not be written to {path} (No such file or directory): name a file in a directory that exists."
