#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short-lived bootstrap token."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_token
short_description: A short-lived bootstrap token of a kubeadm cluster
version_added: 1.0.0
description:
  - Makes a given bootstrap token valid for some minutes, by the API, on a control-plane node.
  - The token comes from the controller and is never on a command line, in an output or in a file of this host.
  - Returns what a joining host needs beside the token. The address of the API server and the cluster's CA.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Makes no token. Without a cluster there is nothing to return either.
  diff_mode:
    support: none
    description: A token has nothing to show.
  idempotent:
    support: none
    description: Each call makes the token valid for O(ttl) seconds from now.
options:
  token:
    description: The token, six characters, a dot and sixteen characters of a-z and 0-9.
    type: str
    required: true
  ttl:
    description: Seconds for which it is valid.
    type: int
    default: 900
  description:
    description: What it is for.
    type: str
    default: join by onprem.wandb
  kubeconfig:
    description: Kubeconfig of an administrator on this host.
    type: path
    default: /etc/kubernetes/admin.conf
"""

EXAMPLES = r"""
- name: Make the token valid
  onprem.wandb.kubeadm_token:
    token: "{{ join_token }}"
    ttl: 600
  delegate_to: cp1
  register: cluster
"""

RETURN = r"""
server:
  description: URL of the API server.
  returned: when there is a cluster
  type: str
  sample: https://k8s.example.com:6443
certificate_authority_data:
  description: Certificate of the cluster's CA, PEM in base64.
  returned: when there is a cluster
  type: str
  sample: LS0tLS1CRUdJTi…
"""

import base64
import datetime
import re
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm.api import Api, Unreachable, load_kubeconfig

SECRETS = "/api/v1/namespaces/kube-system/secrets"


def secret(token: str, ttl: int, description: str, now: datetime.datetime) -> dict[str, t.Any]:
    """The Secret that is a bootstrap token. It authenticates and does not sign: nodes are given the CA."""
    identity, _dot, rest = token.partition(".")
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"bootstrap-token-{identity}", "namespace": "kube-system"},
        "type": "bootstrap.kubernetes.io/token",
        "stringData": {
            "token-id": identity,
            "token-secret": rest,
            "description": description,
            "expiration": (now + datetime.timedelta(seconds=ttl)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "usage-bootstrap-authentication": "true",
            "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
        },
    }


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "token": {"type": "str", "required": True, "no_log": True},
            "ttl": {"type": "int", "default": 900},
            "description": {"type": "str", "default": "join by onprem.wandb"},
            "kubeconfig": {"type": "path", "default": "/etc/kubernetes/admin.conf"},
        },
        supports_check_mode=True,
    )
    p = module.params
    if not re.fullmatch(r"[a-z0-9]{6}\.[a-z0-9]{16}", p["token"]):
        module.fail_json(msg="The token is not six characters, a dot and sixteen characters of a-z and 0-9. Next: kubeadm token generate")
    try:
        access = load_kubeconfig(p["kubeconfig"])
        if not module.check_mode:
            body = secret(p["token"], p["ttl"], p["description"], datetime.datetime.now(datetime.timezone.utc))
            api = Api(access)
            status, answer = api.request("POST", SECRETS, body)
            if status == 409:
                status, answer = api.request("PUT", f"{SECRETS}/{body['metadata']['name']}", body)
            if status not in (200, 201):
                raise Unreachable(f"{access.server} answers {status}: {answer.get('message', '') if isinstance(answer, dict) else answer}")
    except Unreachable as error:
        if module.check_mode:
            module.exit_json(changed=True)
        module.fail_json(
            msg=f"No bootstrap token could be made with {p['kubeconfig']}: {error}. Next, on this host: kubectl --kubeconfig {p['kubeconfig']} get nodes"
        )
    module.exit_json(changed=True, server=access.server, certificate_authority_data=base64.b64encode(access.ca.encode("ascii")).decode("ascii"))


if __name__ == "__main__":
    main()
