# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about an HTTP(S) endpoint before anything is asked of it: name, port, certificate, clock. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt
import email.utils
import socket
import ssl
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Endpoint, request
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Prober, Remark

SKEW_NOTICE, SKEW_FAIL = 60, 900


def resolve(endpoint: Endpoint) -> Evidence:
    """Does the name lead anywhere."""
    try:
        found = sorted({str(entry[4][0]) for entry in socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)})
    except OSError as error:
        raise Finding("Make a DNS record for this name; pods, browsers and training machines need it, too.", name=endpoint.host, error=str(error)) from error
    return {"name": endpoint.host, "addresses": found, **({"given": True} if endpoint.connect_to else {})}


def connect(endpoint: Endpoint) -> Evidence:
    """Does anything listen."""
    try:
        socket.create_connection((endpoint.host, endpoint.port), timeout=endpoint.timeout).close()
    except OSError as error:
        raise Finding("Nothing listens there, or a firewall is between. On the host: ss -ltn", port=endpoint.port, error=str(error)) from error
    return {"port": endpoint.port}


def _handshake(endpoint: Endpoint, own_ca: bool) -> dict[str, t.Any]:
    plain = socket.create_connection((endpoint.host, endpoint.port), timeout=endpoint.timeout)
    with plain, endpoint.context(own_ca).wrap_socket(plain, server_hostname=endpoint.host) as secure:
        return {**(secure.getpeercert() or {}), "protocol": secure.version()}


def _name(entries: t.Any) -> str:
    return ", ".join(f"{key}={value}" for entry in entries or () for key, value in entry)


def tls_remedy(text: str, endpoint: Endpoint) -> str:
    """What to do about a refused certificate."""
    if "mismatch" in text or "not valid for" in text:
        return f"The certificate is not for {endpoint.host}: issue one with this name (certificates_extra_hosts), or use the name it has."
    if "expired" in text:
        return "The certificate has expired: run the playbook onprem.wandb.certificates, or provide a new one."
    if "not yet valid" in text:
        return "The certificate is not valid yet: compare the clocks."
    if "self-signed certificate in certificate chain" in text or "self-signed" in text or "unable to get" in text:
        return (
            f"The chain does not end at a CA known here: give its root as ca_file (now {endpoint.ca_file or 'none'}), "
            "or have the server send its intermediates."
        )
    if "WRONG_VERSION_NUMBER" in text or "record layer" in text:
        return "The port does not speak TLS: use http://, or turn TLS on at the server."
    return "Look at the server's TLS settings: openssl s_client -connect HOST:PORT"


def speaks_tls(endpoint: Endpoint) -> bool:
    """Whether the port answers a TLS greeting, whatever its certificate."""
    try:
        _handshake(endpoint, own_ca=False)
    except ssl.SSLCertVerificationError:
        return True
    except OSError:
        return False
    return True


def tls(endpoint: Endpoint) -> Evidence:
    """The certificate, as a client with our CA sees it."""
    if not endpoint.secure:
        if speaks_tls(endpoint):
            raise Finding("The port speaks TLS: use https://.", scheme="http")
        raise Remark("Browsers refuse plain http from a page that came by https: use TLS.", scheme="http")
    try:
        certificate = _handshake(endpoint, own_ca=True)
    except ssl.SSLError as error:
        text = getattr(error, "verify_message", "") or str(error)
        raise Finding(tls_remedy(text, endpoint), name=endpoint.host, error=text) from error
    except OSError as error:
        remedy = "The port does not answer a TLS greeting: is it another service, or http://? A firewall between may also cut it off."
        raise Finding(remedy, port=endpoint.port, error=f"{type(error).__name__}: {error}") from error
    end = dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), dt.timezone.utc)
    evidence = {
        "issuer": _name(certificate.get("issuer")),
        "names": [value for dummy, value in certificate.get("subjectAltName", ())],
        "not_after": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "protocol": certificate["protocol"],
    }
    left = (end - dt.datetime.now(dt.timezone.utc)).days
    if left < 14:
        raise Remark(f"The certificate ends in {left} days: run the playbook onprem.wandb.certificates, or provide a new one.", **evidence)
    return evidence


def tls_public(endpoint: Endpoint) -> Evidence:
    """The certificate, as a client without our CA sees it: a browser, a training machine."""
    if not endpoint.secure:
        return {"scheme": "http"}
    try:
        return {"issuer": _name(_handshake(endpoint, own_ca=False).get("issuer"))}
    except ssl.SSLError as error:
        raise Remark(
            "Clients need the CA: browsers in their trust store, machines with the W&B SDK by export REQUESTS_CA_BUNDLE=FILE SSL_CERT_FILE=FILE.",
            error=getattr(error, "verify_message", "") or str(error),
        ) from error


def clock(endpoint: Endpoint) -> Evidence:
    """Signatures are refused when the clocks differ by more than 15 minutes."""
    answer = request(endpoint, "HEAD", "/")
    date = answer.headers.get("date")
    if not date:
        raise Remark("The server sends no Date header, so its clock is unknown.", **answer.evidence())
    skew = (email.utils.parsedate_to_datetime(date) - dt.datetime.now(dt.timezone.utc)).total_seconds()
    evidence = {"seconds": round(skew), "date": date}
    if abs(skew) > SKEW_FAIL:
        raise Finding("The clocks differ by more than 15 minutes, all signatures are refused: look at chrony on both sides.", **evidence)
    if abs(skew) > SKEW_NOTICE:
        raise Remark("The clocks differ by more than a minute: look at chrony on both sides.", **evidence)
    return evidence


def ask(endpoint: Endpoint, prober: Prober) -> None:
    """All questions in their order."""
    prober.run("resolve", lambda: resolve(endpoint))
    prober.run("connect", lambda: connect(endpoint), needs=["resolve"])
    prober.run("tls", lambda: tls(endpoint), needs=["connect"])
    prober.run("tls_public", lambda: tls_public(endpoint), needs=["tls"])
    prober.run("clock", lambda: clock(endpoint), needs=["tls"])
