# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Table, JSON, JUnit."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from ansible_collections.onprem.wandb.plugins.plugin_utils._verify import report
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.model import Row

ROWS = [
    Row("RA-01", "a", "-", "not measured here", "n.a."),
    Row("RA-02", "nodes", "3", "3 ready", "pass"),
    Row("RA-04", "version <&>", "1.34", "v1.33 " * 200, "fail"),
]


def test_the_rows_are_aligned_in_80_columns_and_end_with_the_counts():
    lines = report.text(ROWS).splitlines()
    assert lines[0] == "id     result  requirement" and lines[-1] == "VERIFY: 1 pass, 1 fail, 1 not applicable"
    assert max(len(line) for line in lines) <= 80
    assert lines[2:10] == [
        "RA-01  n.a.    a",
        "               not measured here",
        "RA-02  pass    nodes",
        "               3 ready",
        "RA-04  FAIL    version <&>",
        "               expected  1.34",
        "               measured  v1.33 v1.33 v1.33 v1.33 v1.33 v1.33 v1.33 v1.33 v1.33",
        "                         v1.33 v1.33 v1.33 v1.33 v1.33 v1.33 v1.33 v1.33 v1.33",
    ]


def test_json_holds_everything():
    data = json.loads(report.as_json(ROWS))
    assert data["summary"] == {"pass": 1, "fail": 1, "n.a.": 1}
    assert data["rows"][2]["measured"] == ROWS[2].measured


def test_junit_counts_failures_and_skips():
    suite = ElementTree.fromstring(report.as_junit(ROWS))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [case.get("classname") for case in suite.findall("testcase") if case.find("failure") is not None] == ["RA-04"]
