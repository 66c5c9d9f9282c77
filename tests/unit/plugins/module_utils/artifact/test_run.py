# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole calls of the module on a real disk, with a real server, and with the power cut at every step."""

from __future__ import annotations

import builtins
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import shutil
import signal
import threading
import time
import traceback
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._artifact import run as artifact_run
from ansible_collections.onprem.wandb.plugins.module_utils._artifact import store
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.plan import ArtifactError


class Site:
    """A host: its root, its /usr/local/bin, its server."""

    def __init__(self, folder: pathlib.Path, server: t.Any, make_tar: t.Callable[..., bytes]) -> None:
        self.root = folder / "root"
        self.bin = folder / "bin"
        self.server = server
        self.make_tar = make_tar

    def tool(self, version: str, links: t.Sequence[str] = ("tool",), extra: bytes = b"") -> dict[str, t.Any]:
        content = self.make_tar(
            ("top/bin/tool", f"tool {version}".encode() + extra, 0o755),
            ("top/bin/more", f"more {version}".encode(), 0o755),
            ("top/text", b"x" * 10000),
        )
        path = f"/tool-{version}-{hashlib.sha256(content).hexdigest()[:6]}.tar.gz"
        return {
            "name": "tool",
            "version": version,
            **self.server.add(path, content),
            "format": "tar.gz",
            "strip_components": 1,
            "links": {str(self.bin / link): f"bin/{link}" for link in links},
        }

    def program(self, version: str, name: str = "program") -> dict[str, t.Any]:
        source = self.server.add(f"/{name}-{version}", f"{name} {version}".encode())
        return {"name": name, "version": version, **source, "links": {str(self.bin / name): name}}

    def run(self, *artifacts: dict[str, t.Any], check: bool = False, **params: t.Any) -> dict[str, t.Any]:
        defaults = {"keep": 2, "manage_links": True, "force_links": False, "retries": 2, "retry_pause": 0.01, "timeout": 5, "deadline": 30}
        return artifact_run.run({"artifacts": list(artifacts), "root": str(self.root), **defaults, **params}, check, lambda path, final: None)

    def read(self, link: str) -> str:
        return (self.bin / link).read_text()

    def versions(self, name: str = "tool") -> list[str]:
        return sorted(entry for entry in os.listdir(self.root / name) if entry != "current")

    def tree(self) -> list[str]:
        folders = [folder for folder in (self.root, self.bin) if folder.exists()]
        return sorted(f"{path} {os.readlink(path) if path.is_symlink() else path.lstat().st_size}" for folder in folders for path in folder.rglob("*"))


@pytest.fixture(name="site")
def fixture_site(tmp_path: pathlib.Path, file_server: t.Any, make_tar: t.Callable[..., bytes]) -> Site:
    return Site(tmp_path, file_server, make_tar)


def test_install_and_second_run(site: Site) -> None:
    wanted = [site.tool("1.0"), site.program("5")]
    result = site.run(*wanted)
    assert result["changed"]
    assert result["changed_names"] == ["tool", "program"]
    assert result["artifacts"][0] == {
        "name": "tool",
        "version": "1.0",
        "previous": None,
        "path": f"{site.root}/tool/1.0",
        "changed": True,
        "reason": "it is not installed",
    }
    assert (site.read("tool"), site.read("program")) == ("tool 1.0", "program 5")
    assert os.readlink(site.root / "tool/current") == "1.0"
    assert os.readlink(site.bin / "tool") == f"{site.root}/tool/current/bin/tool"
    assert os.access(site.bin / "program", os.X_OK)
    assert os.listdir(site.root / ".cache") == []
    marker = json.loads((site.root / "tool/1.0/.artifact.json").read_text())
    assert {name: marker[name] for name in ("name", "version", "url", "sha256", "links")} == {
        name: wanted[0][name] for name in ("name", "version", "url", "sha256", "links")
    }
    asked, before = len(site.server.log), site.tree()
    result = site.run(*wanted)
    assert not result["changed"]
    assert result["changed_names"] == []
    assert result["artifacts"][0]["previous"] == "1.0"
    assert len(site.server.log) == asked, "no network"
    assert site.tree() == before


def test_second_run_needs_no_right_to_write(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.run(site.tool("1.0"))
    monkeypatch.setattr(artifact_run, "Lock", None)
    assert not site.run(site.tool("1.0"))["changed"]


def test_upgrade_and_rollback_without_network(site: Site) -> None:
    site.run(site.tool("1.0"))
    result = site.run(site.tool("2.0"))
    assert result["artifacts"][0]["previous"] == "1.0"
    assert site.read("tool") == "tool 2.0"
    asked = len(site.server.log)
    result = site.run(site.tool("1.0"))
    assert result["changed"]
    assert (result["artifacts"][0]["previous"], result["artifacts"][0]["reason"]) == ("2.0", "")
    assert site.read("tool") == "tool 1.0"
    assert len(site.server.log) == asked, "no network"


def test_keep_follows_use_not_names(site: Site) -> None:
    for version in ("3.0", "1.0", "2.0", "4.0"):
        site.run(site.tool(version))
    assert site.versions() == ["1.0", "2.0", "4.0"]
    site.run(site.tool("1.0"))
    site.run(site.tool("5.0"))
    assert site.versions() == ["1.0", "4.0", "5.0"]
    assert site.run(site.tool("5.0"), keep=1)["changed"]
    assert site.versions() == ["1.0", "5.0"]
    site.run(site.tool("5.0"), keep=0)
    assert site.versions() == ["5.0"]


def test_a_change_of_links_is_no_use(site: Site) -> None:
    """The time of the marker is the time of the switch."""
    site.run(site.tool("1.0"))
    marker = site.root / "tool/1.0/.artifact.json"
    os.utime(marker, (1000, 1000))
    assert site.run(site.tool("1.0", links=["more"]))["changed"]
    assert json.loads(marker.read_text())["links"] == {str(site.bin / "more"): "bin/more"}
    assert marker.stat().st_mtime == 1000


def test_foreign_directories_are_left_alone(site: Site) -> None:
    site.run(site.tool("1.0"))
    (site.root / "tool/notes").mkdir()
    for version in ("2.0", "3.0", "4.0", "5.0"):
        site.run(site.tool(version), keep=0)
    assert site.versions() == ["5.0", "notes"]


def test_check_mode_on_a_bare_host_and_on_a_finished_one(site: Site) -> None:
    result = site.run(site.tool("1.0"), check=True)
    assert result["changed"]
    assert (site.server.log, site.tree()) == ([], [])
    assert result["diff"]["before"] == "tool (not installed)\n"
    assert result["diff"]["after"] == f"tool 1.0\n  on disk: 1.0\n  {site.bin}/tool -> {site.root}/tool/current/bin/tool\n"
    site.run(site.tool("1.0"))
    assert not site.run(site.tool("1.0"), check=True)["changed"]
    before, asked = site.tree(), len(site.server.log)
    result = site.run(site.tool("2.0", links=["more"]), check=True, keep=0)
    assert result["changed"]
    assert (site.tree(), len(site.server.log)) == (before, asked)
    assert result["diff"]["before"] == f"tool 1.0\n  on disk: 1.0\n  {site.bin}/tool -> {site.root}/tool/current/bin/tool\n"
    assert result["diff"]["after"] == f"tool 2.0\n  on disk: 2.0\n  {site.bin}/more -> {site.root}/tool/current/bin/more\n"


def test_check_mode_says_what_the_run_does(site: Site) -> None:
    for wanted in (site.tool("1.0"), site.tool("2.0", links=["more"]), site.tool("2.0"), site.tool("1.0")):
        assert site.run(wanted, check=True) == site.run(wanted)


def test_links_follow_the_desired_state(site: Site) -> None:
    site.run(site.tool("1.0", links=["tool", "more"]))
    assert sorted(os.listdir(site.bin)) == ["more", "tool"]
    result = site.run(site.tool("1.0", links=["more"]))
    assert result["changed"]
    assert sorted(os.listdir(site.bin)) == ["more"]
    assert not site.run(site.tool("1.0", links=["more"]))["changed"]
    (site.bin / "more").unlink()
    assert site.run(site.tool("1.0", links=["more"]))["changed"]
    assert site.read("more") == "more 1.0"
    site.run(site.tool("2.0", links=["tool"]))
    assert sorted(os.listdir(site.bin)) == ["tool"]


def test_a_link_to_nothing_is_refused(site: Site) -> None:
    site.run(site.tool("1.0"))
    with pytest.raises(ArtifactError, match=r"should point to bin/none, which it does not contain\. It contains: bin, text\. Version 1\.0 stays in place"):
        site.run(site.tool("2.0", links=["none"]))
    assert site.read("tool") == "tool 1.0"
    with pytest.raises(ArtifactError, match="does not contain what these links"):
        site.run(site.tool("1.0", links=["none"]))


def test_foreign_file_at_a_link(site: Site) -> None:
    site.bin.mkdir()
    (site.bin / "tool").write_text("mine")
    with pytest.raises(ArtifactError, match="there is a file that this collection did not make"):
        site.run(site.tool("1.0"))
    assert site.server.log == [], "refused before anything is fetched"
    assert site.run(site.tool("1.0"), check=True, manage_links=False)["changed"]
    site.run(site.tool("1.0"), force_links=True)
    assert site.read("tool") == "tool 1.0"


def test_without_links(site: Site) -> None:
    site.run(site.tool("1.0"), manage_links=False)
    assert not site.bin.exists()
    assert not site.run(site.tool("1.0"), manage_links=False)["changed"]
    assert site.run(site.tool("1.0"))["changed"]


def test_wrong_checksum_leaves_the_old_version(site: Site) -> None:
    site.run(site.tool("1.0"), site.program("5"))
    before = site.tree()
    bad = {**site.tool("2.0"), "sha256": "0" * 64}
    with pytest.raises(ArtifactError) as caught:
        site.run(bad, site.program("6"))
    for part in ("tool 2.0", bad["url"], "expected sha256 " + "0" * 64, "got ", "Version 1.0 stays in place."):
        assert part in str(caught.value)
    assert (site.read("tool"), site.read("program")) == ("tool 1.0", "program 5"), "all or nothing"
    asked = len(site.server.log)
    site.run(site.tool("1.0"), site.program("6"))
    assert len(site.server.log) == asked, "what was fetched before the failure is not fetched again"
    assert site.read("program") == "program 6"
    assert [line for line in before if "/tool/" in line] == [line for line in site.tree() if "/tool/" in line]


def test_all_failures_in_one_report(site: Site) -> None:
    one, two = site.tool("1.0"), site.program("5")
    site.server.files.clear()
    with pytest.raises(ArtifactError) as caught:
        site.run(one, two)
    for part in ("tool 1.0:", "program 5:", "answered 404", "Nothing was installed."):
        assert part in str(caught.value)


def test_malicious_archive(site: Site) -> None:
    site.run(site.tool("1.0"))
    bad = {**site.tool("2.0"), **site.server.add("/bad", site.make_tar(("top/bin/tool", b"x"), ("top/../../../evil", b"x")))}
    with pytest.raises(ArtifactError, match=r"member 'top/\.\./\.\./\.\./evil' is refused.*Version 1\.0 stays in place"):
        site.run(bad)
    assert site.read("tool") == "tool 1.0"
    assert site.versions() == ["1.0"]
    assert not list(site.root.parent.glob("**/evil"))


def test_same_version_from_another_file(site: Site) -> None:
    site.run(site.tool("1.0"))
    result = site.run(site.tool("1.0", extra=b" rebuilt"))
    assert "another file" in result["artifacts"][0]["reason"]
    assert site.read("tool") == "tool 1.0 rebuilt"
    assert site.versions() == ["1.0"]


@pytest.mark.parametrize("harm", ["missing", "truncated", "marker"])
def test_damage_is_seen_and_repaired(site: Site, harm: str) -> None:
    site.run(site.tool("1.0"))
    if harm == "missing":
        (site.root / "tool/1.0/text").unlink()
    elif harm == "truncated":
        (site.root / "tool/1.0/bin/tool").write_bytes(b"")
    else:
        (site.root / "tool/1.0/.artifact.json").write_text("{")
    result = site.run(site.tool("1.0"))
    assert result["changed"]
    assert {"missing": "text is missing", "truncated": "0 bytes instead of 8", "marker": "not installed"}[harm] in result["artifacts"][0]["reason"]
    assert site.read("tool") == "tool 1.0"
    assert not site.run(site.tool("1.0"))["changed"]


def test_current_that_is_not_ours(site: Site) -> None:
    (site.root / "tool/current").mkdir(parents=True)
    with pytest.raises(ArtifactError, match="tool/current must be a symbolic link"):
        site.run(site.tool("1.0"))


def test_downloads_run_side_by_side_but_not_all(site: Site) -> None:
    site.server.together, site.server.slow = 4, 0.2
    site.run(*[site.program("1", f"p{number}") for number in range(8)])
    assert site.server.most == 4


def test_too_little_space_to_unpack(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.run(site.tool("1.0"))
    real = shutil.disk_usage(site.root)
    free = (64 << 20) + 5000  # enough for the file, not for the 10 kB it unpacks to
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: real._replace(free=free))
    with pytest.raises(ArtifactError, match=r"has too little free space for tool 2\.0.*Version 1\.0 stays in place"):
        site.run(site.tool("2.0"))
    assert site.read("tool") == "tool 1.0"


def test_one_run_at_a_time(site: Site) -> None:
    site.run(site.tool("1.0"))
    with open(site.root / ".lock", "a", encoding="utf-8") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert not site.run(site.tool("1.0"))["changed"], "looking needs no lock"
        with pytest.raises(ArtifactError, match=r"Another run \(process \d+\) has held .*/\.lock for more than 0 seconds"):
            site.run(site.tool("2.0"), deadline=0)
        waiting = threading.Thread(target=lambda: site.run(site.tool("2.0")))
        waiting.start()
        time.sleep(0.3)
        assert site.read("tool") == "tool 1.0"
    waiting.join()
    assert site.read("tool") == "tool 2.0"


def test_runs_at_the_same_time(site: Site) -> None:
    site.server.slow = 0.05
    threads = [threading.Thread(target=site.run, args=(site.tool(version),)) for version in ("1.0", "2.0", "3.0", "1.0", "2.0")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.read("tool") == "tool " + os.readlink(site.root / "tool/current")
    assert not [entry for entry in os.listdir(site.root / "tool") if entry.startswith(".")]


def test_only_one_of_two_equal_runs_says_that_it_changed_something(site: Site) -> None:
    """Handlers hang on it."""
    site.server.slow = 0.3
    results: list[dict[str, t.Any]] = []
    threads = [threading.Thread(target=lambda: results.append(site.run(site.tool("1.0")))) for dummy in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result["changed"] for result in results) == [False, True]
    assert len(site.server.log) == 1


def test_old_cache_is_removed_fresh_parts_are_kept(site: Site) -> None:
    (site.root / ".cache").mkdir(parents=True)
    for name in ("old.part", "fresh.part"):
        (site.root / ".cache" / name).write_bytes(b"x")
    os.utime(site.root / ".cache/old.part", (1, 1))
    site.run(site.tool("1.0"))
    assert os.listdir(site.root / ".cache") == ["fresh.part"]


def test_unreadable_root(site: Site) -> None:
    site.root.write_text("a file")
    with pytest.raises(ArtifactError, match="(File exists|Not a directory)"):
        site.run(site.tool("1.0"))


# --- a run that dies


STEPS = ("rename", "replace", "symlink", "unlink", "mkdir", "utime", "fsync", "link", "rmdir")


def die_at(step: int, work: t.Callable[[], t.Any]) -> bool:
    """Do the work in a child process that is killed before its step-th change of the disk. Return False if it never got that far."""
    child = os.fork()
    if child == 0:
        done = 0
        lock = threading.Lock()

        def counted(function: t.Callable[..., t.Any], *args: t.Any, **kwargs: t.Any) -> t.Any:
            nonlocal done
            with lock:
                done += 1
                if done == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                    time.sleep(60)
            return function(*args, **kwargs)

        for name in STEPS:
            setattr(os, name, functools.partial(counted, getattr(os, name)))
        real_open = builtins.open

        def counted_open(file: t.Any, mode: str = "r", *args: t.Any, **kwargs: t.Any) -> t.Any:
            return counted(real_open, file, mode, *args, **kwargs) if set(mode) & set("wax") else real_open(file, mode, *args, **kwargs)

        builtins.open = t.cast(t.Any, counted_open)
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the run failed by itself"
    return False


def local(folder: pathlib.Path, artifact: dict[str, t.Any], content: bytes) -> dict[str, t.Any]:
    """From a file: a forked child can do without the server's threads."""
    source = folder / hashlib.sha256(content).hexdigest()
    source.write_bytes(content)
    return {**artifact, "url": f"file://{source}"}


@pytest.mark.parametrize("scenario", ["upgrade", "replace", "links", "rollback"])
def test_killed_at_every_step(site: Site, tmp_path: pathlib.Path, scenario: str) -> None:
    """Whatever the step: a version works all the time, the next run finishes, and the one after that has nothing to do."""
    make = {version: site.tool(version) for version in ("0.9", "1.0", "2.0")}
    files = {artifact["sha256"]: content for artifact, content in ((one, site.server.files[one["url"][len(site.server.url) :]]) for one in make.values())}
    rebuilt = site.tool("1.0", extra=b" rebuilt")
    files[rebuilt["sha256"]] = site.server.files[rebuilt["url"][len(site.server.url) :]]
    offline = {version: local(tmp_path, artifact, files[artifact["sha256"]]) for version, artifact in make.items()}
    site.run(offline["0.9"])
    site.run(offline["1.0"])
    more = {str(site.bin / "more"): "bin/more"}
    wanted, params, accepted = {
        "upgrade": ({**offline["2.0"], "links": {**offline["2.0"]["links"], **more}}, {"keep": 1}, ("tool 1.0", "tool 2.0")),
        "replace": (local(tmp_path, rebuilt, files[rebuilt["sha256"]]), {}, ("tool 1.0", "tool 1.0 rebuilt")),
        "links": ({**offline["1.0"], "links": more}, {}, ("tool 1.0",)),
        "rollback": (offline["0.9"], {"keep": 0}, ("tool 0.9", "tool 1.0")),
    }[scenario]
    site.server.close()  # a fork wants no other threads
    saved = tmp_path / "saved"
    shutil.copytree(site.root, saved / "root", symlinks=True)
    shutil.copytree(site.bin, saved / "bin", symlinks=True)
    step, final = 0, None
    while True:
        step += 1
        for name in ("root", "bin"):
            shutil.rmtree(tmp_path / name)
            shutil.copytree(saved / name, tmp_path / name, symlinks=True)
        killed = die_at(step, lambda: site.run(wanted, **params))
        if not (scenario == "replace" and not os.path.exists(site.root / "tool/1.0")):  # between two renames
            assert (site.root / "tool/current/bin/tool").read_text() in accepted, f"step {step}"
        site.run(wanted, **params)
        tree = [line for line in site.tree() if ".artifact.json" not in line and ".lock" not in line]
        final = final or tree
        assert tree == final, f"after step {step}"
        assert not site.run(wanted, **params)["changed"], f"after step {step}"
        assert not [line for line in tree if "/." in line and "/.cache " not in line], tree
        assert (site.root / "tool/current/bin/tool").read_text() == accepted[-1 if scenario != "rollback" else 0]
        if not killed:
            break
    assert step > {"upgrade": 40, "replace": 25, "links": 10, "rollback": 8}[scenario], f"only {step} steps are counted"


def test_old_directory_is_put_back(site: Site) -> None:
    """Died between the two renames of a reinstallation, and now the server is gone."""
    site.run(site.tool("1.0"))
    os.rename(site.root / "tool/1.0", site.root / "tool/.old-1.0")
    site.server.files.clear()
    assert site.run(site.tool("1.0"), check=True)["changed"]
    wanted = site.tool("1.0")
    site.server.files.clear()
    site.run(wanted)
    assert site.read("tool") == "tool 1.0"


def test_lock_names_its_holder(site: Site) -> None:
    site.root.mkdir()
    with store.Lock(str(site.root), 1):
        assert (site.root / ".lock").read_text() == str(os.getpid())
