# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror of the bucket: what its role refuses, and what its program does before it starts."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.plugin_utils import _store_wiring
from hypothesis import given
from hypothesis import strategies as st

from .role_value import ROLES, play, value

sys.path.insert(0, str(ROLES / "minio_backup/files"))

from minio_backup import cli as program
from minio_backup import odd_names

# What the lookup says about a host without a group minio.
STORE = _store_wiring.wiring({"store1": {"wandb_fqdn": "wandb.example.com"}}, [], "store1", "/secrets", lambda _path: None)
SITE = {"groups": {"all": ["store1"], "minio": []}, "__minio_backup_store": STORE, "minio_backup_target_path": "/m"}
OLDEST = value("minio_backup", "__minio_backup_rclone_oldest")
OLD = ["rclone v1.53.3-DEV\n- os/arch: linux/amd64\n- go version: go1.17.6\n", "rclone v1.58.1\n"]
GOOD = ["rclone v1.60.1-DEV\n- os/version: debian 12.11 (64 bit)\n- os/kernel: 6.1.0-18-amd64 (x86_64)\n", "rclone v1.59.0\n", "rclone v1.100.0\n"]


def rclone(directory: pathlib.Path, says: str, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """A mirror with an rclone that says a version, and nothing else."""
    path = directory / "rclone"
    path.write_text(f"#!/bin/sh\nfor word; do [ $word = version ] && exec cat <<'END'\n{says}END\ndone\necho asked for more >&2\nexit 9\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    config = {
        **{"source": "s:b", "target": "t:m", "state": str(directory), "transfers": 1, "bandwidth": "", "roots": "/", "max_age_hours": 1},
        **{"rclone_oldest": OLDEST, "kind": "local", "place": "local::/m", "max_loss_percent": 20},
    }
    return program.Backup(config, directory / "rclone.conf")


@pytest.mark.parametrize("says", [*OLD, "rclone\n"])
def test_the_program_refuses_an_rclone_that_does_not_ask_who_the_server_is(says: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(program.Failed, match=r"rclone is .*expected 1\.59 or newer.*Next: "):
        rclone(tmp_path, says, monkeypatch).suitable()


@pytest.mark.parametrize("says", GOOD)
def test_the_program_takes_newer_ones(says: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rclone(tmp_path, says, monkeypatch).suitable()


@pytest.mark.parametrize("verb", ["run", "restore"])
def test_nothing_starts_before_the_version_is_known(
    verb: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = rclone(tmp_path, OLD[0], monkeypatch)
    (tmp_path / "config.json").write_text(program.json.dumps(backup.config))
    monkeypatch.setattr(program, "ETC", tmp_path)
    assert program.main([verb]) == 1
    assert "rclone is 1.53.3; expected 1.59" in capsys.readouterr().err
    assert ("1.53.3" in backup.told().get("problem", "")) == (verb == "run")


@pytest.mark.parametrize("says", [*OLD, ""])
def test_the_role_refuses_it_with_one_sentence(says: str) -> None:
    told = value("minio_backup", "__minio_backup_rclone_problem", __minio_backup_rclone={"stdout": says, "rc": 0 if says else 2})
    seen = says.split()[1].lstrip("v").removesuffix("-DEV") if says else "not there"
    assert told.startswith(f"store1: rclone is {seen}; expected 1.59 or newer") and "Next: " in told and "minio_backup_packages" in told


@pytest.mark.parametrize("says", GOOD)
def test_the_role_takes_newer_ones(says: str) -> None:
    assert value("minio_backup", "__minio_backup_rclone_problem", __minio_backup_rclone={"stdout": says, "rc": 0}) == ""


OWN = {"type": "sftp", "host": "keep", "known_hosts_file": "/etc/ssh/ssh_known_hosts"}


def test_the_targets_own_file_is_the_one_that_counts() -> None:
    found = value("minio_backup", "[__minio_backup_target, __minio_backup_ssh_files]", minio_backup_target=OWN, **SITE)
    assert found[0]["known_hosts_file"] == OWN["known_hosts_file"]
    assert [entry["state"] for entry in found[1]] == ["absent", "absent"]


# --- names that users choose ---------------------------------------------------------------------------------------------------

# A key of S3: anything but what no server takes. rclone shows control characters as pictures.
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)
AWKWARD = [
    "\u2028",
    "a\u2029b",
    "nel\x85",
    "\ttab",
    "#hash",
    ";semicolon",
    " leading",
    "trailing ",
    "line\nend",
    "cr\r",
    "\x0b\x0c\x1c",
    "*?[x]{y}\\",
    "- /x",
    "größe",
]


def told_by_rclone(directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch, output: str) -> t.Any:
    """A mirror whose rclone prints this."""
    backup = rclone(directory, GOOD[0], monkeypatch)
    backup.rclone = lambda *words, **_options: subprocess.CompletedProcess(words, 0, output, "")
    return backup


@given(keys=st.lists(KEYS, max_size=5))
def test_every_name_survives_a_list(keys: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    names = {odd_names.shown(key): size for size, key in enumerate([*keys, *AWKWARD])}
    with pytest.MonkeyPatch.context() as patch:
        backup = told_by_rclone(tmp_path_factory.getbasetemp(), patch, "".join(f"{size}\t{name}\n" for name, size in names.items()))
        assert backup.listing("place") == names
        chosen = pathlib.Path(backup.lines(list(names)))
        assert chosen.read_bytes().decode().split("\n")[:-1] == list(names)
        chosen.unlink()


@given(key=KEYS)
def test_what_rclone_shows_is_told_apart_and_back(key: str) -> None:
    assert odd_names.meant(odd_names.shown(key)) == key
    assert not set(odd_names.shown(key)) & set(map(chr, range(32)))


@pytest.mark.parametrize("name", AWKWARD)
def test_a_report_of_differences_keeps_the_name(name: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup, shown = rclone(tmp_path, GOOD[0], monkeypatch), odd_names.shown(name)

    def check(*words: str, **_options: t.Any) -> None:
        pathlib.Path(words[words.index("--combined") + 1]).write_text(f"= same\n* {shown}\n- gone {shown}\n", encoding="utf-8", newline="\n")

    backup.rclone = check
    assert backup.compare("a", "b") == [shown, f"gone {shown}"]


@pytest.mark.parametrize(
    ("names", "files", "room", "odd"),
    [
        (["a", "b/c", " #;\u2028", "␊"], True, 0, set()),
        (["‛q", "a/‛"], False, 0, {"‛q", "a/‛"}),
        (["x" * 255, "d/" + "x" * 256, "ö" * 128], True, 0, {"d/" + "x" * 256, "ö" * 128}),
        (["x" * 256], False, 0, set()),
        (["x" * (1024 - 26), "y" * (1024 - 25)], False, 0, {"y" * (1024 - 25)}),
        (["x" * (1024 - 26)], False, 1, {"x" * (1024 - 26)}),
        (["a", "a/b", "a/b/c", "ab"], True, 0, {"a", "a/b"}),
        (["a", "a/b"], False, 0, set()),
        (["a//b"], False, 0, {"a//b"}),
        ([".names", ".deleted/x", "a/.names", ".name"], False, 0, {".names", ".deleted/x"}),
        (["␀" * 42, "␀" * 43], True, 0, {"␀" * 43}),  # pictures of NUL are quoted in a directory
    ],
)
def test_names_that_cannot_be_mirrored_under_themselves(names: list[str], files: bool, room: int, odd: set[str]) -> None:
    assert odd_names.odd(names, files, room) == odd


@given(key=KEYS)
def test_a_pattern_means_the_name_and_nothing_else(key: str) -> None:
    pattern = program.literal(key)
    assert pattern.replace("\\", "") == key.replace("\\", "")
    assert not any(pattern[at] in "*?[]{}" and (at == 0 or pattern[at - 1] != "\\") for at in range(len(pattern)))


# --- objects under their names' hash -------------------------------------------------------------------------------------------------

ODD = {"runs/a\u201b1": b"one", "runs/b\u201b2": b"two"}
WHOLE = json.dumps({odd_names.hashed(key): {"name": key, "etag": "e"} for key in ODD})
CUT = ["", WHOLE[:70], "[]", "null"]  # of a power cut while rclone wrote it in place


class Place:
    """A second place of such objects, and the bucket: what rclone and signed requests would do to them."""

    def __init__(self, index: str) -> None:
        self.files = {"t:m/.names/index.json": index.encode(), **{f"t:m/.names/{odd_names.hashed(key)}": body for key, body in ODD.items()}}

    def rclone(self, verb: str, *words: str, good: tuple[int, ...] = (0,), given: bytes = b"") -> t.Any:
        del good
        if verb == "rcat":
            self.files[words[0]] = given
        if verb == "moveto":
            self.files[words[1]] = self.files.pop(words[0])
        return subprocess.CompletedProcess(words, 0, self.files.get(words[0], b"").decode(), "")

    def listing(self, place: str) -> dict[str, int]:
        return {path[len(place) + 1 :]: len(body) for path, body in self.files.items() if path.startswith(f"{place}/")}

    def pour(self, source: t.Any, place: str) -> None:
        self.files[place] = source.read()

    def get(self, key: str) -> t.Any:
        return io.BytesIO(ODD[key])

    def keys(self) -> dict[str, tuple[int, str]]:
        return {}

    def mirror(self) -> int:
        return int(odd_names.OddNames(self, "t:m", t.cast("t.Any", self)).mirror({key: (len(body), "e") for key, body in ODD.items()}, "t:m/.deleted/d"))


@pytest.mark.parametrize("index", CUT)
def test_an_index_that_was_cut_off_is_written_again(index: str) -> None:
    place = Place(index)
    assert place.mirror() == len(ODD)
    assert json.loads(place.files["t:m/.names/index.json"]) == json.loads(WHOLE)
    aside = json.loads(place.files["t:m/.deleted/d/.names/index.json"])
    assert {entry["name"] for entry in aside.values()} == set(ODD)
    assert place.mirror() == 0


@pytest.mark.parametrize("index", CUT)
def test_a_restore_says_what_it_could_not_bring_back_for_want_of_its_name(index: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup, place = rclone(tmp_path, GOOD[0], monkeypatch), Place(index)
    monkeypatch.setattr(odd_names, "Store", lambda *_words: place)
    backup.rclone = place.rclone
    backup.listing = lambda where, *words: {"plain": 5} if words else place.listing(where)
    backup.compare = lambda *_words: []
    assert backup.restore("", "", True)["nameless"] == len(ODD)
    with pytest.raises(program.Failed, match=r"^2 objects in \.names of t:m have no name in index\.json there, .* all others are \(1\)\. Next: rclone "):
        backup.restore("", "", False)
    place.files["t:m/.names/index.json"] = WHOLE.encode()
    assert backup.restore("", "", True)["nameless"] == 0


# --- what the status tells ---------------------------------------------------------------------------------------------------------


def main(directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch, backup: t.Any, *words: str) -> int:
    (directory / "config.json").write_text(json.dumps(backup.config))
    monkeypatch.setattr(program, "ETC", directory)
    return int(program.main([*words]))


def test_whatever_goes_wrong_is_in_the_status(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = rclone(tmp_path, GOOD[0], monkeypatch)
    backup.tell(attempt=1, success=1, problem="", objects=7)
    monkeypatch.setattr(program.Backup, "run", lambda *_words: {}["surprise"])
    with pytest.raises(KeyError):
        main(tmp_path, monkeypatch, backup, "run")
    told = backup.told()
    assert "KeyError: 'surprise'" in told["problem"] and "Next: journalctl" in told["problem"]
    assert told["attempt"] > 1 and told["objects"] == 7


def test_a_run_that_was_killed_is_told_and_one_at_work_is_not(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = rclone(tmp_path, GOOD[0], monkeypatch)
    backup.tell(attempt=program.time.time(), success=program.time.time(), problem="")
    assert backup.status() == 0
    backup.tell(began=program.time.time() + 1)
    assert backup.status() == 1
    assert "ended without a word: killed" in capsys.readouterr().out
    with backup.locked():
        assert backup.status() == 0


def test_a_power_cut_leaves_a_status_that_says_how_much_the_mirror_held(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On XFS a file that was only renamed is empty then, and the share may not be mounted: nothing would refuse to mirror all into the empty directory."""
    written: list[tuple[int, int]] = []
    monkeypatch.setattr(program.os, "fsync", lambda handle: written.append((os.fstat(handle).st_ino, os.fstat(handle).st_size)))
    backup = rclone(tmp_path, GOOD[0], monkeypatch)
    backup.tell(success=1, objects=100, place="p")
    found = backup.status_file.stat()
    assert (found.st_ino, found.st_size) in written


@pytest.mark.parametrize("text", ["", "5", "null", '["x"]', '"ab"'])
def test_a_status_that_holds_something_else_counts_as_none(text: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = rclone(tmp_path, GOOD[0], monkeypatch)
    backup.status_file.write_text(text)
    assert backup.told() == {}


def test_a_success_of_a_clock_that_was_ahead_is_not_young(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    backup = rclone(tmp_path, GOOD[0], monkeypatch)
    backup.tell(attempt=program.time.time() + 30 * 86400, success=program.time.time() + 30 * 86400, problem="")
    assert backup.status() == 1
    assert "dated 720 h after now" in capsys.readouterr().out


def test_a_lock_that_root_left_is_replaced(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = rclone(tmp_path, GOOD[0], monkeypatch)
    (tmp_path / "lock").write_text("root's")
    real = open

    def refused(path: t.Any, *words: t.Any, **options: t.Any) -> t.Any:
        if str(path).endswith("lock") and pathlib.Path(path).exists() and pathlib.Path(path).read_text() == "root's":
            raise PermissionError(13, "Permission denied")
        return real(path, *words, **options)

    monkeypatch.setattr("builtins.open", refused)
    with backup.locked() as lock, real(tmp_path / "lock") as other:
        assert (tmp_path / "lock").read_text() == ""
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert lock


@pytest.mark.parametrize(
    ("mirrored", "lost", "force", "place", "words"),
    [
        (100, 20, False, "p", ""),
        (100, 21, False, "p", "the mirror may be all that is left"),
        (100, 21, True, "p", ""),
        (0, 0, False, "p", "is the share not mounted"),
        (79, 0, False, "p", "holds 79 objects; the last good run left 100"),
        (80, 0, False, "p", ""),
        (0, 0, True, "p", ""),
        (0, 0, False, "another place", ""),
    ],
)
def test_neither_side_may_lose_much_in_a_day(
    mirrored: int, lost: int, force: bool, place: str, words: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = rclone(tmp_path, GOOD[0], monkeypatch)
    backup.tell(success=1, objects=103, under_hash=3, place="p")
    backup.config["place"] = place
    if not words:
        backup.not_lost(mirrored, lost, force)
        return
    with pytest.raises(program.Failed, match=words) as caught:
        backup.not_lost(mirrored, lost, force)
    assert "Nothing was changed" in str(caught.value) and "Next: " in str(caught.value)


def tasks_of(name: str) -> dict[str, dict[str, t.Any]]:
    return {task["name"]: task for task in yaml.safe_load((ROLES / f"minio_backup/tasks/{name}.yml").read_text())}


@pytest.mark.parametrize("at_work", [False, True])
def test_the_key_of_a_restore_that_was_broken_off_goes_with_the_next_run(at_work: bool, tmp_path: pathlib.Path) -> None:
    """Nobody took it away: the controller was killed. One that is at work holds the lock, and keeps it."""
    key = tmp_path / "restore.conf"
    key.write_text("the administrator's key")
    take = tasks_of("install")["Take away the key of a restore that was broken off"]
    with open(tmp_path / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if at_work else fcntl.LOCK_UN)
        given = {"minio_backup_state_dir": str(tmp_path), "__minio_backup_restore_config": str(key)}
        code, output = play(tmp_path, {"all": {"hosts": {"store1": {}}}}, [take, take], [], **given)
    assert code == 0, output
    assert key.exists() == at_work and f"changed={0 if at_work else 1} " in output


def test_the_key_is_handed_over_and_taken_away_at_one_place() -> None:
    """The restore itself, the next run, and the reset."""
    restore = tasks_of("restore")["Restore"]
    place = "{{ __minio_backup_restore_config }}"
    assert restore["block"][0]["onprem.wandb.files"]["files"][0]["path"] == place
    assert restore["always"][0]["ansible.builtin.file"] == {"path": place, "state": "absent"}
    assert value("minio_backup", "__minio_backup_restore_config") in [each["path"] for each in value("minio_backup", "__minio_backup_removed")]


@pytest.mark.parametrize("left", ["onprem-wandb/rclone.conf", "minio-backup.timer", ""])
def test_a_host_that_mirrors_no_more_is_found_by_what_is_left(left: str, tmp_path: pathlib.Path) -> None:
    """The mirror was moved to store2, or that run was broken off half way; on store2 the same files are the mirror's."""
    if left:
        (tmp_path / left).parent.mkdir(exist_ok=True)
        (tmp_path / left).touch()
    tasks = tasks_of("main")
    look, stop = tasks["Look what mirrors here and is not asked to"], tasks["Mirror no more from here"]
    del stop["ansible.builtin.include_tasks"]
    stop["ansible.builtin.debug"] = {"msg": "{{ inventory_hostname }} mirrors no more"}
    given = {"minio_backup_target": {"type": "local"}, "minio_backup_host": "store2"}
    given["__minio_backup_installed"] = [{"path": f"{tmp_path}/minio-backup.timer"}, {"path": f"{tmp_path}/onprem-wandb"}]
    files = [str(ROLES / "minio_backup/vars/main.yml")]
    code, output = play(tmp_path, {"all": {"hosts": {"store1": {}, "store2": {}}}}, [look, stop], files, **given)
    assert code == 0, output
    assert ("store1 mirrors no more" in output) == bool(left) and "store2 mirrors no more" not in output
    assert not left or (tmp_path / left).exists()


def test_what_mirrors_is_stopped_before_it_is_removed() -> None:
    (timer, service) = tasks_of("stop")["Stop the timer, then what runs"]["loop"]
    assert (timer, service) == ("minio-backup.timer", "minio-backup.service")
    assert list(tasks_of("disable")) == ["Stop it", "Remove program, configuration and keys"]
    kept = value("minio_backup", "minio_backup_state_dir")
    assert kept not in [each["path"] for each in value("minio_backup", "__minio_backup_installed")]


@pytest.mark.parametrize(("targets", "told"), [({}, True), ({"store2": {"minio_backup_target": {"type": "local"}}}, False)])
def test_no_mirror_is_said_only_when_no_host_has_one(targets: dict[str, t.Any], told: bool, tmp_path: pathlib.Path) -> None:
    """Once for all hosts, under the variables of the first."""
    say = tasks_of("main")["Say that there is no backup"]
    hosts = {name: targets.get(name, {}) for name in ("store1", "store2")}
    default = {"name": "As the role's default", "ansible.builtin.set_fact": {"minio_backup_target": {}}, "when": "minio_backup_target is undefined"}
    code, output = play(tmp_path, {"all": {"hosts": hosts}}, [default, say], [])
    assert code == 0, output
    assert ("No mirror configured" in output) == told


@pytest.mark.parametrize(("named", "kept"), [("", "store1 store2"), ("store2", "store1 store2"), ("node1", "node1 store1 store2")])
def test_the_servers_of_the_store_are_asked_wherever_the_mirror_is(named: str, kept: str, tmp_path: pathlib.Path) -> None:
    (mirror,) = yaml.safe_load((ROLES.parent / "playbooks/minio_backup.yml").read_text())
    leave = next(task for task in mirror["pre_tasks"] if task["name"] == "Leave the other hosts alone")
    said = {"name": "Say", "ansible.builtin.debug": {"msg": "kept: {{ ansible_play_hosts | sort | join(' ') }};"}, "run_once": True}
    inventory = {"minio": {"hosts": {"store1": {}, "store2": {}}}, "kube_node": {"hosts": {"node1": {}}}, "others": {"hosts": {"desk": {}}}}
    given = {"wandb_fqdn": "wandb.example.com", **({"minio_backup_target": {"type": "local"}, "minio_backup_host": named} if named else {})}
    code, output = play(tmp_path, inventory, [leave, said], [], **given)
    assert code == 0, output
    assert f"kept: {kept};" in output
