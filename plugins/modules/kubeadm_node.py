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

import base64
import difflib
import glob
import os
import shutil
import signal
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils import _kubeadm as k
from ansible_collections.onprem.wandb.plugins.module_utils import _kubeadm_host as h
from ansible_collections.onprem.wandb.plugins.module_utils._kubeadm_api import Access, Api, Unreachable, load_kubeconfig

NETWORK_LINKS = ("cni0", "flannel.1", "flannel-v6.1")
NETWORK_TABLES = ("ip kube-proxy", "ip6 kube-proxy", "ip flannel-ipv4", "ip6 flannel-ipv6")
NETWORK_PATHS = ("/var/lib/cni", "/run/flannel", "/run/cni", "/etc/cni/net.d/*.conf", "/etc/cni/net.d/*.conflist")


class Node:
    """The work on one host."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        p = module.params
        self.host = h.Host(p["node_name"])
        self.wanted = k.Wanted(p["state"], p["version"] or "", p["node_name"], p["server"] or "", p["schedulable"])
        self.config_file = f"{h.KUBERNETES}/kubeadm-{'init' if p['state'] == k.INITIALIZED else 'join'}.yaml"
        self.lock: t.Optional[int] = None
        self.seconds: dict[str, float] = {}

    def fail(self, text: str) -> t.NoReturn:
        """The end, with a sentence."""
        self.module.fail_json(msg=text)

    def look(self) -> k.Decision:
        """Evidence and verdict."""
        decision = k.decide(h.look(self.host, self.wanted, busy=self.lock is None), self.wanted)
        if decision.problem:
            self.fail(decision.problem)
        return decision

    def kubeadm(self, action: str, *arguments: str) -> None:
        """Run kubeadm, which inherits the lock, or end with its last words."""
        binary = self.module.get_bin_path("kubeadm", required=True, opt_dirs=["/usr/local/bin"])
        begun = time.monotonic()
        code, output, errors = self.module.run_command([binary, *arguments], pass_fds=[self.lock] if self.lock is not None else None)
        self.seconds[action] = round(time.monotonic() - begun, 1)
        if code == 0:
            return
        how = f"was killed by signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"failed with exit status {code}"
        self.fail(
            f"kubeadm {arguments[0]} on {self.host.name} {how} after {self.seconds[action]:.0f} s:\n{k.last_words(output + errors)}\n"
            f"Next: correct what it names and run the playbook again, which repairs a half-made node by itself. On {self.host.name}: journalctl -u kubelet"
        )

    def write(self, path: str, text: str) -> None:
        """A file for root only, complete or not at all."""
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        handle = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(f"{path}.new", path)

    def init(self) -> None:
        """kubeadm init on a bare host."""
        self.write(self.config_file, self.module.params["config"] or "")
        self.kubeadm("validate", "config", "validate", "--config", self.config_file)
        self.host.begin(k.INIT)
        self.kubeadm(k.INIT, "init", "--config", self.config_file, "--skip-token-print")
        self.host.end()

    def join(self) -> None:
        """kubeadm join on a bare host; the token is on the host only meanwhile."""
        discovery = self.module.params["discovery"]
        if not discovery:
            self.fail(f"{self.host.name} has to join, but was given no bootstrap token (option discovery). Next: run the playbook again.")
        self.wait_for_stale_node(discovery)
        path = self.module.params["discovery_file"]
        try:
            self.write(path, discovery_kubeconfig(discovery))
            self.write(self.config_file, self.module.params["config"] or "")
            self.kubeadm("validate", "config", "validate", "--config", self.config_file)
            self.host.begin(k.JOIN)
            self.kubeadm(k.JOIN, "join", "--config", self.config_file)
            # kubeadm ends when the kubelet has its certificate, a moment before the node is registered.
            self.wait_until_known()
            self.host.end()
        finally:
            remove(path)

    def wait_until_known(self) -> None:
        """Until the cluster knows the node that has just joined."""

        def seen() -> str:
            evidence = h.look(self.host, self.wanted)
            return "" if evidence.node_known and evidence.kubelet_healthy else evidence.kubelet_text or evidence.api_text

        self.wait(seen, "journalctl -u kubelet")

    def wait_for_stale_node(self, discovery: dict[str, str]) -> None:
        """kubeadm refuses to join while the cluster has a Ready node of this name. After a reset that is true until its lease runs out."""
        access = Access(discovery["server"], ca=base64.b64decode(discovery["certificate_authority_data"]).decode(), token=discovery["token"])
        end = time.monotonic() + self.module.params["timeout"]
        while True:
            try:
                status, node = Api(access).get(f"/api/v1/nodes/{self.host.name}")
            except Unreachable as error:
                self.fail(f"{self.host.name} cannot reach the API server it shall join: {error}. Next: check name resolution and port 6443 from this host.")
            if status != 200 or not is_ready(node):
                return
            if time.monotonic() > end:
                addresses = ", ".join(item["address"] for item in node["status"].get("addresses", []))
                self.fail(
                    f"The cluster already has a node {self.host.name} that is Ready ({addresses}), this host is bare. Are there two hosts of that name?"
                    f" Next: kubectl delete node {self.host.name}, if that node is gone for good."
                )
            time.sleep(2)

    def reset(self) -> None:
        """kubeadm reset. An unreachable kubeconfig keeps it from waiting for an API server that is half-made or gone."""
        self.kubeadm(k.RESET, "reset", "--force", "--kubeconfig", "/nonexistent", "--cri-socket", self.module.params["cri_socket"])
        for path in (f"{h.KUBERNETES}/kubeadm-init.yaml", f"{h.KUBERNETES}/kubeadm-join.yaml", self.module.params["discovery_file"]):
            remove(path)
        left = self.host.traces()
        if left:
            self.fail(f"kubeadm reset left {', '.join(left)} on {self.host.name}. Next: remove them by hand and run the playbook again.")
        self.host.end()

    def start_kubelet(self) -> None:
        """A member's kubelet must run."""
        self.module.run_command(["systemctl", "start", "kubelet"], check_rc=True)
        self.wait(lambda: h.kubelet_health()[1], "journalctl -u kubelet")

    def wait_for_api(self) -> None:
        """Until the API server answers the node."""

        def seen() -> str:
            evidence = h.look(self.host, self.wanted)
            return "" if evidence.api == "up" else evidence.api_text

        self.wait(seen, "journalctl -u kubelet; crictl or ctr -n k8s.io containers list")

    def wait(self, seen: t.Callable[[], str], command: str) -> None:
        """Poll until nothing is wrong any more."""
        end = time.monotonic() + self.module.params["timeout"]
        text = seen()
        while text:
            if time.monotonic() > end:
                self.fail(f"{self.host.name} is a node, but {text}, still after {self.module.params['timeout']} s. It is not reset. Next, on it: {command}")
            time.sleep(0.5)
            text = seen()

    def taint(self, wanted: bool) -> None:
        """Put the control-plane taint on or take it off."""
        api = Api(load_kubeconfig(f"{h.KUBERNETES}/admin.conf"))
        path = f"/api/v1/nodes/{self.host.name}"
        taints = [item for item in api.get(path)[1]["spec"].get("taints", []) if item["key"] != k.TAINT]
        if wanted:
            taints.append({"key": k.TAINT, "effect": "NoSchedule"})
        status, body = api.request("PATCH", path, {"spec": {"taints": taints}}, "application/merge-patch+json")
        if status != 200:
            text = body.get("message", "") if isinstance(body, dict) else body
            self.fail(f"The taint {k.TAINT} of node {self.host.name} could not be changed: {status} {text}")

    def act(self, action: str) -> None:
        """One action."""
        begun = time.monotonic()
        if action == k.FINISH:
            remove(f"{h.KUBERNETES}/bootstrap-kubelet.conf")
            remove(self.module.params["discovery_file"])
            self.host.end()
        elif action in (k.SCHEDULABLE, k.UNSCHEDULABLE):
            self.taint(action == k.UNSCHEDULABLE)
        else:
            {k.RESET: self.reset, k.INIT: self.init, k.JOIN: self.join, k.START: self.start_kubelet, k.API: self.wait_for_api}[action]()
        self.seconds[action] = round(time.monotonic() - begun, 1)

    def settle(self) -> tuple[k.Decision, list[str]]:
        """Look and act until the node is as wanted. Each action is followed by a new look, so nothing is done on old evidence."""
        first = decision = self.look()
        done: list[str] = []
        while decision.actions:
            # After a reset the host is bare, so INIT and JOIN come from the next look. A wait changes the evidence too.
            action = decision.actions[0]
            if done.count(action) >= 2:
                self.fail(f"{self.host.name}: {action} did not help: {decision.reason or 'still not as wanted'}. Next, on it: journalctl -u kubelet")
            self.act(action)
            done.append(action)
            decision = self.look()
        return first, done

    def absent(self) -> list[str]:
        """Make the host bare, whatever it is."""
        paths = [path for pattern in (*NETWORK_PATHS, *self.module.params["cleanup"]) for path in glob.glob(pattern)]
        links = [link for link in NETWORK_LINKS if os.path.exists(f"/sys/class/net/{link}")]
        node = bool(self.host.traces() or self.host.unfinished())
        if self.module.check_mode or not (node or paths or links):
            return ["reset"] if node or paths or links else []
        if node:
            self.reset()
        for path in paths:
            remove(path)
        for link in links:
            self.module.run_command(["ip", "link", "delete", link])
        nft = self.module.get_bin_path("nft")
        for table in NETWORK_TABLES if nft else ():
            # "destroy" (nft 1.0.7) does not mind a table that is not there; older ones say so, which is as good.
            self.module.run_command([nft, "delete", "table", *table.split()])
        return ["reset"]


def is_ready(node: dict[str, t.Any]) -> bool:
    """Whether the API calls the node Ready."""
    return any(item["type"] == "Ready" and item["status"] == "True" for item in node["status"].get("conditions", []))


def discovery_kubeconfig(discovery: t.Mapping[str, str]) -> str:
    """A kubeconfig that holds address, CA and token, and nothing else: no trust on first use, no token on a command line."""
    return (
        "apiVersion: v1\nkind: Config\n"
        f"clusters: [{{name: c, cluster: {{server: '{discovery['server']}', certificate-authority-data: {discovery['certificate_authority_data']}}}}}]\n"
        f"users: [{{name: u, user: {{token: {discovery['token']}}}}}]\n"
        "contexts: [{name: c, context: {cluster: c, user: u}}]\ncurrent-context: c\n"
    )


def remove(path: str) -> None:
    """A file, link or directory, if it is there."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def drift(kept: str, wanted: str) -> str:
    """Lines in which the configuration the cluster was made from differs from the inventory's."""
    lines = difflib.unified_diff(kept.splitlines(), wanted.splitlines(), n=0, lineterm="")
    return "; ".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


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
