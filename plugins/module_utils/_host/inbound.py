# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the services that others must reach the firewall of a host certainly drops. Read, never changed. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import firewall, openings
from ansible_collections.onprem.wandb.plugins.module_utils._host.kernel import Kernel
from ansible_collections.onprem.wandb.plugins.module_utils._host.pod_network import Run, interfaces, outer, packet_filter


def measure(wanted: t.Sequence[t.Mapping[str, t.Any]], run: Run, root: str = "/") -> dict[str, t.Any]:
    """Who manages the firewall, where it is opened, and each wanted service that it drops whoever sends it: service, protocol, port, chain, by."""
    if not wanted:
        return {"manager": "", "places": [], "dropped": [], "unkept": ""}
    filters, _tools = packet_filter(run)
    interface = outer(interfaces(root), Kernel(root).read("/proc/net/route"))
    ways = [openings.Way(str(item["protocol"]), int(item["port"]), "") for item in wanted]
    filtered = any(chain.hook == "input" for chains in filters for chain in chains.values())
    look = openings.look(run, ways) if filtered else openings.Look("")
    closed = list(dropped(wanted, filters, interface))
    return {"manager": look.manager, "places": list(look.places), "dropped": closed, "unkept": unkept(run) if look.manager == openings.NFTABLES else ""}


def unkept(run: Run) -> str:
    """Why rules of nftables would be gone after a boot; the other firewalls keep theirs themselves."""
    state = (run(["systemctl", "is-enabled", "nftables.service"]) or "not enabled").strip()
    return "" if state == "enabled" else "nftables.service, which loads the rules at boot, is not enabled"


def dropped(wanted: t.Sequence[t.Mapping[str, t.Any]], filters: t.Sequence[firewall.Chains], interface: str) -> t.Iterator[dict[str, t.Any]]:
    """The first chain for each; an address that a rule asks for is a doubt, and a doubt is no drop."""
    for item in wanted:
        packet = firewall.Packet("input", interface, "", str(item["protocol"]), int(item["port"]))
        drop = next((drop for chains in filters for drop in firewall.drops(chains, packet)), None)
        if drop:
            yield {**item, "chain": drop.chain, "by": drop.by}
