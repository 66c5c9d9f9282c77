# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel modules, sysctl and swap: what is, compared with what shall be. PRIVATE to the collection."""

from __future__ import annotations

import os
import typing as t
from fnmatch import fnmatchcase

HEADER = "# Managed by Ansible, collection onprem.wandb. Changes are overwritten.\n"
# A module that was compiled into the kernel leaves no name in /proc/modules, and often none in /sys/module: what it does is there.
EVIDENCE = {
    "br_netfilter": "/proc/sys/net/bridge/bridge-nf-call-iptables",
    "nf_conntrack": "/proc/sys/net/netfilter/nf_conntrack_max",
}
# In the order of their weight: a file in the first hides one of the same name in the others.
SYSCTL_DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
SYSCTL_LAST = "/etc/sysctl.conf"
# Two names of one switch: who writes the left one sets the right one as well.
SAME_SETTING = {"net/ipv4/conf/all/forwarding": "net/ipv4/ip_forward"}


class Kernel:
    """The running kernel as /proc and /sys show it. The root directory is a parameter for tests."""

    def __init__(self, root: str = "/", release: str = "") -> None:
        self.root = root
        self.release = release or os.uname().release

    def path(self, absolute: str) -> str:
        """A path of the host."""
        return os.path.join(self.root, absolute.lstrip("/"))

    def read(self, absolute: str) -> str:
        """Text of a file, empty when there is none."""
        try:
            with open(self.path(absolute), encoding="utf-8", errors="replace") as handle:
                return handle.read()
        except OSError:  # none, or no file
            return ""

    def has_module(self, name: str) -> bool:
        """Whether the function of a module is there, loaded or built in."""
        plain = name.replace("-", "_")
        if any(line.split()[0] == plain for line in self.read("/proc/modules").splitlines() if line):
            return True
        if os.path.isdir(self.path(f"/sys/module/{plain}")):
            return True
        if plain in self.read("/proc/filesystems").split():
            return True
        return plain in EVIDENCE and os.path.exists(self.path(EVIDENCE[plain]))

    def keeps_modules(self) -> bool:
        """Whether this system can load modules at boot. A container cannot: the kernel is not its own."""
        return os.path.isdir(self.path(f"/lib/modules/{self.release}"))

    def sysctl(self, key: str) -> t.Optional[str]:
        """Value of a key, None when the kernel has no such key."""
        path = f"/proc/sys/{sysctl_path(key)}"
        if not os.path.exists(self.path(path)):
            return None
        return normal(self.read(path))

    def sysctl_files(self, ours: str = "") -> list[str]:
        """Files with sysctl settings in the order in which a boot reads them, each basename once; `ours` has its place whether it is there or not."""
        found: dict[str, str] = {os.path.basename(ours): ours} if ours else {}
        for directory in SYSCTL_DIRECTORIES:
            place = self.path(directory)
            for name in os.listdir(place) if os.path.isdir(place) else ():
                if name.endswith(".conf"):
                    found.setdefault(name, f"{directory}/{name}")
        files = [found[name] for name in sorted(found)]
        # Debian and EL read it by a link from sysctl.d, `sysctl --system` always, and as the last one.
        linked = {os.path.realpath(self.path(path)) for path in files}
        last = os.path.exists(self.path(SYSCTL_LAST)) and os.path.realpath(self.path(SYSCTL_LAST)) not in linked
        return [*files, *([SYSCTL_LAST] if last else [])]

    def undone(self, wanted: t.Mapping[str, str], ours: str) -> list[dict[str, str]]:
        """Settings that the next boot takes back: key, wanted, the value that it ends with, and the file that wins."""
        texts = [(path, sysctl_text(wanted) if path == ours else self.read(path)) for path in self.sysctl_files(ours)]
        last = boot_values(texts, wanted)
        return [
            {"key": key, "wanted": value, "value": last[key][0], "file": last[key][1]} for key, value in wanted.items() if key in last and last[key][0] != value
        ]

    def swaps(self) -> list[str]:
        """Swap areas in use."""
        return [line.split()[0] for line in self.read("/proc/swaps").splitlines()[1:] if line.strip()]


def sysctl_path(key: str) -> str:
    """net.ipv4.ip_forward as a path. Keys that contain a slash are written with slashes already (an interface with a dot)."""
    return key if "/" in key else key.replace(".", "/")


def boot_values(texts: t.Iterable[tuple[str, str]], keys: t.Iterable[str]) -> dict[str, tuple[str, str]]:
    """What each key ends with, and the file that says so, when files (path, text) are read in order. A pattern counts only where no file names the key."""
    names = {sysctl_path(key): key for key in keys}
    names.update({alias: names[name] for alias, name in SAME_SETTING.items() if name in names})
    named: dict[str, tuple[str, str]] = {}
    by_pattern: dict[str, tuple[str, str]] = {}
    for path, text in texts:
        for line in text.splitlines():
            name, separator, value = line.strip().lstrip("-").partition("=")
            if not separator or line.lstrip().startswith(("#", ";")):
                continue
            setting = sysctl_path(name.strip())
            if setting in names:
                named[names[setting]] = (normal(value), path)
            elif any(letter in setting for letter in "*?["):
                by_pattern.update({key: (normal(value), path) for full, key in names.items() if fnmatchcase(full, setting)})
    return {**by_pattern, **named}


def normal(value: t.Any) -> str:
    """A value as it compares: tabs and spaces are the same."""
    if isinstance(value, bool):
        value = int(value)
    return " ".join(str(value).split())


def wanted_sysctl(values: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Sorted, without the keys that were taken out by null."""
    return {key: normal(values[key]) for key in sorted(values) if values[key] is not None}


def sysctl_text(values: t.Mapping[str, str]) -> str:
    """Content of the file in sysctl.d."""
    return HEADER + "".join(f"{key} = {value}\n" for key, value in values.items()) if values else ""


def modules_text(names: t.Sequence[str]) -> str:
    """Content of the file in modules-load.d."""
    return HEADER + "".join(f"{name}\n" for name in names) if names else ""


def fstab_without_swap(text: str) -> str:
    """fstab with its swap lines as comments."""
    lines = []
    for line in text.splitlines(keepends=True):
        fields = line.split()
        is_swap = len(fields) >= 3 and not line.lstrip().startswith("#") and fields[2] == "swap"
        lines.append(f"# onprem.wandb: {line}" if is_swap else line)
    return "".join(lines)


def swap_units(output: str) -> list[str]:
    """Swap units that are not masked, from systemctl list-units --all --plain --no-legend --full."""
    found = []
    for line in output.splitlines():
        fields = line.replace("●", " ").split()
        if len(fields) >= 2 and fields[0].endswith(".swap") and fields[1] not in ("masked", "not-found"):
            found.append(fields[0])
    return found
