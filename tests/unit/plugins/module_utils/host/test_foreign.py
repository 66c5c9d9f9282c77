"""Files that others wrote in another encoding: read without a traceback, and written back byte for byte but for what is ours."""

from __future__ import annotations

import os
import pathlib

from ansible_collections.onprem.wandb.plugins.module_utils._host import drives, foreign, pod_network
from ansible_collections.onprem.wandb.plugins.module_utils._host import kernel as s
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import block
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import run
from hypothesis import given
from hypothesis import strategies as st

LATIN = b"# Serveur de la salle n\xb0 2\r\n127.0.0.1 localhost\n"


@given(st.binary(max_size=300))
def test_any_bytes_come_back(tmp_path_factory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("foreign") / "file"
    path.write_bytes(content)
    text = foreign.load(str(path))
    foreign.store(os.open(path, os.O_WRONLY | os.O_TRUNC), text)
    assert path.read_bytes() == content
    foreign.visible(text).encode("utf-8")


def test_a_block_leaves_the_others_bytes_and_line_ends(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "hosts"
    path.write_bytes(LATIN)
    result = block.run(Module(path))
    assert result["changed"] is True
    assert path.read_bytes() == LATIN + b"# BEGIN x\n10.0.0.1 a\n# END x\n"
    assert "n\ufffd 2" in result["diff"][0]["before"]
    assert block.run(Module(path))["changed"] is False


def test_fstab_keeps_its_bytes(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "fstab"
    path.write_bytes(b"//srv/donn\xe9es /mnt cifs ro 0 0\r\n/dev/sdb none swap sw 0 0\n")
    text = s.fstab_without_swap(foreign.load(str(path)))
    foreign.store(os.open(path, os.O_WRONLY | os.O_TRUNC), text)
    assert path.read_bytes() == b"//srv/donn\xe9es /mnt cifs ro 0 0\r\n# onprem.wandb: /dev/sdb none swap sw 0 0\n"


def test_settings_and_resolvers_in_another_encoding_are_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "etc/sysctl.d").mkdir(parents=True)
    (tmp_path / "etc/sysctl.d/99-salle.conf").write_bytes(b"# r\xe9glage\nvm.swappiness = 60\n")
    (tmp_path / "etc/resolv.conf").write_bytes(b"# r\xe9solveur\nnameserver 192.0.2.1\n")
    assert pod_network.resolver(str(tmp_path))["nameservers"] == ["192.0.2.1"]
    undone = s.Kernel(str(tmp_path)).undone({"vm.swappiness": "1"}, "/etc/sysctl.d/90-ours.conf")
    assert [(item["key"], item["value"]) for item in undone] == [("vm.swappiness", "60")]


def test_a_mount_whose_path_holds_line_ends_of_unicode_is_one_mount() -> None:
    point = "/srv/a\u2028b\x85c\x0bd"
    (found,) = drives.mounts(f"36 35 98:0 / {point} rw,noatime - xfs /dev/sdb rw\n")
    assert found["mount_point"] == point
    assert run.mounted_below(["/srv"], f"/dev/sdb {point} xfs rw 0 0\n") == [point]


class Module:
    """As much of AnsibleModule as the work on a block asks for."""

    check_mode = False
    _diff = True

    def __init__(self, path: pathlib.Path) -> None:
        self.params = {"path": str(path), "block": "10.0.0.1 a", "marker": "# {mark} x"}

    def atomic_move(self, source: str, target: str, unsafe_writes: bool) -> None:
        assert unsafe_writes
        os.replace(source, target)
