# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a host that is, was or shall be a node: files, kubelet, API with the node's own credentials. PRIVATE to the collection."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm.api import Api, Unreachable, kubeconfig_fields, load_kubeconfig
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm.decide import RESULTS, TAINT, Evidence, Wanted
from ansible_collections.onprem.wandb.plugins.module_utils._sync import sync

KUBERNETES = "/etc/kubernetes"
ETCD = "/var/lib/etcd"
# Written before kubeadm starts and removed when it has ended well: what is between these two moments is unfinished.
UNFINISHED = f"{KUBERNETES}/kubeadm-unfinished.json"
LOCK = "/run/onprem-wandb-kubeadm.lock"
KUBECONFIGS = ("admin.conf", "super-admin.conf", "kubelet.conf", "bootstrap-kubelet.conf", "controller-manager.conf", "scheduler.conf")
HEALTHZ = ("127.0.0.1", 10248)


class Host:
    """One host. The root directory is a parameter for tests."""

    def __init__(self, name: str, root: str = "/") -> None:
        self.name = name
        self.root = root

    def path(self, absolute: str) -> str:
        """A path of the host."""
        return os.path.join(self.root, absolute.lstrip("/"))

    def exists(self, absolute: str) -> bool:
        """Whether a path is there."""
        return os.path.exists(self.path(absolute))

    def read(self, absolute: str) -> str:
        """Text of a file, empty when there is none."""
        try:
            with open(self.path(absolute), encoding="utf-8", errors="replace") as handle:
                return handle.read()
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def names(self, absolute: str) -> list[str]:
        """Sorted names in a directory."""
        try:
            return sorted(os.listdir(self.path(absolute)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def traces(self) -> list[str]:
        """Files that kubeadm makes, and nobody else."""
        found = [f"{KUBERNETES}/{name}" for name in KUBECONFIGS if self.exists(f"{KUBERNETES}/{name}")]
        for directory in ("manifests", "pki"):
            found += [f"{KUBERNETES}/{directory}/{name}" for name in self.names(f"{KUBERNETES}/{directory}")]
        found += [f"{ETCD}/{name}" for name in self.names(ETCD) if name == "member"]
        return found

    def unfinished(self) -> str:
        """The action whose record was left: init, join, or nothing."""
        text = self.read(UNFINISHED)
        try:
            return str(json.loads(text).get("action", "")) if text else ""
        except (ValueError, AttributeError):
            # The crash came while the record was written, so before kubeadm ran.
            return ""

    def begin(self, action: str) -> None:
        """Leave the record that an action runs, on the disk before anything else is."""
        path = self.path(UNFINISHED)
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8") as handle:
            json.dump({"action": action, "begun": int(time.time())}, handle)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(f"{path}.new", path)
        sync(os.path.dirname(path))

    def end(self) -> None:
        """The action ended well."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(UNFINISHED))

    def kubelet_conf(self) -> str:
        """How the kubelet identifies itself: not at all, as kubeadm init first writes it, or by a certificate that rotates."""
        fields = kubeconfig_fields(self.read(f"{KUBERNETES}/kubelet.conf"))
        if not fields:
            return ""
        return "rotating" if "client-certificate" in fields else "embedded"

    def server(self) -> str:
        """The API server this node belongs to."""
        for name in ("admin.conf", "kubelet.conf", "bootstrap-kubelet.conf"):
            server = kubeconfig_fields(self.read(f"{KUBERNETES}/{name}")).get("server")
            if server:
                return server
        return ""


def kubelet_health(address: tuple[str, int] = HEALTHZ) -> tuple[bool, str]:
    """Whether the kubelet says ok, and what it says otherwise (a text exactly when it does not)."""
    connection = http.client.HTTPConnection(*address, timeout=3)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        body = response.read().decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return False, f"the kubelet does not answer on {address[0]}:{address[1]} ({error})"
    finally:
        connection.close()
    return response.status == 200, "" if response.status == 200 else f"the kubelet says: {body.splitlines()[0] if body else response.status}"


def answered(api: Api, path: str) -> tuple[int, t.Any]:
    """An answer that says whether something is there. Without its etcd an API server says 500, under load 429: then a node may be in use that looks unused."""
    status, body = api.get(path)
    if status not in (200, 404):
        raise Unreachable(f"{api.access.server} answers {path} with {status}: {str(body)[:200]}")
    return status, body


def ask_api(seen: Evidence, wanted: Wanted, host: Host, api: t.Optional[Api] = None) -> None:
    """Fill in what the cluster says, asked with the node's own credentials."""
    name = "admin.conf" if seen.admin_conf else "kubelet.conf"
    try:
        api = api or Api(load_kubeconfig(host.path(f"{KUBERNETES}/{name}")))
        status, body = api.get("/readyz")
        if status != 200:
            # A kubelet is not allowed to ask for /readyz everywhere; any other answer than "not ready" is an answer.
            if seen.admin_conf or status >= 500:
                raise Unreachable(f"{api.access.server} answers /readyz with {status}: {str(body)[:200]}")
        status, node = api.get(f"/api/v1/nodes/{wanted.node_name}")
        if status not in (200, 404):
            reason = node.get("message", "") if isinstance(node, dict) else str(node)
            raise Unreachable(f"{api.access.server} refuses the credentials of {name} ({status} {reason[:200]})")
        seen.api, seen.node_known = "up", status == 200
        if status == 200:
            seen.node_version = node["status"].get("nodeInfo", {}).get("kubeletVersion", "")
            seen.tainted = any(taint["key"] == TAINT and taint["effect"] == "NoSchedule" for taint in node["spec"].get("taints", []))
        else:
            seen.api_text = f"{api.access.server} answers 404"
        seen.cluster_version = api.get("/version")[1].get("gitVersion", "")
        if seen.admin_conf and seen.unfinished:
            seen.missing = [what for path, what in RESULTS if answered(api, path)[0] == 404]
            nodes = answered(api, "/api/v1/nodes")[1].get("items", [])
            seen.other_nodes = sum(1 for item in nodes if item["metadata"]["name"] != wanted.node_name)
    except Unreachable as error:
        seen.api, seen.api_text = "down", f"API server not reachable: {error}"
    finally:
        if api is not None:
            api.close()


def look(host: Host, wanted: Wanted, busy: bool = False) -> Evidence:
    """Everything there is to know, in one go."""
    seen = Evidence(host=host.name, traces=host.traces(), unfinished=host.unfinished(), busy=busy)
    if not seen.traces:
        return seen
    seen.admin_conf = host.exists(f"{KUBERNETES}/admin.conf")
    seen.etcd_data = host.exists(f"{ETCD}/member")
    seen.kubelet_conf = host.kubelet_conf()
    seen.bootstrap_conf = host.exists(f"{KUBERNETES}/bootstrap-kubelet.conf")
    seen.server = host.server()
    seen.kubelet_healthy, seen.kubelet_text = kubelet_health()
    if seen.admin_conf or seen.kubelet_conf:
        ask_api(seen, wanted, host)
    return seen


def lock(path: str = LOCK, seconds: float = 0.0) -> t.Optional[int]:
    """Hold the lock of this host; None when somebody else does. kubeadm inherits it, so it lives as long as kubeadm does."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(handle)
                return None
            time.sleep(0.2)
