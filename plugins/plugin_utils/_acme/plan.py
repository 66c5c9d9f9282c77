# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates have to be ordered, from the files that are there. Nothing here asks a server. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt
import os
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs

CHALLENGES = ("http-01", "dns-01")
KEYS = {"challenge", "hosts"}


@dataclass
class Order:
    """One certificate that the ACME server is to sign."""

    name: str
    hosts: list[str]
    challenge: str
    directory: str
    reason: str = ""

    def path(self, suffix: str) -> str:
        """One of its files: crt, key; csr and crt.new while it is ordered."""
        return os.path.join(self.directory, f"{self.name}.{suffix}")


def wrong(args: t.Mapping[str, t.Any]) -> list[str]:
    """Sentences about parameters that cannot be meant."""
    found = []
    requests = {request["name"]: request for request in args["requests"]}
    challenges = set()
    for name, entry in args["certificates"].items():
        where = f"certificates_acme[{name!r}]"
        if name not in requests:
            found.append(f"{where} is a certificate that nothing asks for. Known names: {', '.join(requests)}.")
            continue
        if name in args["provided"]:
            found.append(f"The certificate {name!r} is in certificates_provided and in certificates_acme. Remove one of them.")
        if not isinstance(entry, dict) or set(entry) - KEYS:
            found.append(f"{where} may have challenge and hosts; seen {entry!r}.")
            continue
        challenge = entry.get("challenge") or args["challenge"]
        challenges.add(challenge)
        if challenge not in CHALLENGES:
            found.append(f"{where} asks for the challenge {challenge!r}; expected one of {', '.join(CHALLENGES)}.")
        names, addresses = certs.split_hosts(hosts_of(entry, requests[name]))
        if addresses or not names or any("." not in host for host in names):
            seen = ", ".join(names + addresses) or "no name"
            found.append(
                f"{where} is for {seen}; expected full host names, which is all an ACME server signs. Set {where}['hosts'], or leave it to the own CA."
            )
        if challenge == "http-01" and any(host.startswith("*.") for host in names):
            found.append(f"{where} has a wildcard, which http-01 cannot prove. Set its challenge to dns-01.")
    if not args["certificates"]:
        return found
    if not args["directory_url"].startswith("https://"):
        found.append(f"certificates_acme_directory_url is {args['directory_url']!r}; expected the https:// URL of the ACME server's directory.")
    if not args["terms_agreed"]:
        found.append("certificates_acme_terms_agreed is false; an ACME server issues only to those who agree to its terms. Read them and set it to true.")
    if "dns-01" in challenges and not args["hook"]:
        found.append("dns-01 needs certificates_acme_hook, a command that makes and removes a TXT record.")
    if "http-01" in challenges and not (args["hook"] or args["http_listen"] or args["http_directory"]):
        found.append("http-01 needs one of certificates_acme_http_listen, certificates_acme_http_directory and certificates_acme_hook.")
    return found


def hosts_of(entry: t.Mapping[str, t.Any], request: t.Mapping[str, t.Any]) -> list[str]:
    """Names to order: given, or those that clients outside use. Inner names are nobody's business outside."""
    given = entry.get("hosts") or request.get("required_hosts")
    return list(request["hosts"] if given is None else given)


def orders(args: t.Mapping[str, t.Any], now: dt.datetime) -> list[Order]:
    """Every certificate, with the reason where it has to be ordered."""
    requests = {request["name"]: request for request in args["requests"]}
    anchors = certs.load_chain(certs.read(args["root_ca_file"]) or b"") if args["root_ca_file"] else certs.system_anchors()
    found = []
    for name, entry in args["certificates"].items():
        names, dummy = certs.split_hosts(hosts_of(entry, requests[name]))
        order = Order(name, names, entry.get("challenge") or args["challenge"], args["directory"])
        chain, key = certs.read(order.path("crt")), certs.read(order.path("key"))
        order.reason = certs.due(chain, key, names, anchors, now, args["renew_before"]).replace("the CA", "a CA trusted for certificates_acme")
        found.append(order)
    return found
