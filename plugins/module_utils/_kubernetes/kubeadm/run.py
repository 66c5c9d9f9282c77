# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does what was decided about a host: kubeadm, waits, clean-up. PRIVATE to the collection."""

from __future__ import annotations

import base64
import difflib
import glob
import os
import shlex
import shutil
import signal
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import decide as k
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import host as h
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm.api import Access, Api, Unreachable, load_kubeconfig

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

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
            f"Next: on {self.host.name}: journalctl -u kubelet. When the cause is gone, ansible-playbook onprem.wandb.kubernetes -i <inventory> "
            "repairs a half-made node by itself."
        )

    def write(self, path: str, text: str) -> None:
        """A file for root only, complete or not at all."""
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        handle = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
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
            self.fail(
                f"{self.host.name} has to join, but was given no bootstrap token (option discovery). "
                "Next: ansible-playbook onprem.wandb.kubernetes -i <inventory>"
            )
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
                self.fail(
                    f"{self.host.name} cannot reach the API server it shall join: {error}. "
                    f"Next: on {self.host.name}: curl -k https://<endpoint>:6443/healthz; its name and port must work there."
                )
            if status != 200 or not is_ready(node):
                return
            if time.monotonic() > end:
                addresses = ", ".join(item["address"] for item in node["status"].get("addresses", []))
                self.fail(
                    f"The cluster already has a node {self.host.name} that is Ready ({addresses}), this host is bare. Are there two hosts of that name?"
                    f" Next: on the control plane: kubectl --kubeconfig {h.KUBERNETES}/admin.conf delete node {self.host.name}, if that node is gone for good."
                )
            time.sleep(2)

    def reset(self) -> None:
        """kubeadm reset. An unreachable kubeconfig keeps it from waiting for an API server that is half-made or gone."""
        self.kubeadm(k.RESET, "reset", "--force", "--kubeconfig", "/nonexistent", "--cri-socket", self.module.params["cri_socket"])
        for path in (f"{h.KUBERNETES}/kubeadm-init.yaml", f"{h.KUBERNETES}/kubeadm-join.yaml", self.module.params["discovery_file"]):
            remove(path)
        left = self.host.traces()
        if left:
            self.fail(
                f"kubeadm reset left {', '.join(left)} on {self.host.name}. "
                f"Next: on {self.host.name}: rm -r {shlex.join(left)}; then ansible-playbook onprem.wandb.kubernetes -i <inventory>"
            )
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
        path = f"/api/v1/nodes/{self.host.name}"
        try:
            api = Api(load_kubeconfig(f"{h.KUBERNETES}/admin.conf"))
            status, body = api.get(path)
            if status == 200:
                taints = [item for item in body["spec"].get("taints", []) if item["key"] != k.TAINT]
                if wanted:
                    taints.append({"key": k.TAINT, "effect": "NoSchedule"})
                status, body = api.request("PATCH", path, {"spec": {"taints": taints}}, "application/merge-patch+json")
            text = "" if status == 200 else f"the API server answers {status} {body.get('message', '') if isinstance(body, dict) else body}"
        except Unreachable as error:
            text = str(error)
        if text:
            self.fail(
                f"The taint {k.TAINT} of node {self.host.name} could not be changed: {text}. "
                f"Next: on {self.host.name}: journalctl -u kubelet; then ansible-playbook onprem.wandb.kubernetes -i <inventory>"
            )

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
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as mounts:
            inside = mounted_below(paths, mounts.read())
        if inside:
            self.fail(f"{self.host.name}: {', '.join(inside)} is mounted in what would be deleted, and its data with it. Nothing was changed. Next: umount it.")
        if node:
            self.reset()
        for path in paths:
            remove(path)
        for link in links:
            self.module.run_command(["ip", "link", "delete", link])
        nft = self.module.get_bin_path("nft")
        for table in NETWORK_TABLES if nft else ():
            # A table that is not there is an error, and as good.
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


def mounted_below(paths: t.Iterable[str], mounts: str) -> list[str]:
    """Mount points (of /proc/self/mounts) inside these directories. A directory that is one itself is not meant."""
    # The kernel writes a blank in a path as \040.
    points = [fields[1].replace("\\040", " ") for fields in (line.split(" ") for line in mounts.split("\n")) if len(fields) > 1]
    return sorted({point for point in points for path in paths if point.startswith(os.path.realpath(path).rstrip("/") + "/")})


def remove(path: str) -> None:
    """A file, link or directory, if it is there. A mount point stays, what is in it goes."""
    if os.path.ismount(path):
        for name in os.listdir(path):
            remove(os.path.join(path, name))
    elif os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def drift(kept: str, wanted: str) -> str:
    """Lines in which the configuration the cluster was made from differs from the inventory's."""
    lines = difflib.unified_diff(kept.splitlines(), wanted.splitlines(), n=0, lineterm="")
    return "; ".join(line for line in lines if not line.startswith(("---", "+++", "@@")))
