# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small API client against a real TLS server on 127.0.0.1."""

from __future__ import annotations

import base64
import datetime
import http.server
import ipaddress
import json
import pathlib
import socket
import ssl
import threading
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import api as a


NOW = datetime.datetime.now(datetime.timezone.utc)


class Authority:
    """A CA that signs certificates for 127.0.0.1 and for clients."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.build("ca", self.key, ca=True)

    def build(self, name: str, key: t.Any, ca: bool = False) -> t.Any:
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ca")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("kubernetes")])
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(NOW - datetime.timedelta(hours=1)).not_valid_after(NOW + datetime.timedelta(hours=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True).add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def pair(self, name: str) -> tuple[str, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
        return self.build(name, key).public_bytes(serialization.Encoding.PEM).decode(), plain


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[tuple[str, Authority]]:
    """Answers with what it was asked and by whom."""
    authority = Authority()
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = authority.pair("server")
    (folder / "pair.pem").write_text(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pair.pem")
    context.load_verify_locations(cadata=authority.pem)
    context.verify_mode = ssl.CERT_OPTIONAL

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            peer = t.cast(t.Any, self.connection).getpeercert()
            text = json.dumps({"method": self.command, "path": self.path, "body": body, "who": str(peer), "token": self.headers.get("Authorization"),
                               "type": self.headers.get("Content-Type")})
            if self.path == "/text":
                text = "ok"
            self.send_response(403 if self.path == "/forbidden" else 200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PATCH = answer

        def log_message(self, *_args: t.Any) -> None:
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"https://127.0.0.1:{httpd.server_port}", authority
    httpd.shutdown()
    httpd.server_close()


def kubeconfig(folder: pathlib.Path, server: str, authority: Authority, user: str) -> str:
    data = base64.b64encode(authority.pem.encode()).decode()
    path = folder / "kubeconfig"
    path.write_text(
        f"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {data}\n    server: {server}\n  name: kubernetes\n"
        f"contexts: []\nkind: Config\nusers:\n- name: me\n  user:\n{user}"
    )
    return str(path)


def test_client_certificate_in_the_kubeconfig(tmp_path: pathlib.Path, server: tuple[str, Authority]) -> None:
    certificate, key = (base64.b64encode(text.encode()).decode() for text in server[1].pair("system:node:node1"))
    access = a.load_kubeconfig(kubeconfig(tmp_path, *server, f"    client-certificate-data: {certificate}\n    client-key-data: {key}\n"))
    api = a.Api(access)
    status, body = api.get("/version")
    assert status == 200
    assert "system:node:node1" in body["who"]
    # The second request goes over the same connection, a closed one is made again.
    assert api.get("/text") == (200, "ok")
    api.close()
    assert api.get("/forbidden")[0] == 403


def test_client_certificate_in_a_file_beside_it(tmp_path: pathlib.Path, server: tuple[str, Authority]) -> None:
    (tmp_path / "pair.pem").write_text("".join(server[1].pair("kubelet")))
    access = a.load_kubeconfig(kubeconfig(tmp_path, *server, "    client-certificate: pair.pem\n    client-key: pair.pem\n"))
    assert "kubelet" in a.Api(access).get("/")[1]["who"]


def test_token_and_body(tmp_path: pathlib.Path, server: tuple[str, Authority]) -> None:
    access = a.load_kubeconfig(kubeconfig(tmp_path, *server, "    token: abcdef.0123456789abcdef\n"))
    status, body = a.Api(access).request("PATCH", "/x", {"a": 1}, "application/merge-patch+json")
    assert status == 200
    assert (body["method"], json.loads(body["body"]), body["type"]) == ("PATCH", {"a": 1}, "application/merge-patch+json")
    assert body["token"] == "Bearer abcdef.0123456789abcdef"


def test_another_ca_is_not_trusted(tmp_path: pathlib.Path, server: tuple[str, Authority]) -> None:
    access = a.load_kubeconfig(kubeconfig(tmp_path, server[0], Authority(), "    token: x\n"))
    with pytest.raises(a.Unreachable, match="certificate is not accepted"):
        a.Api(access).get("/version")


def test_the_name_in_the_certificate_counts(tmp_path: pathlib.Path, server: tuple[str, Authority]) -> None:
    access = a.load_kubeconfig(kubeconfig(tmp_path, *server, "    token: x\n"))
    access.server_name = "kubernetes"
    assert a.Api(access).get("/text")[0] == 200
    access.server_name = "elsewhere"
    with pytest.raises(a.Unreachable, match="not accepted"):
        a.Api(access).get("/text")


def test_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(a.Unreachable, match=f"https://127.0.0.1:{port}: connection refused"):
        a.Api(a.Access(f"https://127.0.0.1:{port}")).get("/")


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(a.Unreachable, match="https://nowhere.invalid:6443"):
        a.Api(a.Access("https://nowhere.invalid:6443")).get("/")


@pytest.mark.parametrize(("text", "words"), [
    (None, "cannot be read"),
    ("", "names no https server"),
    ("    server: http://k8s:8080\n", "names no https server"),
    ("    server: https://k8s:6443\n    certificate-authority-data: a\n", "cannot be read"),
])
def test_a_kubeconfig_that_is_none(tmp_path: pathlib.Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "kubeconfig").write_text(text)
    with pytest.raises(a.Unreachable, match=words):
        a.load_kubeconfig(str(tmp_path / "kubeconfig"))


def test_the_first_of_each_field_counts() -> None:
    assert a.kubeconfig_fields("- server: 'https://a:1'\n  server: https://b:2\n  token: \"t\"\n") == {"server": "https://a:1", "token": "t"}
