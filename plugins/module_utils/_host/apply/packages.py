# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of the distribution: ask the database, install what is missing. PRIVATE to the collection."""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import packages as o

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC = {"names": {"type": "list", "elements": "str", "required": True}, "timeout": {"type": "int", "default": 300}}
# LANGUAGE of the host's own settings counts more than C.UTF-8 (it does not with C alone), and then "is not installed" is said in another language.
ENGLISH = {"LC_ALL": "C.UTF-8", "LANGUAGE": "C"}
# A package that asks a question would wait for ever; one that restarts services is told not to (Ubuntu's needrestart).
APT_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", **ENGLISH}
APT_OPTIONS = ("-y", "-q", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")


class Manager:
    """What the package managers have in common."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.names = list(dict.fromkeys(module.params["names"]))

    def fail(self, command: str, output: str) -> t.NoReturn:
        """The end, with a sentence."""
        self.module.fail_json(
            msg=f"{', '.join(self.missing()) or 'Packages'} could not be installed, {command} says: {o.reason(output)}"
            " Next: apt-get update, or dnf makecache: the package repositories of this host must answer."
        )

    def missing(self) -> list[str]:
        """Names that are not installed."""
        raise NotImplementedError

    def install(self, names: t.Sequence[str]) -> None:
        """Install them or fail."""
        raise NotImplementedError


class Apt(Manager):
    """Debian, Ubuntu."""

    def missing(self) -> list[str]:
        output = self.module.run_command(["dpkg-query", "--show", f"--showformat={o.DPKG_FORMAT}", *self.names])[1]
        return o.missing_debs(self.names, output)

    def run(self, *arguments: str) -> tuple[int, str]:
        """apt-get, again while another one holds the lock."""
        end = time.monotonic() + self.module.params["timeout"]
        wait = f"DPkg::Lock::Timeout={self.module.params['timeout']}"
        while True:
            code, output, errors = self.module.run_command(["apt-get", "-o", wait, *arguments], environ_update=APT_ENVIRONMENT)
            text = output + errors
            if code == 0 or not o.locked(text) or time.monotonic() > end:
                return code, text
            time.sleep(2)

    def install(self, names: t.Sequence[str]) -> None:
        if not any(entry.endswith(("Packages", "Packages.lz4", "Packages.gz")) for entry in os.listdir("/var/lib/apt/lists")):
            self.run("update", "-q")
        code, text = self.run("install", *APT_OPTIONS, *names)
        if code and o.INTERRUPTED in text:
            self.module.run_command(["dpkg", "--configure", "-a", "--force-confdef", "--force-confold"], environ_update=APT_ENVIRONMENT)
            code, text = self.run("install", *APT_OPTIONS, *names)
        if code and o.curable(text):
            updated, update_text = self.run("update", "-q")
            code, text = self.run("install", *APT_OPTIONS, *names)
            text = text if not updated else f"{update_text}\n{text}"
        if code:
            self.fail("apt-get", text)


class Dnf(Manager):
    """Enterprise Linux."""

    def missing(self) -> list[str]:
        output = self.module.run_command(["rpm", "-q", *self.names], environ_update=ENGLISH)[1]
        return o.missing_rpms(self.names, output)

    def install(self, names: t.Sequence[str]) -> None:
        command = ["dnf", "-y", "--setopt=install_weak_deps=False", "install", *names]
        code, output, errors = self.module.run_command(command, environ_update=ENGLISH)
        if code:
            self.fail("dnf", output + errors)


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """The work of one call."""
    if module.get_bin_path("apt-get"):
        manager: Manager = Apt(module)
    elif module.get_bin_path("dnf"):
        manager = Dnf(module)
    else:
        module.fail_json(msg="This host has neither apt-get nor dnf. Supported are Debian, Ubuntu and Enterprise Linux.")
    missing = manager.missing() if manager.names else []
    if missing and not module.check_mode:
        manager.install(missing)
        left = manager.missing()
        if left:
            module.fail_json(msg=f"{', '.join(left)}: the package manager reported success, but they are not installed. Virtual packages have no place here.")
    return {"changed": bool(missing), "installed": missing}
