# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel modules, sysctl and swap as /proc shows them."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._host import kernel as s
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import kernel as apply


@pytest.fixture(name="kernel")
def fixture_kernel(tmp_path: pathlib.Path) -> s.Kernel:
    return s.Kernel(str(tmp_path), "6.1.0")


def put(kernel: s.Kernel, path: str, text: str = "") -> None:
    target = pathlib.Path(kernel.path(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


@pytest.mark.parametrize(("path", "text", "module"), [
    ("/proc/modules", "br_netfilter 32768 0 - Live 0x0\n", "br_netfilter"),
    ("/proc/modules", "nf_tables 1 0 - Live 0x0\n", "nf-tables"),
    ("/sys/module/vxlan/refcnt", "0", "vxlan"),
    ("/proc/filesystems", "nodev\toverlay\n\text4\n", "overlay"),
    ("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n", "br_netfilter"),
])
def test_a_module_is_there_when_its_function_is(kernel: s.Kernel, path: str, text: str, module: str) -> None:
    assert not kernel.has_module(module)
    put(kernel, path, text)
    assert kernel.has_module(module)


def test_a_system_without_its_kernels_modules_loads_none_at_boot(kernel: s.Kernel) -> None:
    assert not kernel.keeps_modules()
    put(kernel, "/lib/modules/6.1.0/modules.dep")
    assert kernel.keeps_modules()


def test_sysctl_values(kernel: s.Kernel) -> None:
    put(kernel, "/proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456\n")
    put(kernel, "/proc/sys/net/ipv4/conf/eth0.1/forwarding", "1\n")
    assert kernel.sysctl("net.ipv4.tcp_rmem") == "4096 131072 6291456"
    assert kernel.sysctl("net/ipv4/conf/eth0.1/forwarding") == "1"
    assert kernel.sysctl("net.no.such") is None


def test_wanted_values_are_sorted_and_null_takes_one_out() -> None:
    assert list(s.wanted_sysctl({"b": 2, "a": True, "c": None}).items()) == [("a", "1"), ("b", "2")]
    assert s.sysctl_text({"a": "1"}).endswith("\na = 1\n")
    assert s.sysctl_text({}) == s.modules_text([]) == ""


def test_swaps(kernel: s.Kernel) -> None:
    assert kernel.swaps() == []
    put(kernel, "/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition 1 0 -2\n/dev/zram0 partition 1 0 100\n")
    assert kernel.swaps() == ["/dev/sda2", "/dev/zram0"]


def test_fstab_keeps_everything_but_swap() -> None:
    text = "# swap\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n/swap.img\tnone\tswap\tsw\t0\t0\n# UUID=3 none swap sw 0 0\n"
    after = s.fstab_without_swap(text)
    assert after == (
        "# swap\nUUID=1 / ext4 defaults 0 1\n# onprem.wandb: UUID=2 none swap sw 0 0\n# onprem.wandb: /swap.img\tnone\tswap\tsw\t0\t0\n"
        "# UUID=3 none swap sw 0 0\n"
    )
    assert s.fstab_without_swap(after) == after


class Host:
    """A host with one swap partition, which systemd knows by three names; two swapoffs of it cannot both end well."""

    check_mode = False
    names = ("dev-sda2.swap", "dev-disk-by\\x2duuid-1234.swap", "dev-disk-by\\x2dpath-pci.swap")

    def __init__(self) -> None:
        self.areas, self.masked = ["/dev/sda2"], []  # type: tuple[list[str], list[str]]

    def swaps(self) -> list[str]:
        return list(self.areas)

    def read(self, path: str) -> str:
        return ""

    def run_command(self, command: list[str], check_rc: bool = False) -> tuple[int, str, str]:
        if command[1] == "list-units":
            return 0, "".join(f"{name} loaded active active swap\n" for name in self.names if name not in self.masked), ""
        if command[:2] == ["systemctl", "mask"]:
            assert "--now" not in command or len(command) == 4, "Job failed. See journalctl -xe for details."
            self.masked += [name for name in command[2:] if name.endswith(".swap")]
        if command[0] == "swapoff":
            self.areas.remove(command[1])
        return 0, "", ""


def test_a_swap_area_with_several_names_is_switched_off_once() -> None:
    host = Host()
    settings = apply.Settings(host)  # type: ignore[arg-type]
    settings.kernel = host  # type: ignore[assignment]
    settings.no_swap()
    assert host.areas == [] and host.masked == list(host.names)


def test_swap_units() -> None:
    output = "  dev-sda2.swap loaded active active Swap\n● dev-zram0.swap masked inactive dead x\n"
    output += "\\x2dodd.swap loaded inactive dead /-odd\nx.swap not-found inactive dead x\n"
    assert s.swap_units(output) == ["dev-sda2.swap", "\\x2dodd.swap"]


OURS = "/etc/sysctl.d/90-onprem-wandb.conf"
FORWARD = {"net.ipv4.ip_forward": "1"}


@pytest.mark.parametrize(("files", "wins"), [
    ({}, None),
    ({"/etc/sysctl.d/10-first.conf": "net.ipv4.ip_forward = 0\n"}, None),
    ({"/usr/lib/sysctl.d/50-default.conf": "net.ipv4.ip_forward = 0\n"}, None),
    ({"/etc/sysctl.d/99-cis.conf": "net.ipv4.ip_forward=0\n"}, ("0", "/etc/sysctl.d/99-cis.conf")),
    ({"/etc/sysctl.d/99-cis.conf": "-net/ipv4/ip_forward = 0"}, ("0", "/etc/sysctl.d/99-cis.conf")),
    ({"/etc/sysctl.d/99-cis.conf": "net.ipv4.conf.all.forwarding = 0"}, ("0", "/etc/sysctl.d/99-cis.conf")),
    ({"/etc/sysctl.d/99-cis.conf": "# net.ipv4.ip_forward = 0\n; net.ipv4.ip_forward = 0\n"}, None),
    ({"/etc/sysctl.d/99-cis.conf": "net.ipv4.ip_forward = 1"}, None),
    ({"/etc/sysctl.d/99-cis.conf.bak": "net.ipv4.ip_forward = 0"}, None),
    ({"/etc/sysctl.conf": "net.ipv4.ip_forward = 0"}, ("0", "/etc/sysctl.conf")),
    ({"/usr/lib/sysctl.d/99-x.conf": "net.ipv4.ip_forward = 0", "/etc/sysctl.d/99-x.conf": ""}, None),
    ({"/usr/lib/sysctl.d/99-x.conf": "net.ipv4.ip_forward = 0", "/etc/sysctl.d/99-y.conf": "net.ipv4.ip_forward = 1"}, None),
    ({OURS: "net.ipv4.ip_forward = 0"}, None),
    # A pattern yields to a file that names the key, which ours does.
    ({"/etc/sysctl.d/99-cis.conf": "net.ipv4.* = 0"}, None),
])
def test_a_later_file_that_takes_a_setting_back(kernel: s.Kernel, files: dict[str, str], wins: tuple[str, str] | None) -> None:
    for path, text in files.items():
        put(kernel, path, text)
    found = [(item["value"], item["file"]) for item in kernel.undone(FORWARD, OURS)]
    assert found == ([wins] if wins else [])


def test_the_linked_sysctl_conf_has_the_place_of_its_link(kernel: s.Kernel) -> None:
    put(kernel, "/etc/sysctl.conf", "net.ipv4.ip_forward = 0")
    pathlib.Path(kernel.path("/etc/sysctl.d")).mkdir(parents=True)
    pathlib.Path(kernel.path("/etc/sysctl.d/99-sysctl.conf")).symlink_to("../sysctl.conf")
    put(kernel, "/etc/sysctl.d/99-z.conf", "net.ipv4.ip_forward = 1")
    assert kernel.sysctl_files(OURS) == [OURS, "/etc/sysctl.d/99-sysctl.conf", "/etc/sysctl.d/99-z.conf"]
    assert kernel.undone(FORWARD, OURS) == []


def test_a_pattern_without_a_file_that_names_the_key() -> None:
    assert s.boot_values([("/a", "net.ipv4.conf.*.rp_filter = 2")], ["net.ipv4.conf.all.rp_filter"]) == {"net.ipv4.conf.all.rp_filter": ("2", "/a")}
