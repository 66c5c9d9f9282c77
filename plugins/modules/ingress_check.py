#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ingress_check
short_description: What a browser or the W&B SDK meets on its way in
version_added: 1.0.0
description:
  - Asks at every address of the ingress whether it answers, whether the certificate is valid for the name, whether plain HTTP redirects to HTTPS,
    and whether a request body of more than 10 MB passes. Also whether the name resolves. Changes nothing.
  - Runs where clients are, normally on the controller. Needs nothing but Python.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
options:
  host:
    description: Host name of W&B.
    type: str
    required: true
  addresses:
    description: Addresses of the ingress. Without them, whatever the name resolves to.
    type: list
    elements: str
    default: []
  ca_file:
    description: File with the CAs to trust. Without it, those of the system.
    type: path
  http_port:
    description: Port of plain HTTP.
    type: int
    default: 80
  https_port:
    description: Port of HTTPS.
    type: int
    default: 443
  body_bytes:
    description: Size of the large body.
    type: int
    default: 11534336
  certificate_days:
    description: Days that the certificate must at least be valid.
    type: int
    default: 14
  timeout:
    description: Seconds to wait for an answer.
    type: float
    default: 10
"""

EXAMPLES = r"""
- name: Walk the way in
  onprem.wandb.ingress_check:
    host: wandb.example.com
    addresses: [10.0.0.12, 10.0.0.13]
    ca_file: "{{ site_secrets_dir }}/certificates/ca-bundle.crt"
  delegate_to: localhost
  register: way
"""

RETURN = r"""
probes:
  description: One entry per question, in the order in which they were asked - resolution, reach, certificate, recognised, page, redirect, large_body.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the probe.
      type: str
    verdict:
      description: pass, notice, fail, or skip.
      type: str
    evidence:
      description: What was seen.
      type: dict
    milliseconds:
      description: How long it took.
      type: float
    remedy:
      description: What to do, for a finding.
      type: str
  sample:
    - {name: redirect, verdict: pass, evidence: {status: 301, location: "https://wandb.example.com/"}, milliseconds: 3.1, remedy: ""}
findings:
  description: Names of the probes that stand against the ingress.
  returned: always
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.ingress_check import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
