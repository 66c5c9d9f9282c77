#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as a node of a kubeadm cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_node
short_description: A host as a node of a kubeadm cluster
version_added: 1.0.0
description:
  - Makes a bare host the first control-plane node or a worker node by C(kubeadm init) or C(kubeadm join), and leaves a working node alone.
  - The state is read from files, from the kubelet and from the API server (with the node's own credentials), without calling kubeadm.
    A working node costs one round trip.
  - A record is written before kubeadm starts and removed after it ended well. When a run was killed in between, the next one finds the record,
    and finishes the node, or resets and makes it anew. Without such a record nothing is ever reset. A record is no licence either. A node that
    works, or may work, is not reset.
  - A node of another cluster, of another kind or of another version is refused with a sentence, and not touched.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Tells what would be done, on a bare host too.
  diff_mode:
    support: none
    description: What would be done is a list of actions.
  idempotent:
    support: full
    description: A second run does not call kubeadm.
options:
  state:
    description:
      - V(initialized) is the first control-plane node, V(joined) a worker node.
      - V(absent) is a bare host. The node is reset, whatever is on it.
    type: str
    choices: [initialized, joined, absent]
    required: true
  node_name:
    description: Name of the node in the cluster.
    type: str
    required: true
  version:
    description: Version of Kubernetes. A running node with another one is refused.
    type: str
  config:
    description:
      - The kubeadm configuration (YAML documents of kubeadm.k8s.io/v1beta4 and component configurations), without secrets.
      - It is kept in C(/etc/kubernetes). A change of it does not change a running cluster, so a difference is reported as a warning.
    type: str
  server:
    description: URL of the API server the node must belong to. A node of another server is refused.
    type: str
  discovery:
    description: What a bare host needs in order to join. It is kept in a file that only root can read while C(kubeadm join) runs.
    type: dict
    suboptions:
      server:
        description: URL of the API server.
        type: str
        required: true
      certificate_authority_data:
        description: Certificate of the cluster's CA (PEM in base64).
        type: str
        required: true
      token:
        description: A bootstrap token.
        type: str
        required: true
  discovery_file:
    description: The path that O(config) names as C(discovery.file.kubeConfigPath).
    type: path
    default: /run/kubeadm-discovery.conf
  schedulable:
    description: Whether ordinary pods may run on this control-plane node. Without it the taint stays as it is.
    type: bool
  cri_socket:
    description: Socket of the container runtime.
    type: str
    default: unix:///run/containerd/containerd.sock
  cleanup:
    description: Paths (shell patterns) that O(state=absent) removes as well.
    type: list
    elements: path
    default: []
  timeout:
    description: Seconds to wait for each of another kubeadm on this host, the kubelet and the API server. kubeadm itself has its own limits.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Read the state of the node
  onprem.wandb.kubeadm_node:
    state: joined
    node_name: node1
    version: 1.36.4
    server: https://k8s.example.com:6443
  check_mode: true
  register: plan

- name: Make it a control-plane node
  onprem.wandb.kubeadm_node:
    state: initialized
    node_name: cp1
    version: 1.36.4
    config: "{{ lookup('ansible.builtin.template', 'kubeadm-init.yaml.j2') }}"

- name: Make it bare again
  onprem.wandb.kubeadm_node:
    state: absent
    node_name: node1
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [reset the half-made node, join]
node:
  description: What the host was before. V(bare), V(half-made) or V(member).
  returned: always
  type: str
  sample: bare
reason:
  description: What led to the actions.
  returned: always
  type: str
  sample: kubeadm join was interrupted
seconds:
  description: How long each action took.
  returned: always
  type: dict
  sample: {"join": 2.1}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import decide as k
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import host as h
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm.run import Node, drift


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": [k.INITIALIZED, k.JOINED, "absent"], "required": True},
            "node_name": {"type": "str", "required": True},
            "version": {"type": "str"},
            "config": {"type": "str"},
            "server": {"type": "str"},
            "discovery": {
                "type": "dict",
                "options": {
                    "server": {"type": "str", "required": True},
                    "certificate_authority_data": {"type": "str", "required": True},
                    "token": {"type": "str", "required": True, "no_log": True},
                },
            },
            "discovery_file": {"type": "path", "default": "/run/kubeadm-discovery.conf"},
            "schedulable": {"type": "bool"},
            "cri_socket": {"type": "str", "default": "unix:///run/containerd/containerd.sock"},
            "cleanup": {"type": "list", "elements": "path", "default": []},
            "timeout": {"type": "int", "default": 120},
        },
        required_if=[("state", k.INITIALIZED, ["version"]), ("state", k.JOINED, ["version"])],
        supports_check_mode=True,
    )
    node = Node(module)
    node.lock = h.lock(seconds=0 if module.check_mode else module.params["timeout"])
    if node.lock is None and not module.check_mode:
        node.fail(f"Another kubeadm works on {node.host.name} since more than {module.params['timeout']} s. Next, on it: ps -ef | grep kubeadm")
    if module.params["state"] == "absent":
        actions = node.absent()
        module.exit_json(changed=bool(actions), actions=actions, node="", reason="", seconds=node.seconds)
    if module.check_mode:
        decision = node.look()
        actions = decision.actions
    else:
        decision, actions = node.settle()
    if decision.node == "member" and module.params["config"]:
        kept = node.host.read(node.config_file)
        difference = drift(kept, module.params["config"]) if kept else ""
        if difference:
            module.warn(
                f"{node.host.name}: the kubeadm configuration in the inventory is not the one this node was made from, and is not applied to a running"
                f" cluster ({node.config_file}): {difference}"
            )
    module.exit_json(changed=bool(actions), actions=actions, node=decision.node, reason=decision.reason, seconds=node.seconds)


if __name__ == "__main__":
    main()
