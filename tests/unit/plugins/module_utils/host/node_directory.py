# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node in a directory, measured by the real code: consumers of the measurement get what its producer writes."""

from __future__ import annotations

import json
import pathlib
import tempfile
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import pod_network

WANTED = {"tunnel": "flannel.1", "tunnel_port": 8472, "kubelet_port": 10250}
BOOT = {"/etc/sysctl.d/90-onprem-wandb.conf": {"net.ipv4.ip_forward": 1, "fs.inotify.max_user_watches": 524288}}
FILES = {
    "/proc/sys/net/ipv4/ip_forward": "1\n",
    "/etc/cni/net.d/10-flannel.conflist": "{}",
    "/etc/resolv.conf": "nameserver 192.0.2.1\n",
    "/var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\n",
    "/sys/class/net/eth0": "",
    "/sys/class/net/flannel.1": "",
    "/sys/class/net/cni0": "",
}


def chain(hook: str, policy: str = "accept", *rules: list[t.Any]) -> str:
    """What nft prints of one base chain."""
    place = {"family": "ip", "table": "filter", "name": hook.upper()}
    found: list[t.Any] = [{"chain": {**place, "type": "filter", "hook": hook, "policy": policy}}]
    found += [{"rule": {"family": "ip", "table": "filter", "chain": hook.upper(), "expr": rule}} for rule in rules]
    return json.dumps({"nftables": found})


def measured(files: t.Mapping[str, str | None] | None = None, nft: str = "{}") -> dict[str, t.Any]:
    """A healthy node with other files (None: without the file) and another packet filter."""
    with tempfile.TemporaryDirectory() as place:
        for path, text in {**FILES, **(files or {})}.items():
            if text is not None:
                target = pathlib.Path(place, path.lstrip("/"))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
        return pod_network.measure(WANTED, pod_network.undone(BOOT, place), lambda command: nft if command[0] == "nft" else None, place)


BARE: dict[str, str | None] = {"/var/lib/kubelet/config.yaml": None, "/etc/cni/net.d/10-flannel.conflist": None, "/proc/sys/net/ipv4/ip_forward": "0\n"}
BARE.update({"/sys/class/net/flannel.1": None, "/sys/class/net/cni0": None})
