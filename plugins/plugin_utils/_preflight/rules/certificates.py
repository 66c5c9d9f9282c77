# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates that the operator provides: readable, in time, for the right name, with the right key."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ....module_utils._certificates.provided import check
from ... import _certificate_requests, _store_wiring
from ..interface import CERTIFICATE_NAMES
from ..model import CONTROLLER, WARNING, Finding, Site

if TYPE_CHECKING:
    from cryptography import x509

# The library is a requirement of ansible-core. It is imported where it is used, so that the plugins load without it for documentation.
NEW = "obtain a new one and put it there; openssl x509 -in %s -noout -subject -ext subjectAltName says for what"
DAYS_LEFT = 30


def now() -> datetime.datetime:
    """The time, in a place where a test can set it."""
    return datetime.datetime.now(datetime.timezone.utc)


def matches(name: str, pattern: str) -> bool:
    """Whether a certificate's name covers a host name; a star stands for one label."""
    name, pattern = name.lower(), pattern.lower()
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:] and not name.startswith("*")
    return name == pattern


def names_of(certificate: x509.Certificate) -> list[str]:
    """DNS names of a certificate. Browsers and Go ignore the common name, so do we."""
    from cryptography import x509

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return list(extension.value.get_values_for_type(x509.DNSName))


def public_bytes(key: Any) -> bytes:
    """A public key in a form that can be compared."""
    from cryptography.hazmat.primitives import serialization

    return bytes(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def provided(site: Site) -> Iterator[tuple[str, str, str]]:
    """Name, certificate file and key file of everything provided."""
    for name, entry in site.controller.mapping("certificates_provided").items():
        if isinstance(entry, Mapping):
            yield name, str(entry.get("certificate_file") or ""), str(entry.get("private_key_file") or "")


def expected_name(site: Site, name: str) -> str:
    """The host name that a certificate is for."""
    variable = CERTIFICATE_NAMES.get(name, "")
    value = site.controller.text(variable) if variable else ""
    if not value and variable == "minio_fqdn":
        value = _store_wiring.name_in(site.controller.text("wandb_fqdn"))
    return value


def certificates(site: Site) -> Iterator[Finding]:
    """Every provided certificate with its key."""
    from cryptography import x509

    for name, certificate_file, key_file in provided(site):
        where = "certificates_provided.%s" % name
        content = site.read_file(certificate_file) if certificate_file else None
        if content is None:
            value = certificate_file or "not set"
            yield Finding(CONTROLLER, where + ".certificate_file", value, "a readable PEM file on the controller", listed(value))
            continue
        try:
            chain = x509.load_pem_x509_certificates(content)
        except ValueError as error:
            remedy = unreadable("x509", certificate_file, error)
            yield Finding(CONTROLLER, where + ".certificate_file", certificate_file, "PEM: the certificate, then its chain", remedy)
            continue
        found = [
            *validity(where, certificate_file, chain[0]),
            *host_name(where, certificate_file, chain[0], expected_name(site, name)),
            *private_key(where, site, key_file, chain),
        ]
        yield from found or refused(site, name, where, certificate_file)


def wanted_hosts(site: Site) -> dict[str, dict[str, Any]]:
    """What the role certificates asks of each certificate."""
    wandb, minio = expected_name(site, "ingress"), expected_name(site, "minio")
    addresses = {host.name: {name: host.text(name) for name in _certificate_requests.VARIABLES} for host in site.hosts.values()}
    groups = {name: [host for host in hosts if host in addresses] for name, hosts in site.groups.items()}
    further = site.controller.texts("wandb_additional_hosts")
    requests = _certificate_requests.requests(groups, addresses, wandb, minio, wandb.partition(".")[2], {}, further)
    return {request["name"]: request for request in requests}


def refused(site: Site, name: str, where: str, path: str) -> Iterator[Finding]:
    """What the role certificates would refuse beyond the rules above: order and root of the chain, further names."""
    hosts = wanted_hosts(site)
    if name not in hosts:
        remedy = "nothing asks for this certificate: correct the name, or remove the entry; certificates_provided: {}"
        yield Finding(CONTROLLER, where, path, "one of %s" % ", ".join(hosts), remedy)
        return
    entry: dict[str, str | None] = dict.fromkeys(("certificate_file", "private_key_file", "ca_file"))
    entry.update({key: value for key, value in site.controller.mapping("certificates_provided")[name].items() if isinstance(value, str)})
    for sentence in check(name, entry, hosts[name]["hosts"], now(), hosts[name].get("required_hosts")).problems:
        yield Finding(CONTROLLER, where, path, "a certificate that the role certificates takes", sentence)


def listed(path: str) -> str:
    """How to see why a file is not read; without a path the entry lacks one."""
    return "ls -l %s; chmod u+r %s" % (path, path) if path else "certificates_provided: {<name>: {certificate_file: <path>, private_key_file: <path>}}"


def unreadable(program: str, path: str, error: Exception) -> str:
    """How to see what a file holds instead."""
    what = "certificate" if program == "x509" else "private key"
    return "not a %s: %s; openssl %s -in %s -noout" % (what, str(error).split(".", maxsplit=1)[0], program, path)


def validity(where: str, path: str, leaf: x509.Certificate) -> Iterator[Finding]:
    """Not expired, already valid, and with a month to go."""
    end, start, today = leaf.not_valid_after_utc, leaf.not_valid_before_utc, now()
    if end < today:
        yield Finding(CONTROLLER, where, "%s expired %s" % (path, end.date()), "a valid certificate", NEW % path)
    elif start > today:
        remedy = "timedatectl status on the controller; with a clock that is right, wait"
        yield Finding(CONTROLLER, where, "%s is valid from %s" % (path, start.date()), "a valid certificate", remedy)
    elif end - today < datetime.timedelta(days=DAYS_LEFT):
        yield Finding(CONTROLLER, where, "%s expires %s" % (path, end.date()), "at least %d days left" % DAYS_LEFT, NEW % path, WARNING)


def host_name(where: str, path: str, leaf: x509.Certificate, wanted: str) -> Iterator[Finding]:
    """The certificate covers the name that clients type."""
    names = names_of(leaf)
    if wanted and not any(matches(wanted, pattern) for pattern in names):
        value = "%s is for %s" % (path, ", ".join(names) or "no DNS name")
        remedy = "openssl x509 -in %s -noout -ext subjectAltName; obtain one with this name, or put the server's certificate first in the file" % path
        yield Finding(CONTROLLER, where, value, "a certificate for %s" % wanted, remedy)


def private_key(where: str, site: Site, path: str, chain: list[x509.Certificate]) -> Iterator[Finding]:
    """The key is readable, has no passphrase, and belongs to the first certificate."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    variable = where + ".private_key_file"
    content = site.read_file(path) if path else None
    if content is None:
        yield Finding(CONTROLLER, variable, path or "not set", "a readable PEM file on the controller", listed(path))
        return
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except TypeError:
        yield Finding(CONTROLLER, variable, path, "a key without passphrase", "openssl pkey -in %s -out plain.key, then name that file" % path)
        return
    except (ValueError, UnsupportedAlgorithm) as error:
        yield Finding(CONTROLLER, variable, path, "a private key in PEM", unreadable("pkey", path, error))
        return
    if public_bytes(key.public_key()) != public_bytes(chain[0].public_key()):
        other = any(public_bytes(key.public_key()) == public_bytes(certificate.public_key()) for certificate in chain[1:])
        first = "put the server's certificate first in the file" if other else "take the key with which the certificate was requested"
        remedy = "%s; openssl pkey -in %s -pubout shows what it belongs to" % (first, path)
        yield Finding(CONTROLLER, variable, path, "the key of the certificate", remedy)


RULES = (certificates,)
