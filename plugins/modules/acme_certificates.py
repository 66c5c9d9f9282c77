#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of an action plugin: everything happens on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: acme_certificates
short_description: Certificates that an ACME server signs, ordered when they are due
version_added: 1.0.0
description:
  - Keeps C(<name>.crt) (with its intermediates) and C(<name>.key) in a directory for each name, ordered from an ACME server. M(onprem.wandb.certificate_set)
    takes them from there after a check of everything about them.
  - What is due is decided from the files. A run in which nothing is due sends no request.
  - Orders again what is missing, unreadable, about to end, not valid for a wanted host, or not signed by a trusted CA. Until a new certificate has
    arrived, the old one and its key stay as they are.
  - The protocol is that of M(community.crypto.acme_certificate), which has to be on the controller (the C(ansible) package holds it).
  - When a challenge is not accepted, the message has the URL or record that was asked, what was seen there, what the answering side saw, and a command.
author:
  - onprem team (@onprem)
requirements:
  - cryptography >= 42
  - the collection community.crypto
attributes:
  check_mode:
    support: full
    description: Tells what would be ordered. Nothing is sent.
  diff_mode:
    support: full
    description: Shows the reason and the names of each order.
  idempotent:
    support: full
    description: A second run changes nothing and sends nothing until a certificate is about to end.
options:
  directory:
    description: Directory of the results and of C(account.key), made with mode 0700. Keys have mode 0600.
    type: path
    required: true
  certificates:
    description:
      - What to order, by name. Each may have V(challenge) (default O(challenge)) and V(hosts) (default C(required_hosts) of its request).
    type: dict
    default: {}
  provided:
    description: Names of certificates that the operator provides, which cannot be ordered as well.
    type: list
    elements: str
    default: []
  requests:
    description: What the site needs, as for M(onprem.wandb.certificate_set).
    type: list
    elements: dict
    required: true
  challenge:
    description: V(http-01) or V(dns-01), where a certificate has none of its own.
    type: str
    default: http-01
  directory_url:
    description: URL of the ACME server's directory.
    type: str
    default: ""
  ca_file:
    description: CA certificates to trust when talking to the ACME server, when its own is not from a public CA.
    type: path
    default: ""
  root_ca_file:
    description: Roots at which the issued certificates end, when the controller does not trust them already.
    type: path
    default: ""
  contact:
    description: E-mail address of the account.
    type: str
    default: ""
  terms_agreed:
    description: Whether the operator agrees to the ACME server's terms of service.
    type: bool
    default: false
  http_listen:
    description: Address and port where the controller answers http-01 while it orders. Port 80 of the host names has to lead there.
    type: str
    default: ""
  http_directory:
    description: Root directory of a web server for the host names, for http-01, when O(http_listen) is empty.
    type: path
    default: ""
  hook:
    description:
      - Command for everything else. It gets V(present) or V(cleanup), the challenge's type, the host name, the record's name (dns-01) or the path
        (http-01), and the value, and ends with 0 when all the zone's servers have it.
    type: list
    elements: str
    default: []
  renew_before:
    description: Order again when fewer days are left. Of a certificate that lives shorter than three times this, a third of its life counts.
    type: int
    default: 30
seealso:
  - module: onprem.wandb.certificate_set
  - module: community.crypto.acme_certificate
"""

EXAMPLES = r"""
- name: Order what is due
  onprem.wandb.acme_certificates:
    directory: "{{ lookup('onprem.wandb.secrets_dir') }}/certificates/acme"
    certificates:
      ingress: {challenge: dns-01}
    requests:
      - name: ingress
        hosts: [wandb.example.com]
    directory_url: https://ca.example.com/acme/directory
    contact: ops@example.com
    terms_agreed: true
    hook: [/usr/local/bin/dns-hook]
"""

RETURN = r"""
issued:
  description: What was ordered, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - name: ingress
      reason: it ends in 29 days
      hosts: [wandb.example.com]
      challenge: dns-01
requests_sent:
  description: Whether the ACME server was asked anything.
  returned: success
  type: bool
  sample: false
"""
