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

import contextlib
import datetime as dt
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.authority import STEPS
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.files import Unusable
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.store import BUNDLE, SDK_FILE, Store
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.provided import Provided, check
from ansible_collections.onprem.wandb.plugins.module_utils._host.lock import Locked, alone

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
    for variable in ("provided", "acme"):
        for name, entry in (params.get(variable) or {}).items():
            if name not in names:
                found.append(f"certificates_{variable} has {name!r}, which nothing asks for. Known names: {', '.join(names)}.")
            elif not isinstance(entry, dict) or not {"certificate_file", "private_key_file"} <= set(entry) <= FILES:
                found.append(f"certificates_{variable}[{name!r}] needs certificate_file and private_key_file, and may have ca_file.")
    for name in sorted(set(params["provided"]) & set(params.get("acme") or {})):
        found.append(f"The certificate {name!r} is in certificates_provided and in certificates_acme. Remove one of them.")
    return found


def check_given(module: AnsibleModule, variable: str, now: dt.datetime) -> dict[str, Provided]:
    """What the operator or the ACME server gave, or the end with every problem in it."""
    requests = {request["name"]: request for request in module.params["requests"]}
    good = {}
    for name, entry in module.params[variable].items():
        if variable == "acme" and module.check_mode and not os.path.exists(entry["certificate_file"]):
            continue
        request = requests[name]
        where = f"certificates_{variable}[{name!r}]"
        good[name] = check(name, entry, request["hosts"], now, request["required_hosts"], where)
    problems = [sentence for entry in good.values() for sentence in entry.problems]
    if problems:
        module.fail_json(msg="\n".join([f"The files of certificates_{variable} cannot be used; nothing was changed.", *problems]))
    for name, entry in good.items():
        if certs.days_left(entry.chain[0], now) <= certs.threshold(entry.chain[0], module.params["renew_before"]):
            module.warn(f"The certificate {name!r} of certificates_{variable}: {certs.ends(entry.chain[0], now)}. Get a new one and run again.")
    return good


def keep(module: AnsibleModule, store: Store, given: dict[str, dict[str, Provided]]) -> list[dict[str, t.Any]]:
    """Bring the directory into the wanted state."""
    results = []
    own = []
    for request in module.params["requests"]:
        source = next((source for source in given if request["name"] in given[source]), "")
        if source:
            results.append(store.put_provided(request, given[source][request["name"]], source))
        elif request["name"] not in module.params["acme"]:
            own.append(request)
    if own:
        store.open_authority(module.params["ca_common_name"], module.params["ca_days"], module.params["ca_rotate"])
        results += [store.put_own(request) for request in own]
    roots = [entry.root for source in given.values() for entry in source.values() if entry.root is not None]
    store.put_trust(roots, module.params["sdk_ca_path"])
    return results


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "requests": {"type": "list", "elements": "dict", "required": True, "options": REQUEST},
            "provided": {"type": "dict", "default": {}},
            "acme": {"type": "dict", "default": {}},
            "ca_common_name": {"type": "str", "default": "onprem.wandb CA"},
            "ca_days": {"type": "int", "default": 3650},
            "days": {"type": "int", "default": 397},
            "renew_before": {"type": "int", "default": 30},
            "ca_key_file": {"type": "path"},
            "ca_rotate": {"type": "str", "choices": ["", *STEPS], "default": ""},
            "sdk_ca_path": {"type": "path", "default": "/etc/ssl/onprem-wandb-ca.crt"},
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
    given = {variable: check_given(module, variable, now) for variable in ("provided", "acme")}
    params = module.params
    store = Store(params["directory"], now, params["renew_before"], params["days"], module.check_mode, params["ca_key_file"] or "")
    try:
        # Two first runs would make two roots of which one is lost: the second one waits, and finds what the first one made.
        with contextlib.nullcontext() if module.check_mode else alone(params["directory"]):
            results = keep(module, store, given)
    except (Unusable, Locked, OSError) as error:
        module.fail_json(msg=str(error), changed=bool(store.changes) and not module.check_mode)
    for sentence in store.authority.warnings:
        module.warn(sentence)
    diff = {"before": "".join(before for before, dummy in store.changes), "after": "".join(after for dummy, after in store.changes)}
    files = {"ca_bundle_file": store.path(BUNDLE), "sdk_file": store.path(SDK_FILE)}
    module.exit_json(changed=bool(store.changes), certificates=results, diff=diff, **files)


if __name__ == "__main__":
    main()
