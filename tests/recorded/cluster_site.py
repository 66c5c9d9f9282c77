# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster with a healthy W&B behind two servers on loopback: its API, and its ingress with TLS. What is asked are real modules; the objects are on paper."""

from __future__ import annotations

import pathlib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.wandb import wandb_site as site

NODES = ("cp1", "node1", "node2", "node3")
DEFAULT = "is-default-class"
HOST = "localhost"  # a name that resolves everywhere


@dataclass
class Cluster:
    """Where it answers."""

    kubeconfig: str
    ca_file: str
    https_port: int
    http_port: int


def node(name: str) -> dict[str, Any]:
    """One of them; the control plane takes no pods of W&B."""
    control = name == "cp1"
    found = site.node(name)
    found["metadata"]["labels"] = {"node-role.kubernetes.io/control-plane": ""} if control else {}
    found["spec"] = {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]} if control else {}
    found["status"]["nodeInfo"] = {"kubeletVersion": "v1.36.4", "architecture": "amd64", "containerRuntimeVersion": "containerd://2.3.4"}
    found["status"]["addresses"] = [{"type": "InternalIP", "address": f"192.0.2.{41 + NODES.index(name)}"}, {"type": "Hostname", "address": name}]
    return found


def api() -> site.Api:
    """The objects, beside those of W&B."""
    made = site.Api()
    pods = {"spec": {"containers": [{"image": "docker.io/wandb/megabinary:0.83.0"}, {"image": "registry.example.com:5000/x@sha256:" + "a" * 8}]}}
    for item in made.documents["/apis/apps/v1/namespaces/wandb/deployments"]["items"]:
        item["spec"]["template"] = pods
    resource = made.documents["/apis/apps.wandb.com/v1/namespaces/wandb/weightsandbiases/wandb"]
    redis = {"host": "192.0.2.31", "port": 6379, "params": {"tls": True, "caCertPath": "/etc/ssl/certs/redis_ca.pem"}}
    record = site.release()
    for values in (resource["spec"]["values"], record["values"]):
        values["global"].update(redis=redis, host=f"https://{HOST}")
    made.set_release("wandb", record)
    way = site.ingress(host=HOST)
    way["metadata"]["annotations"] = {"meta.helm.sh/release-name": "wandb"}
    way["spec"]["tls"] = [{"secretName": "wandb-tls", "hosts": [HOST]}]
    storage = {"name": "local-path", "annotations": {f"storageclass.kubernetes.io/{DEFAULT}": "true"}}
    ingress_class = {"name": "traefik", "annotations": {f"ingressclass.kubernetes.io/{DEFAULT}": "true"}}
    made.documents.update({
        "/version": {"gitVersion": "v1.36.4"},
        "/api/v1/nodes": {"items": [node(name) for name in NODES]},
        "/apis/storage.k8s.io/v1/storageclasses": {"items": [{"metadata": storage, "provisioner": "rancher.io/local-path"}]},
        "/apis/networking.k8s.io/v1/ingressclasses": {"items": [{"metadata": ingress_class, "spec": {"controller": "traefik.io/ingress-controller"}}]},
        "/api/v1/persistentvolumeclaims": {"items": [{"metadata": {"name": "data", "namespace": "wandb"}, "status": {"phase": "Bound"}}]},
        "/apis/networking.k8s.io/v1/namespaces/wandb/ingresses": {"items": [way]},
    })  # fmt: skip
    return made


class Redirect(site.Ingress):
    """The port without TLS."""

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        return 308, {"Location": f"https://{HOST}{path}"}, b""


@contextmanager
def cluster(work: pathlib.Path) -> Iterator[Cluster]:
    """Both servers until the end of the block."""
    crt, context = site.certificate(work, HOST, days=60)
    assert isinstance(context, ssl.SSLContext)
    with site.serve(api()) as (address, port), site.serve(site.Ingress(), context) as (_here, https), site.serve(Redirect()) as (_there, http):
        yield Cluster(site.kubeconfig(work, f"http://{address}:{port}"), crt, https, http)
