"""make test CHANGED=1: a change runs everything that it can break, and not everything there is."""

from __future__ import annotations

import pathlib
import subprocess

import pytest
from check import CHECKS
from workshop import changed, schedule

JOBS = [*schedule.cheap_jobs(list(CHECKS)), *schedule.lab_jobs(long=True)]


def hit(*names: str) -> set[str]:
    return {name for name, why in schedule.affected(JOBS, names).items() if why}


@pytest.mark.parametrize(
    ("name", "runs", "left"),
    [
        ("plugins/module_utils/_redis/tls.py", {"unit", "molecule-redis", "redis-certificates-faults"}, {"molecule-storage", "storage-faults"}),
        ("roles/mysql/tasks/steps.yml", {"ansible-lint", "molecule-site", "molecule-mysql", "mysql-faults"}, {"molecule-redis", "molecule-storage", "mypy"}),
        ("roles/mysql_backup/files/mysql_backup/ship.py", {"mypy", "mysql-backup-hosts", "molecule-site", "recorded"}, {"molecule-redis", "storage-faults"}),
        ("plugins/action/preflight_report.py", {"unit", "preflight-hosts", "molecule-site"}, {"molecule-storage", "mysql-faults"}),
        ("tests/storage/test_faults.py", {"ruff", "storage-faults"}, {"molecule-site", "molecule-mysql"}),
        ("tests/unit/recorded/redis_check.json", {"unit", "recorded"}, {"ruff", "molecule-redis"}),
        ("plugins/modules/minio_backup_info.py", {"recorded"}, {"molecule-mysql"}),
        ("README.md", {"docs", "habits"}, {"ruff", "molecule-site", "sanity"}),
        ("plugins/modules/unit.py", {"molecule-site", "molecule-mysql", "molecule-redis", "molecule-storage"}, {"shellcheck"}),
        ("plugins/modules/kubeadm_node.py", {"molecule-site"}, {"molecule-mysql", "molecule-redis", "storage-faults", "mysql-backup-hosts"}),
    ],
)
def test_a_file_reaches_what_uses_it_and_not_the_rest(name: str, runs: set[str], left: set[str]) -> None:
    assert (pathlib.Path(schedule.TOP) / name).is_file(), "the case speaks of a file that is no more"
    found = hit(name)
    assert runs <= found
    assert not left & found


@pytest.mark.parametrize("name", ["Makefile", "requirements/constraints.txt", "tests/tools/workshop/base.py", ".ci/run"])
def test_what_everything_needs_runs_everything(name: str) -> None:
    assert hit(name) == {job.name for job in JOBS}


def test_every_file_of_the_collection_is_reached_by_a_scenario_on_hosts() -> None:
    here = changed.tree()
    reached = {name for job in JOBS if not job.whole for name in here.reached(tuple(job.roots))}
    code = {name for name in here.names if name.startswith(("roles/", "plugins/", "playbooks/")) and not name.endswith((".md", "__init__.py"))}
    documents = {name for name in code if name.startswith("plugins/doc_fragments/")}  # read by people only
    assert sorted(code - reached - documents) == []


def test_a_file_that_was_removed_still_counts() -> None:
    assert "unit" in hit("plugins/modules/gone.py")
    assert "storage-faults" in hit("tests/storage/test_gone.py")


def test_nothing_changed_runs_nothing() -> None:
    assert hit() == set()


def repository(path: pathlib.Path) -> None:
    for words in (["init", "-q"], ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *words], cwd=path, check=True)


def test_since_counts_new_and_changed_files(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path)
    (tmp_path / "a b.yml").write_text("x")
    monkeypatch.setattr(changed, "TOP", tmp_path)
    assert changed.since("1") == ["a b.yml"]


def test_a_revision_that_is_none_is_a_sentence(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path)
    monkeypatch.setattr(changed, "TOP", tmp_path)
    with pytest.raises(changed.CheckFailed, match="CHANGED takes 1 or a revision"):
        changed.since("no-such-branch")
