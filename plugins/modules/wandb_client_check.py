#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is W&B what its users need, asked from this machine by W&B's own SDK."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wandb_client_check
short_description: Is W&B what its users need, asked from this machine by W&B's own SDK
version_added: 1.1.0
description:
  - Does what a user of W&B does on a training machine - name, port, certificate and API key first, then a run with metrics, a table, a file and an artifact,
    which is read back, what a browser may do with the file's presigned URL, and the SDK's own C(wandb verify).
  - The SDK runs in a directory of its own that only its user may read and that is removed. Nothing of the machine's settings for W&B is read or written.
  - The API key is handed on by the environment, never on a command line; what programs print is searched for it.
  - The runs, with their artifacts, are deleted at the end, those of a program that broke off, too. The SDK cannot delete projects and sweeps - the empty
    projects C(onprem-acceptance) and C(verify), and the sweep of C(wandb verify), stay.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
attributes:
  check_mode:
    description: Nothing is installed and nothing is logged; name, port, certificate, key and SDK are asked for.
options:
  url:
    description: Where W&B is, C(https://) and its name, with a port if it is another than 443.
    type: str
    required: true
  api_key:
    description: API key of a user of W&B.
    type: str
    required: true
  ca_pem:
    description: CA certificates in PEM that are trusted besides those of the system.
    type: str
    default: ""
  python:
    description: Python that has the package C(wandb). Without it, O(index_url) is used.
    type: path
  index_url:
    description: Index of Python packages from which the SDK is installed for this run, into the directory that is removed.
    type: str
  sdk_version:
    description: Version to install from O(index_url). Empty for the newest one that it has.
    type: str
    default: ""
  base_python:
    description: Python that makes the virtual environment for O(index_url).
    type: str
    default: /usr/bin/python3
  timeout:
    description: Seconds to wait for each answer of the module's own questions.
    type: int
    default: 10
  deadline:
    description: Seconds after which no more questions are asked, and after which one program of the SDK is ended.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Try W&B as its users do
  onprem.wandb.wandb_client_check:
    url: https://wandb.example.com
    api_key: "{{ accept_api_key }}"
    ca_pem: "{{ lookup('onprem.wandb.pem', lookup('onprem.wandb.secrets_dir') ~ '/certificates/ca-bundle.crt') }}"
    python: /opt/training/venv/bin/python
  no_log: true
"""

RETURN = r"""
probes:
  description: One entry per question, in their order - resolve, connect, tls, api_key, program, log, metrics, table, file, artifact, cors, verify, clean.
  returned: always
  type: list
  elements: dict
  sample: [{name: metrics, verdict: pass, evidence: {run: admin/onprem-acceptance/x1y2z3}, milliseconds: 4.1, remedy: ""}]
findings:
  description: Names of the probes that stand against the site.
  returned: always
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.wandb_client_check import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
