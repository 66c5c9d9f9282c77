# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What W&B needs to know about a Kubernetes cluster."""

from __future__ import annotations

import subprocess
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import cluster_info as info
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import ARGUMENTS, Api, ApiStatusError, ClusterError

WORKLOADS = ("deployments", "statefulsets", "daemonsets")

SPEC: dict[str, Any] = {
    **ARGUMENTS,
    "namespace": {"type": "str", "default": "wandb"},
    "helm_binary": {"type": "path", "default": ""},
    "timeout": {"type": "float", "default": 10.0},
}


def helm_version(binary: str) -> str:
    """What the helm program says about itself."""
    if not binary:
        return ""
    try:
        done = subprocess.run([binary, "version", "--template", "{{.Version}}"], capture_output=True, text=True, check=False)
    except OSError as error:
        return "%s does not run: %s" % (binary, error.strerror)
    return done.stdout.strip() if done.returncode == 0 else "%s does not run: %s" % (binary, done.stderr.strip()[:160])


def look(api: Api, namespace: str) -> dict[str, Any]:
    """All of it, in nine requests on one connection."""
    classes = api.items("/apis/storage.k8s.io/v1/storageclasses")
    claims = api.items("/api/v1/persistentvolumeclaims")
    workloads = [item for kind in WORKLOADS for item in api.items("/apis/apps/v1/namespaces/%s/%s" % (namespace, kind))]
    return {
        "version": str(api.get("/version").get("gitVersion", "")),
        "nodes": [info.node(item) for item in api.items("/api/v1/nodes")],
        "storage_classes": [info.storage_class(item) for item in classes],
        "ingress_classes": [info.ingress_class(item) for item in api.items("/apis/networking.k8s.io/v1/ingressclasses")],
        "pending_claims": info.pending_claims(claims, classes),
        "bound_claims": sum(1 for item in claims if (item.get("status") or {}).get("phase") == "Bound"),
        "ingresses": [info.ingress(item) for item in api.items("/apis/networking.k8s.io/v1/namespaces/%s/ingresses" % namespace)],
        "images": info.images(workloads),
    }


def run(module: AnsibleModule) -> NoReturn:
    """The module, once its arguments are good."""
    params = module.params
    try:
        found = look(Api(params["kubeconfig"], params["context"], params["timeout"]), params["namespace"])
    except (ClusterError, ApiStatusError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, helm=helm_version(module.params["helm_binary"]), **found)
