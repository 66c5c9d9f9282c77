# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: measurements in, rows out. No Ansible in here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PASS = "pass"
FAIL = "fail"
NOT_APPLICABLE = "n.a."

Measurement = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One requirement: what was expected, what was measured."""

    id: str
    requirement: str
    expected: str
    measured: str
    result: str


@dataclass
class Facts:
    """Everything measured, and what the site wants to be."""

    groups: Mapping[str, list[str]] = field(default_factory=dict)
    hosts: Mapping[str, Mapping[str, Measurement]] = field(default_factory=dict)  # host -> check -> result
    controller: Mapping[str, Measurement] = field(default_factory=dict)  # check -> result
    settings: Mapping[str, Any] = field(default_factory=dict)
    capacity: list[str] = field(default_factory=list)  # findings of preflight about sizes
    clocks: list[str] = field(default_factory=list)  # and about clocks

    def has(self, group: str) -> bool:
        return bool(self.groups.get(group))

    def members(self, group: str) -> list[str]:
        return list(self.groups.get(group, []))

    def of(self, host: str, check: str) -> Measurement:
        """A measurement on a host, with a reason when it is missing."""
        return self.hosts.get(host, {}).get(check) or {"failed": True, "msg": "%s was not measured" % host}

    def here(self, check: str) -> Measurement:
        """A measurement on the controller."""
        return self.controller.get(check) or {"failed": True, "msg": "not measured"}


Rule = Callable[[Facts], Iterable[Row]]


def verdict(good: bool) -> str:
    return PASS if good else FAIL


def failed(measurement: Measurement) -> bool:
    return bool(measurement.get("failed"))


def reason(measurement: Measurement) -> str:
    """Why there is no measurement: the first sentence of what the module said."""
    text = " ".join(str(measurement.get("msg") or "no reason given").split())
    return "not measured: " + re.split(r"(?<=[a-z)])\. (?=[A-Z])", text)[0][:240]


def probes(measurement: Measurement) -> dict[str, Mapping[str, Any]]:
    """Probes by name."""
    return {probe["name"]: probe for probe in measurement.get("probes") or []}


def evidence(probe: Mapping[str, Any], *keys: str) -> str:
    """What a probe saw: the named parts of it, or all."""
    seen = probe.get("evidence") or {}
    chosen = {key: seen[key] for key in keys if key in seen} or seen
    return ", ".join("%s %s" % (key, ", ".join(map(str, value)) if isinstance(value, list) else value) for key, value in chosen.items())


def of_probes(row: tuple[str, str, str], measurement: Measurement, names: Iterable[str], shown: str = "") -> Row:
    """One row out of probes: it fails with the first that fails, and is not applicable when none was asked."""
    found = probes(measurement)
    if not found:
        return Row(*row, reason(measurement), FAIL)
    asked = [found[name] for name in names if name in found]
    for probe in asked:
        culprit = probe if probe["verdict"] == "fail" else cause(found, probe)
        if culprit:
            return Row(*row, "%s: %s. %s" % (culprit["name"], evidence(culprit), culprit["remedy"]), FAIL)
    missing = [probe for probe in asked if probe["verdict"] == "skip"]
    if missing or not asked:
        why = str((missing[0].get("evidence") or {}).get("reason", "")) if missing else ""
        return Row(*row, "not asked: %s" % why if why else "not asked", NOT_APPLICABLE)
    return Row(*row, shown or "; ".join(evidence(probe) or probe["name"] for probe in asked), PASS)


def cause(found: Mapping[str, Mapping[str, Any]], probe: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The failing probe because of which this one was not asked; None when it was asked, or left out for another reason."""
    text = str((probe.get("evidence") or {}).get("reason", ""))
    if probe["verdict"] != "skip" or not text.startswith("needs "):
        return None
    for name in text[len("needs ") :].split(", "):
        needed = found.get(name)
        if needed is not None:
            culprit = needed if needed["verdict"] == "fail" else cause(found, needed)
            if culprit:
                return culprit
    return None
