# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A version of host programs is there whole or not at all, whatever was there before and whoever is just loading it."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import files, programs

MAIN = "from lib import inner\n\ndef main(arguments):\n    print('one', inner.VALUE, *arguments)\n    return 3\n"
ONE = {"prog.py": MAIN, "lib/__init__.py": "", "lib/inner.py": "VALUE = 1\n"}
TWO = {"prog.py": "def main(arguments):\n    print('two')\n"}


class Ended(Exception):
    """fail_json."""


class Module:
    """What the code asks of Ansible's module."""

    _diff = True

    def __init__(self, place: pathlib.Path, wanted: dict[str, str], check_mode: bool = False) -> None:
        self.check_mode = check_mode
        self.params = {"path": str(place / "lib"), "files": wanted, "commands": {str(place / "sbin/prog"): "prog"}}

    def fail_json(self, msg: str, **_others: t.Any) -> t.NoReturn:
        raise Ended(msg)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's file is written by the code of files, which is tested elsewhere."""

    def settle(module: t.Any, entry: dict[str, t.Any], action: str) -> bool:
        if action != "keep" and not module.check_mode:
            place = pathlib.Path(entry["path"])
            place.parent.mkdir(exist_ok=True)
            place.write_text(entry["content"])
        return action != "keep"

    monkeypatch.setattr(files, "settle", settle)


def apply(place: pathlib.Path, wanted: dict[str, str], check_mode: bool = False) -> dict[str, t.Any]:
    return programs.run(t.cast(t.Any, Module(place, wanted, check_mode)))


def call(place: pathlib.Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, place / "sbin/prog", *arguments], check=False, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def there(place: pathlib.Path) -> set[str]:
    return set(os.listdir(place / "lib"))


def test_a_command_runs_what_was_installed_and_a_second_run_changes_nothing(tmp_path: pathlib.Path) -> None:
    first = apply(tmp_path, ONE)
    assert first["changed_paths"] == [str(tmp_path / "lib/current"), str(tmp_path / "sbin/prog")]
    assert call(tmp_path, "a", "b") == (3, "one 1 a b\n", "")
    assert there(tmp_path) == {"current", programs.version(ONE)}
    assert {oct((path.stat().st_mode) & 0o777) for path in (tmp_path / "lib").rglob("*.py")} == {"0o644"}
    assert apply(tmp_path, ONE) == {"changed": False, "changed_paths": [], "diff": []}
    assert there(tmp_path) == {"current", programs.version(ONE)}, "a run of the command leaves nothing"


def test_nothing_of_an_earlier_version_stays(tmp_path: pathlib.Path) -> None:
    apply(tmp_path, ONE)
    result = apply(tmp_path, TWO)
    assert there(tmp_path) == {"current", programs.version(TWO)}
    assert [pathlib.Path(one["before_header"]).name for one in result["diff"]] == ["__init__.py", "inner.py", "prog.py"]
    assert call(tmp_path)[1] == "two\n"


def test_check_mode_tells_the_same_and_does_nothing(tmp_path: pathlib.Path) -> None:
    told = apply(tmp_path, ONE, check_mode=True)
    assert not (tmp_path / "lib").exists()
    assert told == apply(tmp_path, ONE)
    before = there(tmp_path)
    told = apply(tmp_path, TWO, check_mode=True)
    assert there(tmp_path) == before and call(tmp_path)[1] == "one 1\n"
    assert told == apply(tmp_path, TWO)


def test_what_lay_there_before_goes(tmp_path: pathlib.Path) -> None:
    """Modules that an earlier release kept in this very directory, and what a run that was cut off left."""
    for name in ("old.py", ".new-x/half.py", "0123456789ab/prog.py"):
        (tmp_path / "lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lib" / name).touch()
    (tmp_path / "lib/.current").symlink_to("nowhere")
    told = apply(tmp_path, ONE, check_mode=True)
    assert str(tmp_path / "lib/old.py") in told["changed_paths"]
    assert told == apply(tmp_path, ONE)
    assert there(tmp_path) == {"current", programs.version(ONE)}


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_a_version_that_somebody_changed_is_made_anew(tmp_path: pathlib.Path, change: str) -> None:
    apply(tmp_path, ONE)
    current = tmp_path / "lib/current"
    if change == "added":
        (current / "more.py").touch()
    elif change == "edited":
        (current / "lib/inner.py").write_text("VALUE = 2\n")
    else:
        (current / "lib/inner.py").unlink()
    assert apply(tmp_path, ONE)["changed"]
    assert call(tmp_path)[1] == "one 1\n"
    assert not apply(tmp_path, ONE)["changed"]
    assert len(there(tmp_path)) == 2


def test_a_version_stays_as_long_as_a_command_is_loading_it(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command has looked where to load from, and has not loaded yet."""
    wait = "import sys\nsys.stdout.write('.')\nsys.stdout.flush()\nsys.stdin.readline()\nfrom lib import inner\n" + ONE["prog.py"]
    apply(tmp_path, {**ONE, "prog.py": wait})
    with subprocess.Popen([sys.executable, tmp_path / "sbin/prog"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin and process.stdout.read(1) == "."
        monkeypatch.setattr(programs, "LOADING", 0.1)
        with pytest.raises(Ended, match=r"the new one is in place\. Next: fuser -v .*lib; end that process"):
            apply(tmp_path, TWO)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.read() == "one 1\n"
    assert call(tmp_path)[1] == "two\n"
    assert apply(tmp_path, TWO)["changed"]
    assert there(tmp_path) == {"current", programs.version(TWO)}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"../x.py": "", "prog.py": ""}, "'../x.py' is no path inside"),
        ({"/x.py": "", "prog.py": ""}, "'/x.py' is no path"),
        ({"x.py": ""}, "runs the module prog, which is"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: pathlib.Path, wanted: dict[str, str], words: str) -> None:
    with pytest.raises(Ended, match=words):
        apply(tmp_path, wanted)
    assert not (tmp_path / "lib").exists()
