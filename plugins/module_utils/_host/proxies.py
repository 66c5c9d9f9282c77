# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP proxies of an environment, without the passwords that their addresses may hold. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
EXCEPTIONS = ("no_proxy", "NO_PROXY")


def redacted(proxy: str) -> str:
    """The address of a proxy without name and password."""
    head, separator, rest = proxy.rpartition("@")
    scheme = head.split("://")[0] + "://" if "://" in head else ""
    return scheme + rest if separator else proxy


def of_environment(environment: t.Mapping[str, str]) -> dict[str, str]:
    """The variables that programs take a proxy from, and the exceptions; nothing where there is no proxy."""
    found = {name: redacted(environment[name]) for name in PROXIES if environment.get(name)}
    return {**found, **{name: environment[name] for name in EXCEPTIONS if environment.get(name)}} if found else {}
