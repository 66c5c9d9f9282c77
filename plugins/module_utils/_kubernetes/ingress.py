# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what a browser or the W&B SDK meets on its way in - name, certificate, redirect, large body."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Optional

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.http import Endpoint, HttpError, Response, reason_of, tls_context
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Remark

REDIRECTS = (301, 302, 307, 308)
MEGABYTE = 1024 * 1024


def resolve(host: str) -> list[str]:
    """Addresses of a name, each once. Raises OSError, for what can be no name, too."""
    try:
        return resolved(host)
    except ValueError as error:
        raise socket.gaierror(socket.EAI_NONAME, "it is no name (%s)" % error) from error


def resolved(host: str) -> list[str]:
    """The same, as the library raises it."""
    return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})


def same_addresses(names: list[str]) -> set[str]:
    """Addresses in one spelling; what is none (a host name) is resolved."""
    found = set()
    for name in names:
        try:
            found.add(str(ipaddress.ip_address(name)))
        except ValueError:
            found.update(resolve(name))
    return found


def judge_resolution(host: str, seen: list[str], wanted: set[str]) -> Evidence:
    """RA-23: the name leads to the ingress. A load balancer in front is fine, which is why other addresses are a remark."""
    evidence: Evidence = {"name": host, "addresses": seen, "ingress": sorted(wanted)}
    if wanted and not wanted & set(seen):
        raise Remark("The name leads to none of the ingress addresses: right for a load balancer in front of them, else correct the DNS record.", **evidence)
    return evidence


def end_of(certificate: dict[str, Any]) -> datetime.datetime:
    """When a certificate, as ssl returns it, ends."""
    return datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), datetime.timezone.utc)


def common_name(parts: Any) -> str:
    """The common name, else the last part, of an issuer or subject as ssl returns it."""
    pairs = [pair for part in parts or () for pair in part]
    return str(next((value for key, value in pairs if key == "commonName"), pairs[-1][1] if pairs else ""))


def judge_certificate(certificate: dict[str, Any], now: datetime.datetime, days: int) -> Evidence:
    """What an accepted certificate says about itself: it must not end soon."""
    left = (end_of(certificate) - now).days
    evidence: Evidence = {
        "issuer": common_name(certificate.get("issuer")),
        "names": [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"],
        "days_left": left,
    }
    if left < days:
        raise Finding("Renew it: run the playbook certificates, or provide a new one in certificates_provided.", **evidence)
    return evidence


def judge_redirect(response: Response, host: str) -> Evidence:
    """HTTP answers with a redirect to HTTPS under the same name."""
    location = response.headers.get("location", "")
    evidence: Evidence = {"status": response.status, "location": location}
    if response.status not in REDIRECTS or not location.startswith("https://"):
        raise Finding("Plain HTTP must redirect to HTTPS: passwords and API keys would travel in clear text.", **evidence)
    if location[len("https://") :].split("/")[0].split(":")[0] != host:
        raise Finding("The redirect leads to another host name.", **evidence)
    return evidence


def judge_large_body(response: Response, size: int) -> Evidence:
    """W&B's own check sends 10 MB; an ingress with a body limit answers 413."""
    evidence: Evidence = {"status": response.status, "megabytes": round(size / MEGABYTE, 1)}
    if response.status == 413:
        raise Finding("Something on the way limits the size of a request body: set it to unlimited (nginx: proxy-body-size 0).", **evidence)
    if response.status >= 500:
        raise Finding("The request did not get through to W&B.", **evidence)
    return evidence


def judge_page(response: Response) -> Evidence:
    """What W&B's front page answers does not matter, as long as it is W&B that does: 502 to 504 are the ingress, which found nobody behind it."""
    if response.status >= 500:
        raise Finding(
            "The ingress of this address answers, but has nothing behind it: compare rows EX-02 and EX-24 (pods, network between nodes).",
            status=response.status,
        )
    return {"status": response.status}


def padded_query(size: int) -> bytes:
    """A GraphQL request of the given size that asks for nothing."""
    return json.dumps({"query": "query { __typename }", "variables": {"padding": "x" * size}}).encode()


class Way:
    """Questions about the way in, each asked at every address of the ingress at the same time."""

    def __init__(self, host: str, addresses: list[str], ca_file: Optional[str], ports: tuple[int, int], timeout: float) -> None:
        self.host = host
        self.addresses = addresses or [host]
        self.ca_file = ca_file or None
        self.http_port, self.https_port = ports
        self.timeout = timeout

    def everywhere(self, question: Callable[[str], Evidence]) -> Evidence:
        """One question at all addresses; the first bad answer counts, the evidence names all."""
        with ThreadPoolExecutor(max_workers=min(8, len(self.addresses))) as pool:
            answers = list(pool.map(lambda address: self._ask(question, address), self.addresses))
        bad = [(address, answer) for address, answer in zip(self.addresses, answers) if isinstance(answer, Finding)]
        if bad:
            address, finding = bad[0]
            raise type(finding)(finding.remedy, address=address, **finding.evidence)
        evidence: Evidence = {"addresses": self.addresses}
        evidence.update(answers[0] if isinstance(answers[0], dict) else {})
        return evidence

    def _ask(self, question: Callable[[str], Evidence], address: str) -> Any:
        try:
            return question(address)
        except Finding as finding:
            return finding
        except (OSError, HttpError) as error:
            reason = str(error) if isinstance(error, HttpError) else reason_of(error)
            return Finding("Nothing usable answers there: look at the ingress controller's pods and at firewalls.", error=reason)

    def resolution(self) -> Evidence:
        try:
            seen = resolve(self.host)
        except OSError as error:
            raise Finding("Make a DNS record of the name with the addresses of the ingress (RA-23).", name=self.host, error=reason_of(error)) from error
        return judge_resolution(self.host, seen, same_addresses([item for item in self.addresses if item != self.host]))

    def connected(self, address: str, port: int) -> socket.socket:
        """A connection. Raises OSError, for what can be no address, too."""
        try:
            return socket.create_connection((address, port), timeout=self.timeout)
        except (ValueError, OverflowError) as error:
            raise OSError("%s port %s cannot be an address (%s)" % (address, port, error)) from error

    def handshake(self, address: str, context: ssl.SSLContext) -> dict[str, Any]:
        """The certificate that an address shows under our name; only one that is valid comes back."""
        with self.connected(address, self.https_port) as raw, context.wrap_socket(raw, server_hostname=self.host) as connection:
            return dict(connection.getpeercert() or {})

    def reach(self, address: str) -> Evidence:
        for port in (self.https_port, self.http_port):
            self.connected(address, port).close()
        return {"ports": [self.https_port, self.http_port]}

    def certificate(self, address: str, days: int) -> Evidence:
        try:
            shown = self.handshake(address, tls_context(self.ca_file))
        except ssl.SSLError as error:
            remedy = "The certificate must be valid for the name, in time, and lead to a CA that clients trust."
            raise Finding(remedy, name=self.host, error=reason_of(error)) from error
        return judge_certificate(shown, datetime.datetime.now(datetime.timezone.utc), days)

    def recognised(self, address: str) -> Evidence:
        """RA-28: the same certificate, judged with the system's CAs only."""
        try:
            self.handshake(address, ssl.create_default_context())
        except ssl.SSLError as error:
            remedy = "Machines that run the W&B SDK, and browsers, need the CA: REQUESTS_CA_BUNDLE and SSL_CERT_FILE."
            raise Remark(remedy, ca_file=self.ca_file, error=reason_of(error)) from error
        return {"trusted": "by the CAs of the system"}

    def redirect(self, address: str) -> Evidence:
        endpoint = Endpoint(address, self.http_port, self.host, None, self.timeout)
        try:
            return judge_redirect(endpoint.request("GET", "/"), self.host)
        finally:
            endpoint.close()

    def page(self, address: str) -> Evidence:
        """W&B's front page by way of one address: the ingress there has to get to a pod, which may be on another node. Certificates are another question."""
        endpoint = Endpoint(address, self.https_port, self.host, tls_context(verify=False), self.timeout)
        try:
            return judge_page(endpoint.request("GET", "/"))
        except HttpError as error:
            remedy = "The ingress of this address takes connections, but nothing comes from behind it: compare row EX-24 (network between the nodes)."
            raise Finding(remedy, error=str(error)) from error
        finally:
            endpoint.close()

    def large_body(self, address: str, size: int) -> Evidence:
        endpoint = Endpoint(address, self.https_port, self.host, tls_context(self.ca_file), max(self.timeout, 30.0))
        try:
            return judge_large_body(endpoint.request("POST", "/graphql", {"Content-Type": "application/json"}, padded_query(size)), size)
        finally:
            endpoint.close()
