# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a TLS connection to a Redis shows, and sentences for the ways it fails. PRIVATE to the collection.

Nothing but Python: it runs on hosts and pods.
"""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import tempfile
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._redis import protocol

SELF_SIGNED, UNKNOWN_ROOT, NO_ISSUER = 18, 19, 20  # OpenSSL's X509_V_ERR_*
SELF_SIGNED_TEXT = "The server's certificate is self-signed (not signed by any CA)"


def context(ca_file: t.Optional[str]) -> ssl.SSLContext:
    """What a Go program like W&B's demands: a trusted chain, the name, TLS 1.2 or newer."""
    made = ssl.create_default_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)  # newer Pythons are stricter than Go
    if ca_file:
        made.load_verify_locations(ca_file)
    return made


def unverified() -> ssl.SSLContext:
    """Looks at any certificate, by any version of TLS that the library still speaks."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def served(host: str, port: int, timeout: float) -> bytes:
    """The server's own certificate in DER form, unverified. Raises OSError."""
    return served_chain(host, port, timeout)[0][0]


def served_chain(host: str, port: int, timeout: float) -> tuple[list[bytes], bool]:
    """The certificates that a server sends in DER form, its own first, unverified; whether these are all, which a Python before 3.10 does not tell.

    Raises OSError.
    """
    try:
        opened = socket.create_connection((host, port), timeout=timeout)
    except (ValueError, OverflowError) as error:
        raise OSError("%s port %s cannot be an address (%s)" % (host, port, error)) from error
    with opened as plain, unverified().wrap_socket(plain, server_hostname=host) as secure:
        own = secure.getpeercert(binary_form=True) or b""
        chain = getattr(getattr(secure, "_sslobj", None), "get_unverified_chain", None)
        sent = [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain() or ()] if chain is not None else []
        return sent or [own], bool(sent)


def decoded(der: bytes) -> dict[str, t.Any]:
    """A certificate as ssl.getpeercert() would show it if it were trusted; empty where this Python cannot."""
    decode = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    if decode is None or not der:
        return {}
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as handle:
        handle.write(ssl.DER_cert_to_PEM_cert(der))
        handle.flush()
        return dict(decode(handle.name))


def name(entries: t.Any) -> str:
    """A subject or issuer as a person reads it."""
    return ", ".join(f"{key}={value}" for entry in entries or () for key, value in entry)


def sent(host: str, port: int, timeout: float) -> list[dict[str, t.Any]]:
    """The certificates a server sends, its own first, as ssl shows them. Before Python 3.10 its own only. Raises OSError."""
    with socket.create_connection((host, port), timeout=timeout) as plain, unverified().wrap_socket(plain, server_hostname=host) as secure:
        chain = getattr(getattr(secure, "_sslobj", None), "get_unverified_chain", None)
        if chain is not None:
            return [dict(certificate.get_info()) for certificate in chain() or ()]
        return [decoded(secure.getpeercert(binary_form=True) or b"")]


def seen(host: str, port: int, timeout: float) -> dict[str, str]:
    """Evidence about the served certificates."""
    try:
        chain = sent(host, port, timeout)
    except (OSError, ValueError, AttributeError):
        return {}
    certificate = chain[0] if chain else {}
    names = ", ".join(value for dummy, value in certificate.get("subjectAltName", ()))
    found = {"certificates_sent": len(chain), "issuer": name(certificate.get("issuer")), "names": names}
    found.update({"not_before": certificate.get("notBefore"), "not_after": certificate.get("notAfter"), "last_issuer": name((chain or [{}])[-1].get("issuer"))})
    return {key: str(value) for key, value in found.items() if value}


def speaks_plain(host: str, port: int, timeout: float) -> bool:
    """Whether a Redis without TLS answers there."""
    try:
        client = protocol.Client(host, port, timeout)
    except OSError:
        return False
    try:
        client.call("PING")
    except protocol.RedisError:
        return True
    except (OSError, ValueError):
        return False
    finally:
        client.close()
    return True


def speaks_tls(host: str, port: int, timeout: float) -> bool:
    """Whether the port answers a TLS greeting."""
    try:
        return bool(served(host, port, timeout))
    except OSError:
        return False


def days_left(certificate: t.Mapping[str, t.Any], now: dt.datetime) -> int:
    """Whole days until a certificate (as getpeercert shows it) ends."""
    end = dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), dt.timezone.utc)
    return (end - now).days


def remedy(error: ssl.SSLError, expected_name: str, ca_file: t.Optional[str], evidence: t.Mapping[str, str]) -> str:
    """What is wrong with the certificate or the protocol, and what to do."""
    code, text = getattr(error, "verify_code", 0), (getattr(error, "verify_message", "") or str(error)).lower()
    known = f"ca_file={ca_file}" if ca_file else "the system's CAs (no ca_file was given)"
    if "mismatch" in text or "not valid for" in text:
        return f"The certificate is not valid for {expected_name}: issue one with this name (certificates_extra_hosts), or connect by a name it has."
    if "has expired" in text:
        return "The certificate has expired: run the playbook onprem.wandb.certificates and then that of Redis, or provide a new one."
    if "not yet valid" in text:
        return "The certificate is not valid yet: compare the clocks, or wait."
    if code == SELF_SIGNED:
        return f"{SELF_SIGNED_TEXT} and not among {known}: give this very certificate as ca_file, or have it signed by a CA."
    if code == UNKNOWN_ROOT:
        return f"The chain ends at a root that is not among {known}: give the CA's root (wandb_redis_ca_file)."
    if code == NO_ISSUER:
        return (
            f"The server sends no certificate of the issuer {evidence.get('last_issuer', '')!r}, and it is not among {known}: have the server send its "
            "intermediate certificates (tls-cert-file: its own first, then theirs), or give the right CA (wandb_redis_ca_file)."
        )
    if "path length" in text or "invalid ca" in text:
        return "A CA of the chain may not sign another CA (its basic constraints say so): the CA's department has to issue a right one."
    if any(word in text for word in ("protocol version", "protocol_version", "unsupported protocol", "unsupported_protocol")):
        return "The server speaks only versions of TLS before 1.2, which W&B refuses: set tls-protocols to TLSv1.2 TLSv1.3 there."
    return "Look at the server's TLS settings: openssl s_client -connect HOST:PORT"
