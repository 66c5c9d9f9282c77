"""Hosts with a kernel of their own: what is on their disks, and that a power cut ends their processes and no others. Real images, real processes."""

from __future__ import annotations

import os
import signal
import subprocess
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from lablib import cache, cli, config, uml
from lablib.config import Lab
from lablib.shell import LabError


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setattr(config, "REPO", tmp_path)
    return Lab("unit", IPv4Network("198.18.99.0/24"), "trixie", "uml")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """An ext4 file system as a host has it, but small."""
    (tmp_path / "tree/etc").mkdir(parents=True)
    with (tmp_path / "disk").open("wb") as image:
        image.truncate(8 << 20)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-d", tmp_path / "tree", tmp_path / "disk"], check=True)
    (tmp_path / "work").mkdir()
    return tmp_path / "disk"


def asked(disk: Path, command: str) -> str:
    return subprocess.run(["/sbin/debugfs", "-R", command, disk], check=True, capture_output=True, text=True).stdout


def test_a_hosts_own_files_are_on_its_disk_and_keys_are_the_owners_alone(disk: Path, tmp_path: Path) -> None:
    uml.write(disk, {"/etc/hostname": b"cp1\n", "/etc/ssh_host_ed25519_key": b"secret"}, tmp_path / "work")
    assert asked(disk, "cat /etc/hostname") == "cp1\n" and asked(disk, "cat /etc/ssh_host_ed25519_key") == "secret"
    assert "Mode:  0644" in asked(disk, "stat /etc/hostname")
    assert "Mode:  0600" in asked(disk, "stat /etc/ssh_host_ed25519_key") and "User:     0" in asked(disk, "stat /etc/ssh_host_ed25519_key")
    assert list((tmp_path / "work").iterdir()) == []


def test_a_file_that_has_no_directory_there_is_a_sentence(disk: Path, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="debugfs could not write the files of work"):
        uml.write(disk, {"/nowhere/x": b"x"}, tmp_path / "work")


def test_addresses_disks_and_swap(lab: Lab) -> None:
    node, store = (uml.files(lab, host, "02:00:c6:12:63:0c") for host in ("node1", "store1"))
    assert "Address=198.18.99.12/24\nGateway=198.18.99.254" in node["/etc/systemd/network/10-lab.network"]
    assert "/dev/ubdb none swap sw 0 0" in node["/etc/fstab"] and "xfs" not in node["/etc/fstab"]
    assert "/dev/ubdf /mnt/disk4 xfs defaults,nofail 0 2" in store["/etc/fstab"]
    assert node["/etc/resolv.conf"] == "nameserver 198.18.99.10\nsearch unit.test\n"


def begin(lab: Lab, host: str) -> subprocess.Popen[bytes]:
    """Something that has a second process, as a host has many; and the note of it that the lab keeps."""
    process = subprocess.Popen(["/bin/sh", "-c", "sleep 600 & wait"], start_new_session=True)
    uml.place(lab, host).mkdir(parents=True)
    (uml.place(lab, host) / "process").write_text(f"{process.pid} {uml.started(process.pid)}", encoding="ascii")
    return process


def session(pid: int) -> list[str]:
    return [path.name for path in Path("/proc").glob("[0-9]*") if (uml.fields(path.name)[3:4] or [""])[0] == str(pid) and uml.started(path.name)]


def test_a_power_cut_ends_every_process_of_the_host_and_none_of_another(lab: Lab) -> None:
    first, second = begin(lab, "cp1"), begin(lab, "node1")
    try:
        assert uml.booted(lab) == {"cp1", "node1"}
        uml.cut(lab, "cp1")
        assert first.wait(5) == -signal.SIGKILL and session(first.pid) == []
        assert uml.booted(lab) == {"node1"} and second.poll() is None
        uml.cut(lab, "cp1")  # without power it stays so
    finally:
        uml.cut(lab, "node1")
    assert second.wait(5) == -signal.SIGKILL


def test_a_number_that_now_belongs_to_another_process_is_no_host(lab: Lab) -> None:
    uml.place(lab, "cp1").mkdir(parents=True)
    (uml.place(lab, "cp1") / "process").write_text(f"{os.getpid()} 1", encoding="ascii")
    assert uml.running(lab, "cp1") == 0
    uml.cut(lab, "cp1")
    assert uml.booted(lab) == set()


@pytest.mark.parametrize("text", ["", "12", "one two three"])
def test_a_note_that_was_not_finished_is_no_host(lab: Lab, text: str) -> None:
    uml.place(lab, "cp1").mkdir(parents=True)
    (uml.place(lab, "cp1") / "process").write_text(text, encoding="ascii")
    assert uml.running(lab, "cp1") == 0


def test_the_power_of_a_host_that_has_none_is_not_cut(lab: Lab) -> None:
    with pytest.raises(LabError, match="node1 of lab unit: no host with a kernel of its own that is on"):
        cli.cut(lab, ["node1"])


@pytest.mark.parametrize(("kind", "name"), [("qemu", "vm"), ("uml", "lab")])
def test_kinds_of_hosts_that_there_are_not(monkeypatch: pytest.MonkeyPatch, kind: str, name: str) -> None:
    monkeypatch.setenv("LAB_KIND", kind)
    monkeypatch.setenv("LAB_NAME", name)
    with pytest.raises(LabError, match=f"LAB_KIND is {kind} of lab {name}"):
        Lab.from_env()


def test_without_a_kernel_the_command_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lablib.cache.CACHE", tmp_path)
    with pytest.raises(LabError, match="no kernel of user-mode Linux is cached. Next: "):
        cli.kernel()


def test_pruning_leaves_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lablib.cache.CACHE", tmp_path)
    monkeypatch.setattr("lablib.cache.USED", uml.USED)
    kernel, other = cache.place("uml-kernel", uml.parts()), tmp_path / "builds/other-0123456789abcdef"
    for path in (kernel, other):
        path.mkdir(parents=True)
    uml.keep()
    cache.prune()
    assert kernel.is_dir() and not other.exists()


def test_the_inventory_sets_nothing_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What containers need is not there; what hosts of this size need takes no kernel, limit or sysctl out of any check."""
    monkeypatch.setattr("lablib.config.REPO", tmp_path)  # of the state alone
    lab = Lab("unit", IPv4Network("198.18.99.0/24"), "trixie", "uml")
    cli.private_inventory(lab, ["cp1", "node1"])
    variables = lab.state / "inventory/group_vars/all"
    assert not (variables / "machine.yml").exists() and (variables / "own_kernel.yml").exists()
    text = "".join(path.read_text(encoding="utf-8") for path in variables.glob("*.yml"))
    assert "preflight_allow" not in text and "ignore_preflight" not in text and "failCgroupV1" not in text and "swap" not in text.lower()
