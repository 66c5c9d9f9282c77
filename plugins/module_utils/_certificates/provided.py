# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that the operator gives: everything that can be wrong with them, before they are used. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.wandb.plugins.module_utils._certificates import pem
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs

if t.TYPE_CHECKING:
    from cryptography import x509


@dataclass
class Provided:
    """Files of the operator that were read and found good, or the sentences that say why not."""

    chain_data: bytes
    key_data: bytes
    chain: list[x509.Certificate]
    trust: list[x509.Certificate]  # what clients have to trust: the root, and what is between it and the chain
    problems: list[str]


def _load(
    path: str, kind: str, pick: t.Callable[[bytes], bytes], load: t.Callable[[bytes], t.Any], problems: list[str], where: str
) -> tuple[bytes, t.Any]:
    """The wanted blocks of one file and what they hold, or a sentence more in problems."""
    try:
        data = certs.read(path)
    except OSError as error:
        problems.append(f"{where}: {path} cannot be read ({error.strerror}).")
        return b"", None
    if data is None:
        problems.append(f"{where}: {path} does not exist; expected the {kind} there.")
        return b"", None
    try:
        only = pick(data)  # what is written later is what was judged here, and nothing else of the file
        return only, load(only)
    except TypeError:
        problems.append(f"{where}: {path} is encrypted. Give the key without a passphrase, in a file only you can read.")
    except ValueError:
        problems.append(f"{where}: {path} holds no {kind} in PEM form.")
    return b"", None


def _validity(chain: t.Sequence[x509.Certificate], where: str, now: dt.datetime, problems: list[str]) -> None:
    for certificate in chain:
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        name = certs.subject(certificate)
        if end <= now:
            problems.append(f"{where}: {name} expired on {end:%Y-%m-%d %H:%M} UTC. Get a new one.")
        elif start > now:
            problems.append(f"{where}: {name} is not valid before {start:%Y-%m-%d %H:%M} UTC. Look at the controller's clock, or wait.")


def _purpose(chain: t.Sequence[x509.Certificate], where: str, problems: list[str]) -> None:
    for certificate in chain:
        weak = certs.weakness(certificate)
        if weak:
            problems.append(f"{where}: {certs.subject(certificate)} {weak}. Browsers and Go programs refuse it: get a new one.")
    name = certs.subject(chain[0])
    if not certs.for_servers(chain[0]):
        problems.append(f"{where}: {name} may not prove a server (its extended key usage lacks serverAuth). Get one for servers.")


def check(
    name: str,
    entry: t.Mapping[str, t.Optional[str]],
    hosts: t.Sequence[str],
    now: dt.datetime,
    required_hosts: t.Optional[t.Sequence[str]] = None,
    where: str = "",
) -> Provided:
    """Read and judge what the operator, or an ACME server, gave for one name.

    It must be valid for the required hosts (without that list for all), and at least for one of the others: a public CA signs no inner names.
    """
    where = where or f"certificates_provided[{name!r}]"
    problems: list[str] = []
    chain_data, chain = _load(entry["certificate_file"] or "", "certificate", pem.certificates, certs.load_chain, problems, where)
    key_data, key = _load(entry["private_key_file"] or "", "private key", pem.private_key, certs.load_key, problems, where)
    anchors: list[x509.Certificate] = []
    if entry.get("ca_file"):
        anchors = _load(entry["ca_file"] or "", "CA certificate", pem.certificates, certs.load_chain, problems, where)[1] or []
    trust: list[x509.Certificate] = []
    if chain:
        trust = _judge_chain(chain, where, hosts if required_hosts is None else required_hosts, hosts, anchors, entry, now, problems)
        _validity([*chain, *(item for item in trust if item not in chain)], where, now, problems)
        _purpose(chain, where, problems)
    if chain and key is not None and not certs.key_matches(chain[0], key):
        known = [number for number, item in enumerate(chain, start=1) if certs.key_matches(item, key)]
        hint = f" It belongs to certificate {known[0]} of the file: put that one first." if known else ""
        problems.append(f"{where}: {entry['private_key_file']} is not the key of {certs.subject(chain[0])} in {entry['certificate_file']}.{hint}")
    return Provided(chain_data, key_data, chain or [], trust, problems)


def _judge_chain(
    chain: list[x509.Certificate],
    where: str,
    required: t.Sequence[str],
    hosts: t.Sequence[str],
    anchors: list[x509.Certificate],
    entry: t.Mapping[str, t.Optional[str]],
    now: dt.datetime,
    problems: list[str],
) -> list[x509.Certificate]:
    """Order, names, and what clients have to trust: the way from the end of the chain to the root."""
    place = f"{where}: {entry['certificate_file']}"
    disorder = certs.order_problem(chain, place)
    if disorder:
        problems.append(disorder)
        return []
    missing = certs.uncovered(chain[0], required)
    names, addresses = certs.alternative_names(chain[0])
    have = ", ".join(names + addresses) or "no names at all (a common name does not count)"
    if missing:
        problems.append(f"{place} is not valid for {', '.join(missing)}; it has {have}.")
    elif not required and len(certs.uncovered(chain[0], hosts)) == sum(map(len, certs.split_hosts(hosts))):
        problems.append(f"{place} is valid for none of {', '.join(hosts)}; it has {have}.")
    trust = certs.trust_path(chain, anchors or certs.system_anchors(), now)
    if not trust:
        last = chain[-1].issuer.rfc4514_string()
        if entry.get("ca_file"):
            problems.append(f"{place} ends at issuer {last}, which is not in {entry['ca_file']}. Add the missing intermediate to one of them.")
        else:
            problems.append(
                f"{place} ends at issuer {last}, which this controller does not trust. Append the missing intermediate certificate, "
                f"or name your CA: {where}['ca_file']."
            )
        return []
    top = trust[-1]
    if entry.get("ca_file") and top.subject != top.issuer:
        # Go takes an intermediate for a root; MySQL, Redis and older Pythons do not.
        problems.append(f"{where}: {entry['ca_file']} ends at {certs.subject(top)}, which is no root. Add its issuer {top.issuer.rfc4514_string()}.")
    long = certs.path_problem([*chain, *(item for item in trust if item not in chain)], place)
    if long:
        problems.append(long)
    return trust
