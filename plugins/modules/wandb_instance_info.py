#!/usr/bin/python
# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wandb_instance_info
short_description: Tell whether a W&B instance serves, or precisely why not
version_added: 1.0.0
author:
  - onprem team (@onprem)
description:
  - Looks at an instance of W&B from the custom resource down to the answer that a browser gets, and says what is not as expected.
  - The operator's phase C(Completed) means that Helm was called. It does not mean that a pod is ready, nor that the newest change of
    the resource was read. This module compares the Helm release with the resource, looks at every workload of the release and its pods,
    asks each route through the ingress at the address of each node, and asks the components whether they can use database, queue and bucket.
  - Runs where the kubeconfig is, normally on the controller. Every request has a deadline.
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.kubeconfig
attributes:
  platform:
    description: Target systems.
    platforms: posix
    support: full
options:
  name:
    description:
      - Name of the C(WeightsAndBiases) resource, which is also the name of its Helm release.
    type: str
    default: wandb
  namespace:
    description:
      - Namespace of the resource.
    type: str
    default: wandb
  operator_namespace:
    description:
      - Namespace of the operator.
    type: str
    default: wandb-cr
  operator_release:
    description:
      - Name of the operator's Helm release.
    type: str
    default: operator
  checks:
    description:
      - What to look at. V(operator) is the operator and its Helm release, V(resource) the custom resource, V(release) the Helm release made
        from it, V(workloads) Deployments, StatefulSets, DaemonSets and pods, V(routes) the paths through the ingress, V(readiness) the
        components' own word on database, queue and bucket.
    type: list
    elements: str
    choices: [resource, operator, release, workloads, routes, readiness]
    default: [resource, operator, release, workloads, routes, readiness]
  host:
    description:
      - Host name of W&B, as in its URL. Without it, the one in C(global.host) of the resource.
    type: str
  ingress_addresses:
    description:
      - Addresses at which the ingress answers. Each route is asked for at each of them, under the host name (SNI and C(Host)).
      - Without it, what the host name resolves to.
    type: list
    elements: str
    default: []
  ingress_port:
    description:
      - Port of the ingress for HTTPS.
    type: int
    default: 443
  ca_file:
    description:
      - File with the CAs to trust for the ingress. Without it, those of the system.
    type: path
  validate_certs:
    description:
      - Whether the certificate of the ingress has to be valid for the host name.
    type: bool
    default: true
  wait:
    description:
      - Wait until W&B serves, and fail with a report when O(wait_timeout) is over. Without it, the module returns what it sees.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait.
      - Waiting ends after 60 seconds of a state that time does not mend, such as the phase C(Invalid Config).
    type: int
    default: 600
  wait_sleep:
    description:
      - Seconds between two looks.
    type: float
    default: 2
  request_timeout:
    description:
      - Seconds that one request may take.
    type: float
    default: 5
  log_lines:
    description:
      - Number of last log lines of a broken container in the report.
    type: int
    default: 5
seealso:
  - module: kubernetes.core.k8s_info
"""

EXAMPLES = r"""
- name: Wait until W&B serves
  onprem.wandb.wandb_instance_info:
    kubeconfig: "{{ site_kubeconfig }}"
    ca_file: "{{ site_secrets_dir }}/certificates/ca.crt"
    ingress_addresses: [192.0.2.11, 192.0.2.12]
    wait: true
    wait_timeout: 900
  delegate_to: localhost

- name: Look at W&B
  onprem.wandb.wandb_instance_info:
    kubeconfig: ~/.kube/config
  register: instance
  delegate_to: localhost

- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ instance.problems | map(attribute='message') }}"
  when: not instance.ready
"""

RETURN = r"""
ready:
  description: Whether everything that was looked at is as expected.
  type: bool
  returned: always
  sample: true
reachable:
  description: Whether the Kubernetes API answered.
  type: bool
  returned: always
  sample: true
msg:
  description: The verdict as text, with one entry per problem and its evidence.
  type: str
  returned: always
  sample: W&B https://wandb.example.com is serving.
checks:
  description: Verdict of each check that was asked for, and of C(api). Null where something more basic has failed, so that it was not looked at.
  type: dict
  returned: always
  sample: {api: true, resource: true, operator: true, release: true, workloads: true, routes: true, readiness: true}
problems:
  description: What is not as expected, most basic first.
  type: list
  elements: dict
  returned: when the module does not fail
  contains:
    check:
      description: The check that found it.
      type: str
      sample: workloads
    subject:
      description: The object.
      type: str
      sample: pod wandb-app-bc-6d9c6bcb8-x2x7p on node1
    message:
      description: What was seen.
      type: str
      sample: "container app: CrashLoopBackOff: back-off 40s restarting failed container (it ended 4 times, last with exit code 1)"
    fatal:
      description: Whether waiting cannot mend it.
      type: bool
      sample: false
    details:
      description: Evidence such as events and the last log lines.
      type: list
      elements: str
      sample: ["log: cannot connect to mysql at 192.0.2.21:3306"]
resource:
  description:
    - The custom resource. C(applied_sha256) is the checksum of what was applied last, as the filter P(onprem.wandb.values_sha256#filter) makes it; empty when
      the resource has no longer all of it.
  type: dict
  returned: when the API answered
  sample:
    known: true
    exists: true
    phase: Completed
    generation: 3
    applied_sha256: 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
    chart: {name: operator-wandb, version: 0.43.8}
    host: https://wandb.example.com
    redis: {host: 192.0.2.31, port: 6379, tls: true, ca: /etc/ssl/certs/redis_ca.pem}
operator:
  description: The operator's Helm release. Its values may hold secrets; they are told by their checksum (as JSON with sorted keys).
  type: dict
  returned: when the check V(operator) was asked for and the API answered
  sample: {release: {name: operator, status: deployed, revision: 1, chart: operator, chart_version: 1.4.8, airgapped: false, values_sha256: 2cab3e...}}
release:
  description: The Helm release of W&B, without its values.
  type: dict
  returned: when the check V(release) was asked for and the API answered
  sample: {name: wandb, status: deployed, revision: 2, chart: operator-wandb, chart_version: 0.43.8, updated: "2026-11-23T10:00:00Z"}
workloads:
  description: What the release runs.
  type: list
  elements: dict
  returned: when the check V(workloads) was asked for and the API answered
  sample: [{kind: Deployment, name: wandb-app-bc, desired: 1, updated: 1, available: 1, total: 1, ready: true}]
routes:
  description: Each route at each address.
  type: list
  elements: dict
  returned: when the check V(routes) was asked for and the API answered
  sample:
    - {path: /graphql, service: wandb-api, port: 8081, address: 192.0.2.11, request: POST /graphql, status: 200, component: null, ok: true, problem: null}
readiness:
  description: What the services answer to C(/ready).
  type: list
  elements: dict
  returned: when the check V(readiness) was asked for and the API answered
  sample: [{service: wandb-app, port: 8080, path: /ready, status: 200, ok: true}]
elapsed:
  description: Seconds that the module took.
  type: float
  returned: always
  sample: 41.2
attempts:
  description: How many times it looked.
  type: int
  returned: always
  sample: 18
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.wandb_instance_info import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
