# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pod_network_check as it runs on a node, with sockets that a test decides about: consumers get what the producer writes."""

from __future__ import annotations

import typing as t
from unittest.mock import patch

from ansible_collections.onprem.wandb.plugins.module_utils._host import netns, pod_network, pod_traffic
from ansible_collections.onprem.wandb.plugins.module_utils._work import pod_network_check

Connect = t.Callable[[str, int, float], str]
Resolve = t.Callable[..., tuple[list[str], str]]


def fine(_address: str, _port: int, _timeout: float) -> str:
    return ""


def known(_server: str, _name: str, _timeout: float) -> tuple[list[str], str]:
    return ["192.0.2.31"], ""


def measured(arguments: t.Mapping[str, t.Any], connect: Connect = fine, resolve: Resolve = known) -> dict[str, t.Any]:
    """What the module returns for the arguments that the topic hands it."""
    params = {"resolv_conf": "", "timeout": 3.0, **arguments}
    with (
        patch.object(netns, "find", lambda address: "/proc/1/ns/net"),
        patch.object(netns, "ask", lambda place, question, seconds: question()),
        patch.object(pod_traffic, "connect", connect),
        patch.object(pod_traffic, "resolve", resolve),
        patch.object(pod_network, "resolver", lambda root, chosen: {"file": "/etc/resolv.conf", "nameservers": ["192.0.2.53"]}),
    ):
        return pod_network_check.measure(params)
