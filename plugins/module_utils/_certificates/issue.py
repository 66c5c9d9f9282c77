# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own certificate authority: keys, the CA certificate, the certificates it signs. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt
import ipaddress
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID
except ImportError:
    pass  # said by the module, from read.CRYPTOGRAPHY_ERROR

BACKDATE = dt.timedelta(hours=1)  # a host whose clock is a little behind accepts the certificate at once


def new_key() -> t.Any:
    """ECDSA P-256: the one curve that MySQL, Go programs, OpenSSL, Java and browsers all take, and quick to make."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: t.Any) -> bytes:
    """PKCS#8, not encrypted: services read it at their start."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def pem(*certificates: x509.Certificate) -> bytes:
    """Certificates in PEM form, in the given order."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def _usage(**allowed: bool) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in every})


def authority(key: t.Any, name: str, now: dt.datetime, days: int) -> x509.Certificate:
    """A root certificate. The same key and name give one that old certificates still chain to."""
    public = key.public_key()
    subject = certs.subject_of(name)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def leaf(
    key: t.Any,
    name: str,
    hosts: t.Sequence[str],
    signer: x509.Certificate,
    signer_key: t.Any,
    now: dt.datetime,
    days: int,
    client: bool,
) -> x509.Certificate:
    """A certificate for a service, at most as long valid as its CA."""
    names, addresses = certs.split_hosts(hosts)
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if client else [])]
    general = [x509.DNSName(host) for host in names] + [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    return (
        x509.CertificateBuilder()
        .subject_name(certs.subject_of(certs.common_name(hosts, name)))
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(min(now + dt.timedelta(days=days) - BACKDATE, signer.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(general), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public_key()), critical=False)
        .sign(signer_key, hashes.SHA256())
    )


def signing_request(key: t.Any, hosts: t.Sequence[str]) -> bytes:
    """A request for host names, in PEM form, for another authority to sign."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    return request.add_extension(names, critical=False).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
