#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of a site: given by the operator, or signed by the site's own CA."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_set
short_description: The certificates of a site, given by the operator or signed by the site's own CA
version_added: 1.0.0
description:
  - Keeps a directory with one certificate and key per name. A name the operator provides files for gets those, after everything about them was checked
    (names, order of the chain, key, validity, root). Every other name gets a certificate of the site's own CA, which is made when it is first needed.
  - Issues again what is missing, unreadable, about to end, not valid for a wanted host, or not signed by the CA. Everything else stays as it is.
  - All problems of provided files are reported at once, and nothing is changed then.
  - Keys are ECDSA P-256 and never part of a result.
  - The CA's key is needed only when something is issued. It may be kept elsewhere in the meantime. A run without it warns of each certificate that
    would have been renewed, with its last day, and fails only for one that is missing, expired, or not valid for a host.
  - Before the CA ends, its certificate is signed again with the same key, so that what it signed before stays valid.
author:
  - onprem team (@onprem)
requirements:
  - cryptography >= 42
attributes:
  check_mode:
    support: full
    description: Tells what would be issued, and writes nothing.
  diff_mode:
    support: full
    description: Shows validity and names before and after, never a key.
  idempotent:
    support: full
    description: A second run changes nothing until a certificate is about to end.
options:
  directory:
    description:
      - Directory of the results, made with mode 0700 - C(<name>.crt) (the certificate and its intermediates), C(<name>.key),
        C(ca.crt) and C(ca.key) of the own CA, C(ca-bundle.crt) with every root that is needed to trust the set, and C(sdk-environment.sh) with
        what machines that run the W&B SDK have to export.
    type: path
    required: true
  requests:
    description: What the site needs.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the files.
        type: str
        required: true
      hosts:
        description: Host names and addresses the certificate must be valid for. Empty ones are ignored.
        type: list
        elements: str
        required: true
      required_hosts:
        description:
          - Those of O(requests[].hosts) that a certificate of the operator must be valid for; when the list is empty, at least one of them.
            A public CA signs no inner names. Default is all of them.
        type: list
        elements: str
      client:
        description: Whether a client proves itself with it, too.
        type: bool
        default: false
  provided:
    description:
      - Files of the operator by name, each with V(certificate_file), V(private_key_file), and V(ca_file) unless the controller trusts the root already.
    type: dict
    default: {}
  acme:
    description:
      - As O(provided), for names whose files M(onprem.wandb.acme_certificates) keeps. In check mode a file that is not there yet is no problem.
    type: dict
    default: {}
  ca_common_name:
    description: Name of the own CA.
    type: str
    default: onprem.wandb CA
  ca_days:
    description: How long the own CA is valid.
    type: int
    default: 3650
  ca_key_file:
    description: The CA's key, when it is not V(ca.key) in O(directory), for example on a medium that is there only when something is to be signed.
    type: path
  ca_rotate:
    description:
      - One step on the way to another root, each followed by a run that rolls the result out. V(introduce) makes C(ca-next.crt) and its key and adds it to
        the bundle; V(switch) makes it the CA, issues every certificate again and keeps the old root in the bundle; V(retire) takes the old root away.
      - A step that is done already changes nothing. One that comes too early is refused.
    type: str
    choices: ["", introduce, switch, retire]
    default: ""
  days:
    description: How long a certificate of the own CA is valid.
    type: int
    default: 397
  renew_before:
    description: Issue again when fewer days are left. Of a certificate that lives shorter than three times this, a third of its life counts.
    type: int
    default: 30
  sdk_ca_path:
    description: Where machines with the W&B SDK keep the bundle, for the lines in C(sdk-environment.sh).
    type: path
    default: /etc/ssl/onprem-wandb-ca.crt
"""

EXAMPLES = r"""
- name: Keep the certificates
  onprem.wandb.certificate_set:
    directory: "{{ lookup('onprem.wandb.secrets_dir') }}/certificates"
    requests:
      - name: ingress
        hosts: [wandb.example.com]
      - name: minio
        hosts: [s3.example.com, store1, 10.0.0.31]
    provided:
      ingress:
        certificate_file: files/wandb.example.com.fullchain.pem
        private_key_file: files/wandb.example.com.key
  delegate_to: localhost
"""

RETURN = r"""
certificates:
  description: One entry per request.
  returned: success
  type: list
  elements: dict
  sample:
    - name: minio
      source: own
      issued: true
      reason: it ends in 29 days
      hosts: [s3.example.com, store1, 10.0.0.31]
      not_after: "2027-12-25T10:00:00Z"
      certificate_file: secrets/certificates/minio.crt
      private_key_file: secrets/certificates/minio.key
ca_bundle_file:
  description: File with every root that is needed to trust the set.
  returned: success
  type: str
  sample: secrets/certificates/ca-bundle.crt
sdk_file:
  description: File with the lines that machines with the W&B SDK need.
  returned: success
  type: str
  sample: secrets/certificates/sdk-environment.sh
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.certificate_set import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
