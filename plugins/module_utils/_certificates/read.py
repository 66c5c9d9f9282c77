# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading certificates and saying what is wrong with them, in sentences. PRIVATE to the collection.

Runs on the controller, with the library cryptography. Nothing here writes.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import shlex
import ssl
import typing as t
import warnings

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    CRYPTOGRAPHY_ERROR = None
except ImportError as import_error:
    CRYPTOGRAPHY_ERROR = str(import_error)

SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


def split_hosts(hosts: t.Iterable[str]) -> tuple[list[str], list[str]]:
    """Names and addresses of a mixed list, each once; empty entries are dropped."""
    names: list[str] = []
    addresses: list[str] = []
    for host in hosts:
        if not host:
            continue
        try:
            text, target = str(ipaddress.ip_address(host)), addresses
        except ValueError:
            text, target = host.lower(), names
        if text not in target:
            target.append(text)
    return names, addresses


def read(path: str) -> t.Optional[bytes]:
    """Content of a file, None when there is none."""
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except FileNotFoundError:
        return None


def load_chain(data: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM file in their order. Raises ValueError."""
    return x509.load_pem_x509_certificates(data)


def load_key(data: bytes) -> t.Any:
    """An unencrypted private key. Raises ValueError or TypeError."""
    return serialization.load_pem_private_key(data, password=None)


def public_bytes(key: t.Any) -> bytes:
    """A public key in one form, for comparison."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_matches(certificate: x509.Certificate, key: t.Any) -> bool:
    """Whether the certificate was issued for this key."""
    return public_bytes(certificate.public_key()) == public_bytes(key.public_key())


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Name and signature fit."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def subject(certificate: x509.Certificate) -> str:
    """The subject as a person reads it."""
    return certificate.subject.rfc4514_string() or "(no subject)"


def alternative_names(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    """Names and addresses of the certificate."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [], []
    names = [name.lower() for name in extension.get_values_for_type(x509.DNSName)]
    return names, [str(address) for address in extension.get_values_for_type(x509.IPAddress)]


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether the certificate may sign others."""
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def for_clients(certificate: x509.Certificate) -> bool:
    """Whether a client may prove itself with the certificate."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in usages


def for_servers(certificate: x509.Certificate) -> bool:
    """Whether a server may prove itself with the certificate."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.SERVER_AUTH in usages


def weakness(certificate: x509.Certificate) -> str:
    """What today's programs refuse in a certificate, as part of a sentence; empty when nothing."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        return f"has an RSA key of {key.key_size} bits; expected at least 2048"
    digest = certificate.signature_hash_algorithm
    if digest is not None and digest.name in ("md5", "sha1") and certificate.subject != certificate.issuer:
        return f"is signed with {digest.name.upper()}; expected SHA-256 or better"
    return ""


def covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate, possibly *.domain, covers a host name."""
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:] and not name.startswith("*.")
    return pattern == name


def uncovered(certificate: x509.Certificate, hosts: t.Iterable[str]) -> list[str]:
    """The hosts that the certificate is not valid for."""
    names, addresses = split_hosts(hosts)
    have_names, have_addresses = alternative_names(certificate)
    return [name for name in names if not any(covers(have, name) for have in have_names)] + [address for address in addresses if address not in have_addresses]


def days_left(certificate: x509.Certificate, now: dt.datetime) -> float:
    """Days until the certificate ends; negative afterwards."""
    return (certificate.not_valid_after_utc - now).total_seconds() / 86400


def threshold(certificate: x509.Certificate, renew_before: float) -> float:
    """Days before its end at which a certificate is renewed: a third of a short life, so that a week's certificate is not renewed by every run."""
    return min(renew_before, (certificate.not_valid_after_utc - certificate.not_valid_before_utc).total_seconds() / 86400 / 3)


def ends(certificate: x509.Certificate, now: dt.datetime) -> str:
    """When it ends, as part of a sentence."""
    left = days_left(certificate, now)
    if left <= 0:
        return "it has expired"
    return f"it ends in {left:.0f} days" if left >= 2 else f"it ends in {left * 24:.0f} hours"


def due(
    chain_data: t.Optional[bytes],
    key_data: t.Optional[bytes],
    hosts: t.Sequence[str],
    authorities: t.Sequence[x509.Certificate],
    now: dt.datetime,
    renew_before: int,
    client: bool = False,
) -> str:
    """Why a certificate of our own has to be issued, as part of a sentence; empty when it need not be."""
    if chain_data is None or key_data is None:
        return "it does not exist" if chain_data is None else "its key does not exist"
    try:
        certificate = load_chain(chain_data)[0]
        key = load_key(key_data)
    except (ValueError, TypeError) as error:
        return f"it cannot be read ({error})"
    missing = uncovered(certificate, hosts)
    if not key_matches(certificate, key):
        return "its key is another one"
    if find_root(load_chain(chain_data), authorities) is None:
        return "it is not signed by the CA"
    if days_left(certificate, now) <= threshold(certificate, renew_before):
        return ends(certificate, now)
    if missing:
        return f"it is not valid for {', '.join(missing)}"
    return "a client cannot prove itself with it" if client and not for_clients(certificate) else ""


def order_problem(chain: t.Sequence[x509.Certificate], where: str) -> str:
    """A sentence when a chain is not leaf first, each signed by the next."""
    for position, certificate in enumerate(chain[:-1], start=1):
        following = chain[position]
        if issued_by(certificate, following):
            if not is_ca(following):
                return f"{where}: certificate {position + 1} ({subject(following)}) signs another one but is no CA certificate."
            continue
        seen = ", ".join(f"{number}: {subject(item)}" for number, item in enumerate(chain, start=1))
        return (
            f"{where}: certificate {position} ({subject(certificate)}) is not signed by certificate {position + 1}. Seen {seen}; "
            "expected the host's certificate first, then each certificate's issuer."
        )
    return ""


def path_problem(chain: t.Sequence[x509.Certificate], where: str) -> str:
    """A sentence when a CA of the chain may not have so many CAs below it."""
    for position, certificate in enumerate(chain[1:]):
        try:
            limit = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
        except x509.ExtensionNotFound:
            continue
        below = sum(1 for item in chain[1 : position + 1] if item.subject != item.issuer)
        if limit is not None and below > limit:
            return f"{where}: {subject(certificate)} allows {limit} CAs below it and the chain has {below}. Clients refuse it: the CA has to be issued anew."
    return ""


def find_root(chain: t.Sequence[x509.Certificate], anchors: t.Iterable[x509.Certificate]) -> t.Optional[x509.Certificate]:
    """The trusted certificate that ends the chain."""
    last = chain[-1]
    for anchor in anchors:
        if anchor == last or (anchor.subject == last.issuer and issued_by(last, anchor)):
            return anchor
    return None


def trust_path(chain: t.Sequence[x509.Certificate], anchors: t.Sequence[x509.Certificate], now: dt.datetime) -> list[x509.Certificate]:
    """The trusted certificates above a chain, up to a root; empty when none is. Of two of one name and key, as after a renewal, the one that counts today."""
    found: list[x509.Certificate] = []
    while not found or found[-1].subject != found[-1].issuer:
        others = [anchor for anchor in anchors if anchor not in found]
        today = [anchor for anchor in others if anchor.not_valid_before_utc <= now < anchor.not_valid_after_utc]
        above = find_root(found or chain, today) or find_root(found or chain, others)
        if above is None:
            break
        found.append(above)
    return found


def early(certificate: x509.Certificate, now: dt.datetime, path: str) -> str:
    """Sentences about a certificate of our own that counts only later; empty when it counts.

    Nothing is issued then: the clock may be wrong now, and what it dated would end on every host.
    """
    start = certificate.not_valid_before_utc
    if start <= now:
        return ""
    return (
        f"{path} is not valid before {start:%Y-%m-%d %H:%M} UTC and this machine's clock says {now:%Y-%m-%d %H:%M}: it is wrong now, or was when the "
        f"certificate was issued. Nothing was issued. Next: timedatectl status; with a clock that is right, for a new one: mv {shlex.quote(path)} "
        f"{shlex.quote(path + '.early')}"
    )


def system_anchors() -> list[x509.Certificate]:
    """The root certificates this machine trusts."""
    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, paths.openssl_cafile, *SYSTEM_BUNDLES):
        if path and os.path.isfile(path):
            data = read(path) or b""
            found = []
            for block in data.split(b"-----END CERTIFICATE-----"):
                start = block.find(b"-----BEGIN CERTIFICATE-----")
                if start < 0:
                    continue
                try:
                    with warnings.catch_warnings():  # some roots are older than today's rules about serial numbers
                        warnings.simplefilter("ignore")
                        found.append(x509.load_pem_x509_certificate(block[start:] + b"-----END CERTIFICATE-----\n"))
                except ValueError:
                    continue
            return found
    return []


def common_name(hosts: t.Sequence[str], name: str) -> str:
    """The first host name that fits into a subject."""
    names, dummy = split_hosts(hosts)
    return next((host for host in names if len(host) <= 64), name[:64])


def subject_of(text: str) -> x509.Name:
    """A subject with a common name only."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])
