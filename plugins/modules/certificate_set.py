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
  - The CA's key is needed only when something is issued. It may be kept elsewhere in the meantime.
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
        C(ca.crt) and C(ca.key) of the own CA, and C(ca-bundle.crt) with every root that is needed to trust the set.
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
  ca_common_name:
    description: Name of the own CA.
    type: str
    default: onprem.wandb CA
  ca_days:
    description: How long the own CA is valid.
    type: int
    default: 3650
  days:
    description: How long a certificate of the own CA is valid.
    type: int
    default: 397
  renew_before:
    description: Issue again when fewer days are left.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Keep the certificates
  onprem.wandb.certificate_set:
    directory: "{{ inventory_dir }}/secrets/certificates"
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
"""

import datetime as dt
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils import _certificates as certs
from ansible_collections.onprem.wandb.plugins.module_utils import _certificates_issue as issue
from ansible_collections.onprem.wandb.plugins.module_utils._certificate_store import Store, Unusable
from ansible_collections.onprem.wandb.plugins.module_utils._certificates_provided import Provided, check

REQUEST = {
    "name": {"type": "str", "required": True},
    "hosts": {"type": "list", "elements": "str", "required": True},
    "required_hosts": {"type": "list", "elements": "str"},
    "client": {"type": "bool", "default": False},
}
FILES = {"certificate_file", "private_key_file", "ca_file"}


def wrong_requests(params: dict[str, t.Any]) -> list[str]:
    """Sentences about parameters that cannot be meant."""
    names = [request["name"] for request in params["requests"]]
    found = [f"The certificate {name!r} is requested twice." for name in sorted({name for name in names if names.count(name) > 1})]
    for request in params["requests"]:
        if not any(certs.split_hosts(request["hosts"])):
            found.append(f"The certificate {request['name']!r} has no host to be valid for.")
    for name, entry in params["provided"].items():
        if name not in names:
            found.append(f"certificates_provided has {name!r}, which nothing asks for. Known names: {', '.join(names)}.")
        elif not isinstance(entry, dict) or not {"certificate_file", "private_key_file"} <= set(entry) <= FILES:
            found.append(f"certificates_provided[{name!r}] needs certificate_file and private_key_file, and may have ca_file.")
    return found


def check_provided(module: AnsibleModule, now: dt.datetime) -> dict[str, Provided]:
    """What the operator gave, or the end with every problem in it."""
    requests = {request["name"]: request for request in module.params["requests"]}
    good = {name: check(name, entry, requests[name]["hosts"], now, requests[name]["required_hosts"]) for name, entry in module.params["provided"].items()}
    problems = [sentence for entry in good.values() for sentence in entry.problems]
    if problems:
        module.fail_json(msg="\n".join(["Provided certificates cannot be used; nothing was changed.", *problems]))
    for name, entry in good.items():
        left = certs.days_left(entry.chain[0], now)
        if left <= module.params["renew_before"]:
            module.warn(f"The provided certificate {name!r} ends in {left:.0f} days. Get a new one and run again.")
    return good


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "requests": {"type": "list", "elements": "dict", "required": True, "options": REQUEST},
            "provided": {"type": "dict", "default": {}},
            "ca_common_name": {"type": "str", "default": "onprem.wandb CA"},
            "ca_days": {"type": "int", "default": 3650},
            "days": {"type": "int", "default": 397},
            "renew_before": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    if certs.CRYPTOGRAPHY_ERROR:
        module.fail_json(msg=missing_required_lib("cryptography >= 42"), exception=certs.CRYPTOGRAPHY_ERROR)
    wrong = wrong_requests(module.params)
    if wrong:
        module.fail_json(msg=" ".join(wrong))
    os.umask(0o077)
    now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
    provided = check_provided(module, now)
    store = Store(module.params["directory"], now, module.params["renew_before"], module.params["days"], module.check_mode)
    try:
        results = [store.put_provided(request, provided[request["name"]]) for request in module.params["requests"] if request["name"] in provided]
        own = [request for request in module.params["requests"] if request["name"] not in provided]
        if own:
            store.open_authority(module.params["ca_common_name"], module.params["ca_days"])
            results += [store.put_own(request) for request in own]
        roots = ([store.ca] if store.ca is not None else []) + [entry.root for entry in provided.values() if entry.root is not None]
        unique = [root for number, root in enumerate(roots) if root not in roots[:number]]
        store.put("ca-bundle.crt", issue.pem(*unique), 0o644)
    except (Unusable, OSError) as error:
        module.fail_json(msg=str(error), changed=bool(store.changes) and not module.check_mode)
    diff = {"before": "".join(before for before, dummy in store.changes), "after": "".join(after for dummy, after in store.changes)}
    module.exit_json(changed=bool(store.changes), certificates=results, ca_bundle_file=store.path("ca-bundle.crt"), diff=diff)


if __name__ == "__main__":
    main()
