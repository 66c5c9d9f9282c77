# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines: reachable, x86-64, a supported OS, cgroup v2, no swap, large enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ....module_utils._host.offered import ENTERPRISE_IDS
from ... import _addresses
from ..model import KUBE_GROUPS, SITE, WARNING, Finding, Host, Site

DEBIAN = ("12", "13")
UBUNTU = ("22.04", "24.04", "26.04")
ENTERPRISE = ("9", "10")
SUPPORTED = "Debian 12/13, Ubuntu 22.04/24.04/26.04, RHEL/Alma/Rocky 9/10"
NFTABLES_KERNEL = (5, 13)

# Sizes of W&B's Reference Architecture, per host. It sizes worker nodes by product mix, and MySQL; the other figures are ours.
NODES = {
    "test": {"models": (2, 16), "weave": (4, 32), "models_and_weave": (4, 32)},
    "production": {"models": (8, 64), "weave": (12, 96), "models_and_weave": (16, 128)},
}
SIZES: dict[str, dict[str, dict[str, float]]] = {
    "test": {
        "kube_control_plane": {"cpus": 2, "memory_gb": 4, "disk_gb": 40},
        "kube_node": {"hosts": 3, "disk_gb": 100},
        "mysql": {"cpus": 2, "memory_gb": 16, "disk_gb": 100},
        "redis": {"cpus": 1, "memory_gb": 4, "disk_gb": 20},
        "minio": {"cpus": 2, "memory_gb": 4, "disk_gb": 100},
    },
    "production": {
        "kube_control_plane": {"cpus": 4, "memory_gb": 8, "disk_gb": 100},
        "kube_node": {"hosts": 3, "disk_gb": 100},
        "mysql": {"cpus": 8, "memory_gb": 64, "disk_gb": 500},
        "redis": {"cpus": 2, "memory_gb": 4, "disk_gb": 50},
        "minio": {"cpus": 4, "memory_gb": 16, "disk_gb": 500},
    },
    "custom": {},
}
EVICTION_PATHS = ("/var/lib/containerd", "/var/lib/kubelet")
EVICTION_SHARE = 0.15  # the kubelet's default for images; for the rest it is 0.10
DISK_SLACK = 0.95  # a 100 GB disk holds a little less once it has a file system


def reachable(site: Site) -> Iterator[Finding]:
    """A host that cannot be measured is a problem like any other."""
    for host in site.hosts.values():
        if host.error:
            remedy = "ansible %s -i <inventory> -b -m ansible.builtin.ping" % host.name
            if "kube_node" in host.groups and "kube_control_plane" not in host.groups:
                remedy += "; a node that is dead is left out: ansible-playbook onprem.wandb.site -i <inventory> --limit 'localhost,all,!%s'" % host.name
            yield Finding(host.name, "ansible_host", host.error, "SSH, Python 3.9 or newer and root", remedy)


def architecture(site: Site) -> Iterator[Finding]:
    """W&B publishes for Intel and AMD 64-bit only."""
    for host in site.measured():
        found = host.measured["architecture"]
        if found != "x86_64":
            yield Finding(host.name, "CPU architecture", found, "x86_64", "lscpu on the host; W&B has no images for it, use an Intel or AMD 64-bit host")


def supported_os(release: Mapping[str, Any]) -> bool:
    """Whether the roles know the distribution and version."""
    name, version = release["id"], release["version"]
    if name == "debian":
        return version in DEBIAN
    if name == "ubuntu":
        return version in UBUNTU
    return name in ENTERPRISE_IDS and version.split(".")[0] in ENTERPRISE


def operating_system(site: Site) -> Iterator[Finding]:
    """Distributions on which the roles were written to run."""
    for host in site.measured():
        release = host.measured["os"]
        if not supported_os(release):
            found = release["name"] or "%s %s" % (release["id"] or "unknown", release["version"])
            yield Finding(host.name, "operating system", found, SUPPORTED, "cat /etc/os-release on the host; install a supported system")


def kernel(site: Site) -> Iterator[Finding]:
    """kube-proxy in nftables mode needs kernel 5.13."""
    for host in site.measured(*KUBE_GROUPS):
        numbers = host.measured["kernel"].split("-")[0].split(".")[:2]
        if all(part.isdigit() for part in numbers) and tuple(int(part) for part in numbers) < NFTABLES_KERNEL:
            remedy = "boot the distribution's current kernel, which kube-proxy's nftables needs; ls /boot on the host"
            yield Finding(host.name, "kernel", host.measured["kernel"], "5.13 or newer", remedy)


def cgroups(site: Site) -> Iterator[Finding]:
    """The kubelet refuses cgroup v1 from Kubernetes 1.35 on."""
    for host in site.measured(*KUBE_GROUPS):
        found = host.measured["cgroup"]
        if found["version"] != 2 and not host.flag("preflight_allow_cgroup_v1"):
            value = "v%d (%s)" % (found["version"], found["filesystem"])
            remedy = "boot without systemd.unified_cgroup_hierarchy=0; for a lab only: preflight_allow_cgroup_v1: true"
            yield Finding(host.name, "cgroup hierarchy", value, "v2 (cgroup2fs)", remedy)


def swap(site: Site) -> Iterator[Finding]:
    """The kubelet does not start with swap, and Redis and MySQL must not be swapped out."""
    for host in site.measured():
        areas = host.measured["swap"]
        if areas and not host.flag("preflight_allow_swap"):
            value = ", ".join("%s %d MiB" % (area["device"], area["size_mb"]) for area in areas)
            if host.flag("host_swap_off"):
                remedy = "none needed: role host does it, now and for the next boot; before that by hand: swapoff -a"
                yield Finding(host.name, "swap", value, "off when the run is over", remedy, WARNING)
                continue
            remedy = "host_swap_off: true, and role host does it; or swapoff -a, and remove the entry from /etc/fstab or the swap and zram units"
            yield Finding(host.name, "swap", value, "off", remedy)


def minimums(host: Host, group: str) -> dict[str, float]:
    """What a host of a group needs: the size's table, overridden by preflight_minimums."""
    size = host.text("preflight_size", "production")
    wanted = dict(SIZES.get(size, {}).get(group, {}))
    if group == "kube_node" and size in NODES:
        cpus, memory = NODES[size].get(host.text("preflight_product_mix", "models"), NODES[size]["models"])
        wanted.update(cpus=cpus, memory_gb=memory)
    own = host.mapping("preflight_minimums").get(group)
    if isinstance(own, Mapping):
        wanted.update({key: value for key, value in own.items() if isinstance(value, (int, float)) and not isinstance(value, bool)})
    return wanted


def needs(host: Host) -> dict[str, float]:
    """What a host needs in total: services add up, a control plane that is also a node counts once."""
    kube = [minimums(host, group) for group in KUBE_GROUPS if group in host.groups]
    rest = [minimums(host, group) for group in ("mysql", "redis", "minio") if group in host.groups]
    total = {}
    for key in ("cpus", "memory_gb", "disk_gb", "disk_free_gb"):
        total[key] = max([wanted.get(key, 0) for wanted in kube], default=0) + sum(wanted.get(key, 0) for wanted in rest)
    return total


def resources(site: Site) -> Iterator[Finding]:
    """CPU, memory and disk for the chosen size."""
    for host in site.measured():
        wanted, found = needs(host), host.measured
        size = host.text("preflight_size", "production")
        hint = "give the host more, or preflight_size: small, or say what is enough: preflight_minimums: {<group>: {cpus: <figure>}}"
        if found["cpus"] < wanted["cpus"]:
            yield Finding(host.name, "CPUs", str(found["cpus"]), "%g (size %s)" % (wanted["cpus"], size), hint)
        memory = found["memory_mb"] * 1024 * 1024 / 1e9
        if memory < wanted["memory_gb"]:
            yield Finding(host.name, "memory", "%.1f GB" % memory, "%g GB (size %s)" % (wanted["memory_gb"], size), hint)
        yield from disks(host, wanted, "%g GB (size %s)" % (wanted["disk_gb"], size), hint)


def disks(host: Host, wanted: Mapping[str, float], expected: str, hint: str) -> Iterator[Finding]:
    """The file systems that will hold data: their total, each counted once, and the free space of each."""
    found = host.measured["disks"]
    total = sum({disk["device"]: disk["total_gb"] for disk in found}.values())
    if found and total < wanted["disk_gb"] * DISK_SLACK:
        yield Finding(host.name, "disk of " + ", ".join(disk["path"] for disk in found), "%.0f GB" % total, expected, hint)
    for disk in {disk["device"]: disk for disk in reversed(found)}.values():
        if disk["free_gb"] < wanted["disk_free_gb"]:
            expected_free = "%g GB free" % wanted["disk_free_gb"]
            yield Finding(host.name, "disk of " + disk["path"], "%g GB free" % disk["free_gb"], expected_free, "df -h %s, then make room there" % disk["path"])


def eviction(site: Site) -> Iterator[Finding]:
    """The kubelet evicts pods from a node whose disk is nearly full, and Kubernetes sends no new ones there."""
    for host in site.measured(*KUBE_GROUPS):
        if host.mapping("kubernetes_kubelet_config_overrides").get("evictionHard"):
            continue
        for disk in host.measured["disks"]:
            share = disk["free_gb"] / disk["total_gb"] if disk["total_gb"] else 1.0
            if disk["path"] in EVICTION_PATHS and share < EVICTION_SHARE:
                value = "%.0f %% free (%g of %g GB)" % (100 * share, disk["free_gb"], disk["total_gb"])
                remedy = "df -h %s, then make room: the kubelet would evict pods. Or kubernetes_kubelet_config_overrides: {evictionHard: {...}}" % disk["path"]
                yield Finding(host.name, "disk of " + disk["path"], value, "more than %.0f %% free" % (100 * EVICTION_SHARE), remedy)


def number_of_nodes(site: Site) -> Iterator[Finding]:
    """W&B starts with three worker nodes, so that the loss of one leaves two."""
    if not site.has("kube_control_plane") or site.limited:
        return
    view = site.view("kube_node", "kube_control_plane")
    wanted = minimums(view, "kube_node").get("hosts", 0)
    found = len(site.groups.get("kube_node", []))
    if found < wanted:
        remedy = "add worker nodes, or accept fewer: preflight_minimums: {kube_node: {hosts: %d}}" % found
        yield Finding(SITE, "group kube_node", "%d hosts" % found, "%d hosts (size %s)" % (wanted, view.text("preflight_size", "production")), remedy)


def default_route(site: Site) -> Iterator[Finding]:
    """Kubernetes finds a host's address by its default route; in an air gap there is often none."""
    for host in site.measured(*KUBE_GROUPS):
        if not host.measured["default_route"] and not any(host.text(name) for name in _addresses.SITE):
            remedy = "host_address: <its address>, or give it a default route (a dummy one will do): ip route"
            yield Finding(host.name, "default route", "none", "a default route or host_address", remedy, WARNING)


RULES = (reachable, architecture, operating_system, kernel, cgroups, swap, resources, eviction, number_of_nodes, default_route)
