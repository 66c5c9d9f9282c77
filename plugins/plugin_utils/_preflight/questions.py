# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what the module preflight_facts is asked on a host, and what its host's clock says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from .. import _traffic
from .._secrets.known import KNOWN
from .gather import Gatherer, data_paths, minio_drives
from .interface import EXTERNAL, MANAGED_UNITS
from .model import KUBE_GROUPS, Host
from .packages import wanted as wanted_packages
from .rules.endpoint import wanted
from .rules.network import control_plane_endpoint, external_endpoints, mirror_endpoint
from .rules.upstream import upstream_endpoints
from .rules.pod_network import boot_settings, measured_against

CLOCK_TRIES = 3
GOOD_ENOUGH = 0.3  # seconds of uncertainty


def arguments(gatherer: Gatherer, host: Host, given: Mapping[str, Any]) -> dict[str, Any]:
    """Given arguments over those that follow from the host's groups."""
    endpoints = mirror_endpoint(host) + upstream_endpoints(host)
    network: dict[str, Any] = {}
    if host.in_any(KUBE_GROUPS):
        endpoints += control_plane_endpoint(host)
        if any(not gatherer.groups.get(group) for group in EXTERNAL):
            endpoints += external_endpoints(gatherer.groups, gatherer.controller())
        network = {"pod_network": measured_against(host, gatherer.ours(), gatherer.controller())}
    endpoints += _traffic.asked_from(host, gatherer.ours(), gatherer.controller())
    unused = [wanted(host)] if host.in_any(["mysql"]) and wanted(host) else []
    own: dict[str, Any] = {"paths": data_paths(host), "endpoints": endpoints, "managed_units": MANAGED_UNITS, "unused": unused, **network}
    own["drives"] = minio_drives(host) if host.in_any(["minio"]) else []
    own["mysql_data_dir"] = host.text("mysql_data_dir") if host.in_any(["mysql"]) else ""
    own["inbound"] = _traffic.asked_at(host, gatherer.ours(), gatherer.controller())
    own["boot_settings"] = boot_settings(host)
    own["packages"] = wanted_packages(gatherer, host)
    own["evidence"] = {secret.name: list(secret.evidence) for secret in KNOWN if secret.group == "all" or host.in_any([secret.group])}
    return {**own, **given}


def clock(execute: Callable[..., Mapping[str, Any]]) -> dict[str, float]:
    """Offset of the host's clock against this machine's: the middle of the shortest of a few questions."""
    best: dict[str, float] = {}
    for _number in range(CLOCK_TRIES):
        before = time.time()
        answer = execute("date +%s.%N", sudoable=False)
        after = time.time()
        found = offset(before, after, str(answer.get("stdout", "")))
        if found and (not best or found["uncertainty"] < best["uncertainty"]):
            best = found
        if best and best["uncertainty"] <= GOOD_ENOUGH:
            break
    return best


def offset(before: float, after: float, stdout: str) -> dict[str, float]:
    """The host's time against the middle of the question; the truth lies within half of its duration."""
    words = stdout.split()
    try:
        there = float(words[-1])
    except (IndexError, ValueError):
        return {}
    return {"offset": round(there - (before + after) / 2, 4), "uncertainty": round((after - before) / 2, 4)}


def why(answer: Mapping[str, Any]) -> str:
    """Why a module failed, in a line."""
    for key in ("module_stderr", "msg"):
        if answer.get(key):
            return short(str(answer[key]))
    return "the measurement failed"


def short(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else text)[:160]
