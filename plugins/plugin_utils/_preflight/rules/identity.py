# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that are not who they seem to be: clones and clocks."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from ..model import CONTROLLER, WARNING, Finding, Host, Site

CLOCK_LIMIT = 1.0  # seconds
REMEDIES = {
    "hostname": "hostnamectl set-hostname: Kubernetes names its nodes by it",
    "machine_id": "a cloned disk: rm /etc/machine-id; systemd-machine-id-setup; reboot",
    "product_uuid": "clones: give each its own UUID in the hypervisor; for containers on one machine: preflight_allow_duplicate_product_uuid: true",
}
LABELS = {"hostname": "host name", "machine_id": "machine-id", "product_uuid": "product UUID"}


def duplicates(site: Site) -> Iterator[Finding]:
    """The same host name, machine-id or product UUID on two hosts."""
    for key, remedy in REMEDIES.items():
        owners: dict[str, list[Host]] = {}
        for host in site.measured():
            if host.measured[key]:
                owners.setdefault(host.measured[key], []).append(host)
        for value, hosts in owners.items():
            if len(hosts) < 2 or (key == "product_uuid" and all(host.flag("preflight_allow_duplicate_product_uuid") for host in hosts)):
                continue
            names = ", ".join(host.name for host in hosts)
            yield Finding(names, LABELS[key], value, "different on every host", remedy)


def machine_id(site: Site) -> Iterator[Finding]:
    """Without a machine-id neither journald nor the kubelet works."""
    for host in site.measured():
        if not host.measured["machine_id"] or host.measured["machine_id"] == "uninitialized":
            yield Finding(host.name, "machine-id", host.measured["machine_id"] or "empty", "32 hexadecimal digits", "systemd-machine-id-setup")


def offsets(site: Site) -> dict[str, tuple[float, float]]:
    """Clock per host, as offset from the controller and uncertainty of the measurement."""
    found = {}
    for host in site.measured():
        clock = host.measured.get("clock") or {}
        if "offset" in clock:
            found[host.name] = (float(clock["offset"]), float(clock["uncertainty"]))
    return found


def clocks(site: Site) -> Iterator[Finding]:
    """Presigned URLs, certificates, replication and etcd need clocks that agree to a second."""
    found = offsets(site)
    if not found:
        return
    found[CONTROLLER] = (0.0, 0.0)
    middle = statistics.median_low([offset for offset, _unsure in found.values()])
    for name, (offset, unsure) in found.items():
        skew = offset - middle
        if abs(skew) - unsure > CLOCK_LIMIT:
            value = "%+.1f s (measured to %.1f s)" % (skew, unsure)
            yield Finding(name, "clock", value, "at most 1 s from the other hosts", "start a time service (chrony) and step the clock: chronyc makestep")
        elif unsure > CLOCK_LIMIT:
            value = "%+.1f s (measured to %.1f s only)" % (skew, unsure)
            remedy = "the host or the connection is too slow to tell; chronyc tracking there, or compare date by hand"
            yield Finding(name, "clock", value, "a measurement to 1 s", remedy, WARNING)
    yield from far_pair(found, middle)


def far_pair(found: dict[str, tuple[float, float]], middle: float) -> Iterator[Finding]:
    """Two hosts that are each near the middle and yet more than the limit apart."""
    near = {name: value for name, value in found.items() if abs(value[0] - middle) - value[1] <= CLOCK_LIMIT}
    early = min(near, key=lambda name: near[name][0])
    late = max(near, key=lambda name: near[name][0])
    apart = near[late][0] - near[early][0]
    if apart - near[late][1] - near[early][1] > CLOCK_LIMIT:
        value = "%.1f s apart" % apart
        yield Finding("%s, %s" % (early, late), "clock", value, "at most 1 s between hosts", "start a time service (chrony) on both: chronyc makestep")


RULES = (duplicates, machine_id, clocks)
