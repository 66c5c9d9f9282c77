#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight_facts
short_description: Measure what a host must have before W&B is installed
version_added: 1.0.0
description:
  - Reads identity, resources, listening ports, network and reachability of one host in a single round trip. Changes nothing.
  - An action plugin of the same name adds the offset of the host's clock against the controller, and turns a failing or unreachable
    host into a measurement with an error, so that M(onprem.wandb.preflight_report) can name it among all other problems.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
options:
  root:
    description: Directory of the collection's own programs; a listening process that runs from there is ours.
    type: path
    default: /opt/onprem-wandb
  managed_units:
    description:
      - Systemd units of distribution packages that the collection configures, each with a list of markers, one of which proves it.
      - A marker is a path that must exist, or V(path::text) for a file that must contain the text.
    type: dict
    default: {}
  evidence:
    description: Marks by secret, as those of O(managed_units), that prove that the host was set up with it.
    type: dict
    default: {}
  paths:
    description: Paths whose file systems are measured. A path that does not exist yet is measured at its nearest parent.
    type: list
    elements: str
    default: []
  drives:
    description: Directories of the object store, whose file systems are looked at.
    type: list
    elements: str
    default: []
  mysql_data_dir:
    description: Directory that MySQL's data will be in; what lies there is named. Empty on hosts without MySQL.
    type: str
    default: ""
  packages:
    description:
      - By system (V(debian 12), V(ubuntu 24.04), V(el 9)) the packages that will be installed, each with its C(name), its C(role), and where it matters
        C(oldest) and C(below). The package manager is asked about those of the host's own system that are not installed.
      - Where its lists do not have one, they are fetched anew into a directory of the task's own.
    type: dict
    default: {}
  unused:
    description: IPv4 addresses of the host's network that nobody should have. Who answers for them is asked by ARP.
    type: list
    elements: str
    default: []
  endpoints:
    description: Names and ports to be reached from this host.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the endpoint is, or the variable that names it.
        type: str
        required: true
      host:
        description: Host name or address.
        type: str
        required: true
      port:
        description: TCP port; V(0) only resolves the name.
        type: int
        default: 0
      target:
        description: Host of the site at which it is. Its service may not run yet, so that a refused connection counts as reached.
        type: str
        default: ""
  inbound:
    description: Services that others must reach on this host. Which of them its firewall drops is read from the rules.
    type: list
    elements: dict
    default: []
    suboptions:
      service:
        description: What it is.
        type: str
        required: true
      protocol:
        description: Its protocol.
        type: str
        choices: [tcp, udp, vrrp]
        required: true
      port:
        description: Its port; V(0) for a protocol without ports.
        type: int
        default: 0
  facts:
    description: Also gathers the facts that the roles read, as M(ansible.builtin.setup) does. A module call of its own for them costs each host half a second.
    type: bool
    default: false
  boot_settings:
    description: Kernel settings that must survive a boot, by the file that a role writes them to. Only files that are read after it can take one back.
    type: dict
    default: {}
  pod_network:
    description: What a host that is or becomes a node is measured against; without it nothing of the pod network is looked at.
    type: dict
    suboptions:
      resolv_conf:
        description: C(resolvConf) that the site gives to the kubelet; empty for what kubeadm finds.
        type: str
        default: ""
      tunnel:
        description: Interface of the tunnel between the nodes; empty without one.
        type: str
        default: ""
      tunnel_port:
        description: UDP port of the tunnel; V(0) without one.
        type: int
        default: 0
      kubelet_port:
        description: TCP port of the kubelet; V(0) where no other host asks it, as on the only control plane.
        type: int
        default: 0
"""

EXAMPLES = r"""
- name: Measure the host
  onprem.wandb.preflight_facts:
    paths: [/var/lib/mysql]
    endpoints:
      - name: artifacts_mirror
        host: mirror.example.com
        port: 8080
  register: measured
"""

RETURN = r"""
ansible_facts:
  description: The facts.
  returned: with O(facts=true)
  type: dict
  sample: {ansible_os_family: Debian, ansible_distribution_major_version: "12"}
measured:
  description: The measurements.
  returned: always
  type: dict
  sample:
    hostname: db1
    machine_id: 3f1c0d1b7f2f4d1d9f6f4a7b0f3b2a11
    product_uuid: 4c4c4544-0042-3510-8052-b4c04f4d3132
    architecture: x86_64
    kernel: 6.12.0-1-amd64
    python: 3.11.2
    os: {id: debian, id_like: [], version: "12", name: Debian GNU/Linux 12 (bookworm)}
    cpus: 8
    memory_mb: 64225
    swap: []
    cgroup: {version: 2, filesystem: cgroup2}
    default_route: true
    addresses: [10.0.0.21/24]
    disks: [{path: /var/lib/mysql, probed: /var/lib, device: 2049, total_gb: 502.1, free_gb: 480.3}]
    drives: [{path: /var/lib/minio/data, mount_point: /var/lib/minio/data, device: /dev/sdb1, file_system: xfs, root_disk: false}]
    noexec: {}
    interpreter: {path: /usr/bin/python3, distribution: true, pymysql: false}
    mysql_before: {alias: "", directory: /var/lib/mysql, files: []}
    hosts_writer: ""
    answering: {10.0.0.20: ""}
    evidence: {redis_password: /etc/redis/auth.conf}
    ports: [{port: 22, address: 0.0.0.0, pid: 611, process: sshd, exe: /usr/sbin/sshd, unit: ssh.service, ours: false}]
    endpoints: [{name: artifacts_mirror, host: mirror.example.com, port: 8080, addresses: [10.0.0.10], error: "", target: ""}]
    proxies: {https_proxy: "http://proxy.example.com:3128", no_proxy: ".example.com"}
    service_proxies: {containerd.service: {HTTPS_PROXY: "http://proxy.example.com:3128"}}
    firewall: {manager: ufw, places: [], dropped: [{service: MySQL, protocol: tcp, port: 3306, chain: ip filter INPUT, by: policy drop}], unkept: ""}
    packages: {lacking: [{role: redis, name: redis-server, oldest: "7", below: "8", seen: "5:8.0.2-3", installed: false}], silent: []}
    mysql_data: {lower_case_table_names: "0", innodb_page_size: "16384"}
    clock: {offset: 0.002, uncertainty: 0.011}
    undone: [{key: net.ipv4.ip_forward, wanted: "1", value: "0", file: /etc/sysctl.d/99-cis.conf}]
    pod_network:
      node: true
      forwarding: "1"
      undone: [{key: net.ipv4.ip_forward, wanted: "1", value: "0", file: /etc/sysctl.d/99-cis.conf}]
      cni: [10-flannel.conflist]
      resolver: {file: /etc/resolv.conf, nameservers: [10.0.0.2]}
      interfaces: [cni0, eth0, flannel.1, lo]
      tunnel: flannel.1
      filter: nft
      dropped: [{hook: forward, what: traffic from pods of other nodes to pods here, chain: ip filter FORWARD, by: policy drop}]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host import facts
from ansible_collections.onprem.wandb.plugins.module_utils._work.preflight_facts import SPEC, measure


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec={**SPEC, "facts": {"type": "bool", "default": False}}, supports_check_mode=True)
    found = {"ansible_facts": facts.gather(module)} if module.params["facts"] else {}
    module.exit_json(changed=False, measured=measure(module), **found)


if __name__ == "__main__":
    main()
