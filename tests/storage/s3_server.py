# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real server of the MinIO kind on loopback, and the certificates of the tests."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field

from ansible_collections.onprem.wandb.plugins.module_utils._object_store import account
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.server import Server
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOP = pathlib.Path(__file__).resolve().parents[2]
ROOT, PASSWORD = "storageroot", "storagerootpassword"
BUCKET, ORIGIN, NAME = "wandb-files", "https://wandb.storage.test", "s3.storage.test"
SECRET = "abcdefghijklmnopqrstuvwx"
DAY = dt.timedelta(days=1)


def program() -> str:
    """The server's program from the lab's cache; it is built when it is not there."""
    sys.path.insert(0, str(TOP / "lab"))
    from lablib import binaries

    return str(binaries.component("minio") / "minio")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def policy(**changes: list[str]) -> dict[str, object]:
    """The policy of role minio, with other actions where the test says so."""
    text = (TOP / "roles/minio/templates/policy.json.j2").read_text(encoding="utf-8").replace("{{ minio_bucket }}", BUCKET)
    found = json.loads(text)
    without = set(changes.get("without", []))
    for statement in found["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action not in without]
    found["Statement"] += [{"Effect": "Allow", "Action": changes["more"], "Resource": ["arn:aws:s3:::*"]}] if "more" in changes else []
    return found


@dataclass
class Minio:
    """One server with plain http; the tests put TLS before it."""

    directory: pathlib.Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {
            **os.environ, "MINIO_ROOT_USER": ROOT, "MINIO_ROOT_PASSWORD": PASSWORD, "MINIO_SITE_REGION": "us-east-1", "MINIO_BROWSER": "off",
            "MINIO_API_CORS_ALLOW_ORIGIN": ORIGIN, "HOME": str(self.directory),
        }  # fmt: skip
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [program(), "server", "--address", f"127.0.0.1:{self.port}", str(self.directory / "data")], env=environment, stdout=log, stderr=log
            )
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                if urllib.request.urlopen(f"{self.url}/minio/health/ready", timeout=2).status == 200:
                    return
            assert self.process.poll() is None and time.monotonic() < end, (self.directory / "log").read_text(errors="replace")[-2000:]
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)

    def admin(self) -> Server:
        return Server(Endpoint(self.url), ROOT, PASSWORD, "us-east-1")

    def declare(self, access_key: str, name: str, document: dict[str, object], **more: object) -> None:
        """What module minio_account does."""
        server = self.admin()
        wanted = account.Wanted(BUCKET, "us-east-1", access_key, name, document)
        for key, value in more.items():
            setattr(wanted, key, value)
        server.carry_out(account.plan(wanted, server.look(wanted, SECRET, 30)), wanted, SECRET)


# --- certificates ----------------------------------------------------------------------------------------------------------


@dataclass
class Authority:
    """A CA, and what it signs."""

    directory: pathlib.Path
    name: str = "storage tests"

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        self.certificate = self._build(self.subject, self.subject, self.key.public_key(), [], True, -DAY, 30 * DAY, self.key)
        self.file = self.directory / f"{self.name.replace(' ', '-')}.crt"
        self.file.write_bytes(pem(self.certificate))

    def _build(self, subject, issuer, public, names, is_ca, begin, end, signer):
        now = dt.datetime.now(dt.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now + begin).not_valid_after(now + end).add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        usage = x509.KeyUsage(not is_ca, False, False, False, False, is_ca, is_ca, False, False)
        builder = builder.add_extension(usage, critical=True).add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        if signer is not None and issuer != subject:
            builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        if names:
            entries = [name if isinstance(name, x509.IPAddress) else x509.DNSName(name) for name in names]
            builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
        return builder.sign(signer, hashes.SHA256())

    def leaf(self, label: str, names=(NAME,), begin=-DAY, end=20 * DAY, intermediate="", self_signed=False, addresses=()) -> pathlib.Path:
        """Certificate and key in one file. intermediate: "sent" or "missing" from the file."""
        key, chain, issuer, signer = ec.generate_private_key(ec.SECP256R1()), b"", self.subject, self.key
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        names = [*names, *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses)]
        if intermediate:
            middle = ec.generate_private_key(ec.SECP256R1())
            issuer, signer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "middle")]), middle
            between = self._build(issuer, self.subject, middle.public_key(), [], True, -DAY, 30 * DAY, self.key)
            chain = pem(between) if intermediate == "sent" else b""
            root, self.key = self.key, middle
            certificate = self._build(subject, issuer, key.public_key(), names, False, begin, end, signer)
            self.key = root
        elif self_signed:
            certificate = self._build(subject, subject, key.public_key(), names, False, begin, end, key)
        else:
            certificate = self._build(subject, issuer, key.public_key(), names, False, begin, end, signer)
        path = self.directory / f"{label.replace(' ', '-')}.pem"
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(private + pem(certificate) + chain)
        return path


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
