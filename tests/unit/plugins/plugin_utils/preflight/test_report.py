# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports that are kept in files."""

from __future__ import annotations

import pathlib

from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight import report
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import WARNING, Finding


def test_a_report_is_kept_where_somebody_asked_for_it(tmp_path: pathlib.Path) -> None:
    assert report.keep(str(tmp_path / "rows.json"), "{}\n") == ""
    assert (tmp_path / "rows.json").read_text() == "{}\n"
    assert report.keep("", "{}") == ""


def test_a_report_that_cannot_be_kept_is_said_in_a_sentence(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "none" / "rows.json"
    assert report.keep(str(path), "{}") == f"The report could not be written to {path} (No such file or directory): name a file in a directory that exists."


LONG = Finding("db1", "mysql_endpoint_address", "198.18.0.300 " * 12, "an unused IPv4 address of the network of the MySQL hosts", "correct it " * 20)


def test_a_finding_is_read_in_80_columns() -> None:
    text = report.text([Finding("db1", "mysql_primary", "db3", "one of db1, db2", "set it to db1"), LONG], [], "/s", 6, 40)
    lines = text.splitlines()
    assert lines[:5] == [
        "PREFLIGHT: 2 problems, nothing was changed",
        "db1: mysql_primary",
        "    seen      db3",
        "    expected  one of db1, db2",
        "    next      set it to db1",
    ]
    assert max(len(line) for line in lines) <= 80
    assert " ".join(text.split()).count("198.18.0.300") == 12 and "no problem found" not in text


def test_warnings_and_secrets_to_come_are_told_beside_the_good_end() -> None:
    text = report.text([Finding("site", "x", "1", "2", "y", WARNING)], ["redis_password"] * 9, "/inventories/site/secrets", 6, 40)
    said = " ".join(text.split())
    assert "PREFLIGHT: 1 warning site: x seen 1 expected 2 next y" in said
    assert "PREFLIGHT: 6 hosts checked against 40 rules, no problem found." in said
    assert "PREFLIGHT: not supplied and not there yet, will be generated in /inventories/site/secrets: redis_password," in said
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "generated" not in report.text([], [], "/s", 1, 1) and "warning" not in report.text([], [], "/s", 1, 1)
