# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel modules, sysctl and swap: set what runs, write down what the next boot shall be. PRIVATE to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import foreign
from ansible_collections.onprem.wandb.plugins.module_utils._host import kernel as s

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "default": "onprem-wandb"},
    "modules": {"type": "list", "elements": "str", "default": []},
    "sysctl": {"type": "dict", "default": {}},
    "swap": {"type": "bool", "default": True},
}


class Settings:
    """The work on one host."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.kernel = s.Kernel()
        self.changes: list[str] = []
        self.loading: list[str] = []
        self.undone: list[dict[str, str]] = []

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file with this text; no text, no file."""
        before = self.kernel.read(path)
        if before == text:
            return
        self.changes.append(f"{'write' if text else 'remove'} {path}")
        if self.module.check_mode:
            return
        if not text:
            os.unlink(path)
            return
        handle = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        foreign.store(handle, text)
        os.chmod(f"{path}.new", mode)
        os.replace(f"{path}.new", path)

    def modules(self, names: t.Sequence[str], name: str) -> None:
        """Load what is missing and write it down."""
        for module in names:
            if self.kernel.has_module(module):
                continue
            self.loading.append(module)
            self.changes.append(f"load {module}")
            if self.module.check_mode:
                continue
            code, output, errors = self.module.run_command([self.module.get_bin_path("modprobe", required=True), module])
            if not self.kernel.has_module(module) and code:
                self.module.fail_json(
                    msg=f"The kernel module {module} is not there and cannot be loaded (kernel {self.kernel.release}): {(errors or output).strip()}."
                    f" Next: apt-get install linux-modules-extra-{self.kernel.release} (Ubuntu), or dnf install kernel-modules-$(uname -r) (EL)."
                )
        self.write(f"/etc/modules-load.d/{name}.conf", s.modules_text(names if self.kernel.keeps_modules() else []))

    def sysctl(self, values: t.Mapping[str, t.Any], name: str) -> None:
        """Set running values and write them down."""
        wanted = s.wanted_sysctl(values)
        ours = f"/etc/sysctl.d/90-{name}.conf"
        self.write(ours, s.sysctl_text(wanted))
        self.undone = self.kernel.undone(wanted, ours)
        for item in self.undone:
            self.module.warn(
                f"{item['file']} is read after {ours} and sets {item['key']} to {item['value']} (wanted: {item['wanted']}):"
                f" the next boot takes the setting back. Next: grep -n {item['key']} {item['file']}; take the line out there."
            )
        for key, value in wanted.items():
            seen = self.kernel.sysctl(key)
            if seen == value:
                continue
            if seen is None and not (self.module.check_mode and self.loading):
                self.module.fail_json(msg=f"The kernel {self.kernel.release} has no sysctl {key} (wanted: {value}). Next: set host_sysctl: {{{key}: null}}.")
            self.changes.append(f"sysctl {key} {seen} -> {value}")
            if not self.module.check_mode:
                self.set(key, seen, value)

    def set(self, key: str, seen: t.Optional[str], value: str) -> None:
        """One running value."""
        try:
            with open(f"/proc/sys/{s.sysctl_path(key)}", "w", encoding="ascii") as handle:
                handle.write(value)
        except OSError as error:
            self.module.fail_json(
                msg=f"sysctl {key} is {seen}, wanted {value}, and cannot be set: {error.strerror}. Next: sysctl -w {key}={value}, in a container on the machine"
                f" below; or set host_sysctl: {{{key}: null}}."
            )

    def no_swap(self) -> None:
        """Swap off, now and later. Masking its unit stops every way by which systemd learns of a swap area: fstab, GPT, zram."""
        areas = self.kernel.swaps()
        units = s.swap_units(self.module.run_command(["systemctl", "list-units", "--type=swap", "--all", "--plain", "--no-legend", "--full", "--no-pager"])[1])
        fstab = foreign.load("/etc/fstab") if os.path.exists("/etc/fstab") else ""
        self.changes += [f"swapoff {area}" for area in areas] + [f"mask {unit}" for unit in units]
        if s.fstab_without_swap(fstab) != fstab:
            self.write("/etc/fstab", s.fstab_without_swap(fstab))
        if self.module.check_mode:
            return
        if units:
            # Not stopped by systemd: an area has a unit for each of its names (by-uuid, by-path …), and of their swapoffs at one time all but one fail.
            self.module.run_command(["systemctl", "mask", *units], check_rc=True)
        for area in self.kernel.swaps():
            code, output, errors = self.module.run_command(["swapoff", area])
            if code:
                self.module.fail_json(
                    msg=f"Swap on {area} cannot be switched off: {(errors or output).strip()}. "
                    "Next: free -m shows what is missing; stop what needs it, or set host_swap_off: false."
                )


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """The work of one call."""
    settings = Settings(module)
    settings.modules(module.params["modules"], module.params["name"])
    settings.sysctl(module.params["sysctl"], module.params["name"])
    if not module.params["swap"]:
        settings.no_swap()
    result: dict[str, t.Any] = {"changed": bool(settings.changes), "changes": settings.changes, "undone": settings.undone}
    if module._diff:
        result["diff"] = {"prepared": "".join(f"{change}\n" for change in settings.changes)}
    return result
