"""docs/network.md: who talks to whom, out of the table of the collection (plugin_utils/_traffic.py)."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .base import COLLECTION

WORDS = {
    "kube": "`kube_control_plane`, `kube_node`",
    "users": "anybody: browsers, training machines",
    "administrator": "the machine that Ansible runs on",
    "all": "every host",
}
BOXES = {"kube": "kube_control_plane, kube_node", "users": "browsers, training machines", "administrator": "the machine that Ansible runs on"}


def services() -> list[Any]:
    """The table; of it what others must reach."""
    place = str(COLLECTION.parents[2])
    if place not in sys.path:
        sys.path.insert(0, place)
    module = importlib.import_module("ansible_collections.onprem.wandb.plugins.plugin_utils._traffic")
    return [service for service in module.SERVICES if service.sources]


def port(service: Any) -> str:
    """Protocol and port as people write them."""
    return f"{service.protocol.upper()} {service.port}" if service.port else service.protocol.upper()


def table() -> str:
    """One line for each service."""
    lines = ["| at | what | port | from | variable |", "|---|---|---|---|---|"]
    for service in services():
        sources = "; ".join(WORDS.get(source, f"`{source}`") for source in service.sources)
        variable = ", ".join(f"`{name}`" for name in (service.variable, service.switch) if name) or "–"
        lines.append(f"| {WORDS.get(service.target, f'`{service.target}`')} | {service.name} | {port(service)} | {sources} | {variable} |")
    return "\n".join(lines)


def picture() -> str:
    """The same as arrows; SSH, which goes everywhere, is left out."""
    shown = [service for service in services() if service.target != "all"]
    names = dict.fromkeys(name for service in shown for name in (*service.sources, service.target))
    lines = ["```mermaid", "flowchart LR", *(f'    {name}["{BOXES.get(name, name)}"]' for name in names)]
    arrows: dict[tuple[str, str], list[str]] = {}
    for service in shown:
        for source in service.sources:
            arrows.setdefault((source, service.target), []).append(port(service))
    lines += [f'    {source} -- "{", ".join(ports)}" --> {target}' for (source, target), ports in arrows.items()]
    return "\n".join([*lines, "```"])
