# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what a host must have before W&B is installed."""

from __future__ import annotations

import json
import os
from typing import Any, NoReturn, Optional

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host import arp, drives, inbound, offered, pod_network, proxies
from ansible_collections.onprem.wandb.plugins.module_utils._host import preflight as host
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.settings import settings_of_data

CNI_PROGRAMS = "/opt/cni/bin"
SPEC: dict[str, Any] = {
    "root": {"type": "path", "default": "/opt/onprem-wandb"},
    "managed_units": {"type": "dict", "default": {}},
    "evidence": {"type": "dict", "default": {}},
    "paths": {"type": "list", "elements": "str", "default": []},
    "mysql_data_dir": {"type": "str", "default": ""},
    "boot_settings": {"type": "dict", "default": {}},
    "pod_network": {"type": "dict", "options": pod_network.OPTIONS},
    "drives": {"type": "list", "elements": "str", "default": []},
    "packages": {"type": "dict", "default": {}},
    "unused": {"type": "list", "elements": "str", "default": []},
    "endpoints": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 0},
            "target": {"type": "str", "default": ""},
        },
    },
    "inbound": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "service": {"type": "str", "required": True},
            "protocol": {"type": "str", "required": True, "choices": ["tcp", "udp", "vrrp"]},
            "port": {"type": "int", "default": 0},
        },
    },
}


def interface_addresses(module: AnsibleModule) -> list[str]:
    """Addresses with prefix length of all interfaces but the loopback and those of containers."""
    command = module.get_bin_path("ip")
    if not command:
        return []
    rc, out, _err = module.run_command([command, "-j", "address", "show"])
    return parse_addresses(out) if rc == 0 else []


def parse_addresses(text: str) -> list[str]:
    """Global addresses out of `ip -j address`; bridges of containers hold the pod network and are not the host's own."""
    ignored = ("cni", "flannel", "docker", "veth", "cali", "kube-")
    found = []
    for interface in json.loads(text or "[]"):
        if str(interface.get("ifname", "")).startswith(ignored):
            continue
        for address in interface.get("addr_info", []):
            if address.get("scope") == "global":
                found.append("%s/%s" % (address["local"], address["prefixlen"]))
    return found


def answering(module: AnsibleModule) -> dict[str, str]:
    """Hardware address by address, empty where nobody answers."""
    found = dict.fromkeys(module.params["unused"], "")
    command = module.get_bin_path("ip")
    for address in found if command else ():
        rc, out, _err = module.run_command([command, "-j", "route", "get", address])
        interface = arp.interface_of(out) if rc == 0 else ""
        found[address] = arp.ask(address, interface) if interface else ""
    return found


def output(module: AnsibleModule, command: list[str]) -> Optional[str]:
    """What a program prints; None when it is not there or fails."""
    program = module.get_bin_path(command[0])
    rc, out, _err = module.run_command([program, *command[1:]]) if program else (1, "", "")
    return out if rc == 0 else None


def packages(module: AnsibleModule, release: dict[str, Any]) -> dict[str, Any]:
    """What the package manager lacks of what is wanted on a host of this system."""
    wanted = module.params["packages"].get(offered.system_of(release), [])

    def run(command: list[str]) -> tuple[int, str, str]:
        code, out, errors = module.run_command(command, environ_update={"LC_ALL": "C", "LANGUAGE": "C"})
        return code, out, errors

    return offered.measure(run, module.get_bin_path, wanted)


def measure(module: AnsibleModule) -> dict[str, Any]:
    """All of it."""
    measured: dict[str, Any] = host.identity()
    measured.update(host.resources(module.params["paths"], [module.params["root"], CNI_PROGRAMS]))
    measured["drives"] = drives.look(module.params["drives"])
    measured["interpreter"] = host.interpreter()
    measured["mysql_before"] = host.mysql_before(module.params["mysql_data_dir"])
    measured["hosts_writer"] = host.hosts_writer()
    measured["addresses"] = interface_addresses(module)
    measured["ports"] = host.listeners(module.params["root"], module.params["managed_units"])
    measured["answering"] = answering(module)
    measured["mysql_data"] = settings_of_data()
    measured["evidence"] = host.evidence_found(module.params["evidence"])
    measured["endpoints"] = host.reach_all(module.params["endpoints"])
    measured["firewall"] = inbound.measure(module.params["inbound"], lambda command: output(module, command))
    measured["packages"] = packages(module, measured["os"])
    measured["proxies"] = proxies.of_environment(os.environ)
    measured["service_proxies"] = proxies.of_services()
    measured["undone"] = pod_network.undone(module.params["boot_settings"])
    if module.params["pod_network"] is not None:
        measured["pod_network"] = pod_network.measure(module.params["pod_network"], measured["undone"], lambda command: output(module, command))
    return measured


def run(module: AnsibleModule) -> NoReturn:
    """The module, once its arguments are good, without the facts."""
    module.exit_json(changed=False, measured=measure(module))
