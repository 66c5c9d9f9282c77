# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How every report looks: plain text, 80 columns, nothing lost, behind any callback."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils import _report

ROOT = pathlib.Path(__file__).parents[4]
GTID = "  holds " + ",".join(f"1abe9d5b-e743-11f1-8336-02fc0000000{number}:1-{10**number}" for number in range(1, 8))
LINES = ["primary: db1", GTID, "", "  " + "word " * 60, "-" * 200, " " * 100 + "far", "one\ntwo"]


@pytest.mark.parametrize("line", LINES)
def test_no_line_is_wider_than_80_columns_and_nothing_is_lost(line: str) -> None:
    folded = _report.fold(line)
    assert max(len(part) for part in folded) <= 80
    assert "".join("".join(folded).split()) == "".join(line.split())


def test_the_rest_of_a_line_is_set_in() -> None:
    assert _report.fold("  " + "word " * 20) == ["  " + " ".join(["word"] * 15), "      " + " ".join(["word"] * 5)]
    assert _report.fold("    short") == ["    short"]


def test_a_report_begins_with_its_title() -> None:
    assert _report.text("MySQL", ["a", "  b"]) == "\nMYSQL\na\n  b"
    assert _report.text("", ["a"]) == "\na"
    assert _report.text("", ["a " * 60], folded=False) == "\n" + "a " * 60


@pytest.mark.parametrize("callback", ["default", "minimal", "oneline"])
def test_every_callback_shows_plain_lines(callback: str, tmp_path: pathlib.Path) -> None:
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"onprem.wandb.report": {"title": "MySQL", "lines": LINES}}]}]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".lab/collections"), "ANSIBLE_STDOUT_CALLBACK": callback, "ANSIBLE_NOCOLOR": "1"}
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", "play.yml"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _report.text("MySQL", LINES) in done.stdout
    assert '"primary' not in done.stdout


def test_no_role_and_no_playbook_prints_in_another_way() -> None:
    """debug shows a quoted list or a long line, by the callback."""
    files = [path for folder in ("roles", "playbooks") for path in (ROOT / folder).rglob("*.yml")]
    assert len(files) > 100
    assert [str(path.relative_to(ROOT)) for path in files if "builtin.debug:" in path.read_text()] == []
