# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of a site: given by the operator, or signed by the site's own CA."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.authority import STEPS
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.files import Unusable
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.provided import Provided, check
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.store import BUNDLE, SDK_FILE, Store
from ansible_collections.onprem.wandb.plugins.module_utils._host.lock import Locked, alone
from ansible_collections.onprem.wandb.plugins.module_utils._say import CORRECT

REQUEST = {
    "name": {"type": "str", "required": True},
    "hosts": {"type": "list", "elements": "str", "required": True},
    "required_hosts": {"type": "list", "elements": "str"},
    "client": {"type": "bool", "default": False},
}
FILES = {"certificate_file", "private_key_file", "ca_file"}

SPEC: dict[str, t.Any] = {
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
}


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
    roots = [root for source in given.values() for entry in source.values() for root in entry.trust]
    store.put_trust(roots, module.params["sdk_ca_path"])
    return results


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    if certs.CRYPTOGRAPHY_ERROR:
        module.fail_json(msg=missing_required_lib("cryptography >= 42"), exception=certs.CRYPTOGRAPHY_ERROR)
    wrong = wrong_requests(module.params)
    if wrong:
        module.fail_json(msg=" ".join([*wrong, CORRECT]))
    os.umask(0o077)
    now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
    given = {variable: check_given(module, variable, now) for variable in ("provided", "acme")}
    params = module.params
    store = Store(params["directory"], now, params["renew_before"], params["days"], module.check_mode, params["ca_key_file"] or "")
    try:
        # Two first runs would make two roots of which one is lost: the second one waits, and finds what the first one made.
        with contextlib.nullcontext() if module.check_mode else alone(params["directory"]):
            results = keep(module, store, given)
    except (Unusable, Locked) as error:
        module.fail_json(msg=str(error), changed=bool(store.changes) and not module.check_mode)
    except OSError as error:
        said = f"The certificates cannot be kept in {params['directory']}: {error}. Next: ls -la {params['directory']}"
        module.fail_json(msg=said, changed=bool(store.changes) and not module.check_mode)
    for sentence in store.authority.warnings:
        module.warn(sentence)
    diff = {"before": "".join(before for before, dummy in store.changes), "after": "".join(after for dummy, after in store.changes)}
    files = {"ca_bundle_file": store.path(BUNDLE), "sdk_file": store.path(SDK_FILE)}
    module.exit_json(changed=bool(store.changes), certificates=results, diff=diff, **files)
