# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP proxies of an environment, without the passwords that their addresses may hold. PRIVATE to the collection."""

from __future__ import annotations

import glob
import os
import re
import shlex
import typing as t

PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
EXCEPTIONS = ("no_proxy", "NO_PROXY")
# Programs that go to other parts of the site by themselves, in an environment that systemd gives them.
SERVICES = ("containerd.service", "kubelet.service")


def redacted(proxy: str) -> str:
    """The address of a proxy without name and password."""
    head, separator, rest = proxy.rpartition("@")
    scheme = head.split("://")[0] + "://" if "://" in head else ""
    return scheme + rest if separator else proxy


def of_environment(environment: t.Mapping[str, str]) -> dict[str, str]:
    """The variables that programs take a proxy from, and the exceptions; nothing where there is no proxy."""
    found = {name: redacted(environment[name]) for name in PROXIES if environment.get(name)}
    return {**found, **{name: environment[name] for name in EXCEPTIONS if environment.get(name)}} if found else {}


def text_of(path: str) -> str:
    """A file, empty where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""


def assigned(text: str, setting: str) -> list[str]:
    """What a file of systemd assigns by a setting, word by word; an empty one forgets what came before."""
    words: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name.strip() == setting:
            try:
                words = [*words, *shlex.split(value)] if value.strip() else []
            except ValueError:  # a quote that is not closed: systemd ignores the line
                continue
    return words


def of_services(root: str = "/") -> dict[str, dict[str, str]]:
    """The same of services, whether they are there yet or not: drop-ins of another installation stay for ours. A service without a proxy is not named."""
    etc = os.path.join(root, "etc/systemd")
    files = [os.path.join(etc, "system.conf"), *sorted(glob.glob(os.path.join(etc, "system.conf.d/*.conf")))]
    common = [word for path in files for word in assigned(text_of(path), "DefaultEnvironment")]
    found = {}
    for service in SERVICES:
        place = os.path.join(etc, "system", service)
        text = "\n".join(text_of(path) for path in [place, *sorted(glob.glob(place + ".d/*.conf"))])
        read = [text_of(os.path.join(root, path.lstrip("-").lstrip("/"))) for path in assigned(text, "EnvironmentFile")]
        lines = [line.strip() for line in "\n".join(read).splitlines() if re.match(r"\s*\w+=", line)]
        words = [*common, *assigned(text, "Environment"), *(line.replace('"', "").replace("'", "") for line in lines)]
        found[service] = of_environment(dict(word.split("=", 1) for word in words if "=" in word))
    return {service: environment for service, environment in found.items() if environment}
