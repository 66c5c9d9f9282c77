#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: What W&B needs to know about a Kubernetes cluster
version_added: 1.0.0
description:
  - Reads version, nodes, classes of storage and ingress, claims without a volume, and the Ingress objects of one namespace. Changes nothing.
  - Needs no Python library; runs where the kubeconfig is, normally on the controller.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.kubeconfig
options:
  namespace:
    description: Namespace whose Ingress objects and workloads are returned.
    type: str
    default: wandb
  helm_binary:
    description: A helm program whose version is returned; empty for none.
    type: path
    default: ""
  timeout:
    description: Seconds that one request may take.
    type: float
    default: 10
seealso:
  - module: onprem.wandb.wandb_instance_info
"""

EXAMPLES = r"""
- name: Look at the cluster
  onprem.wandb.cluster_info:
    kubeconfig: "{{ site_kubeconfig }}"
  delegate_to: localhost
  register: cluster
"""

RETURN = r"""
version:
  description: Version of the API server.
  returned: always
  type: str
  sample: v1.36.4
nodes:
  description: Nodes.
  returned: always
  type: list
  elements: dict
  sample: [{name: node1, ready: true, schedulable: true, control_plane: false, version: v1.36.4, architecture: amd64, addresses: [10.0.0.12], problems: []}]
storage_classes:
  description: Storage classes.
  returned: always
  type: list
  elements: dict
  sample: [{name: local-path, default: true, provisioner: rancher.io/local-path}]
ingress_classes:
  description: Ingress classes.
  returned: always
  type: list
  elements: dict
  sample: [{name: traefik, default: true, controller: traefik.io/ingress-controller}]
pending_claims:
  description: Claims that wait for a volume although a pod wants it, or although their class binds at once.
  returned: always
  type: list
  elements: str
  sample: []
bound_claims:
  description: Number of claims that have a volume.
  returned: always
  type: int
  sample: 1
ingresses:
  description: Ingress objects of the namespace.
  returned: always
  type: list
  elements: dict
  sample: [{name: wandb, class: traefik, release: wandb, hosts: [wandb.example.com], tls_secrets: [wandb-tls]}]
images:
  description: Images of the workloads of the namespace.
  returned: always
  type: list
  elements: str
  sample: [docker.io/wandb/megabinary:0.83.0]
helm:
  description: Version of the helm program; empty without one.
  returned: always
  type: str
  sample: v3.21.3
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import cluster_info as info
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import ARGUMENTS, Api, ApiStatusError, ClusterError

WORKLOADS = ("deployments", "statefulsets", "daemonsets")


def helm_version(module: AnsibleModule) -> str:
    """What the helm program says about itself."""
    binary = module.params["helm_binary"]
    if not binary:
        return ""
    rc, out, err = module.run_command([binary, "version", "--template", "{{.Version}}"])
    return out.strip() if rc == 0 else "%s does not run: %s" % (binary, err.strip()[:160])


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


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "namespace": {"type": "str", "default": "wandb"},
            "helm_binary": {"type": "path", "default": ""},
            "timeout": {"type": "float", "default": 10.0},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        found = look(Api(params["kubeconfig"], params["context"], params["timeout"]), params["namespace"])
    except (ClusterError, ApiStatusError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, helm=helm_version(module), **found)


if __name__ == "__main__":
    main()
