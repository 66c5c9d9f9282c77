# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real Redis servers on the loopback, and a PKI with every fault that a site meets."""

from __future__ import annotations

import datetime as dt
import ipaddress
import pathlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from acme import free_port
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from ansible_collections.onprem.wandb.plugins.module_utils._redis import protocol
from ansible_collections.onprem.wandb.plugins.module_utils._redis import probes
from ansible_collections.onprem.wandb.plugins.module_utils._redis import tls as redis_tls
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Prober, findings
from cryptography import x509
from cryptography.hazmat.primitives import hashes

NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
HOSTS = ["redis.test", "127.0.0.1"]
PASSWORD = "Test1234Test1234"
DAY = dt.timedelta(days=1)


class Pki:
    """A root, an intermediate below it, and certificates for a server; files by name in a directory."""

    def __init__(self, work: pathlib.Path) -> None:
        self.work = work
        self.root_key, self.middle_key, self.key = issue.new_key(), issue.new_key(), issue.new_key()
        self.root = self._ca("Corp root", self.root_key, "Corp root", self.root_key, None)
        self.middle = self._ca("Corp issuing CA", self.middle_key, "Corp root", self.root_key, 0)
        other = issue.new_key()
        self.other_root = issue.authority(other, "Another root", NOW, 3650)
        self.write("root.crt", self.root)
        self.write("other.crt", self.other_root)
        (work / "server.key").write_bytes(issue.key_pem(self.key))
        (work / "other.key").write_bytes(issue.key_pem(issue.new_key()))

    @staticmethod
    def _ca(name: str, key: Any, issuer: str, issuer_key: Any, below: int | None) -> x509.Certificate:
        usage = {"digital_signature", "key_cert_sign", "crl_sign"}
        every = "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign encipher_only decipher_only"
        return (
            x509.CertificateBuilder()
            .subject_name(certs.subject_of(name))
            .issuer_name(certs.subject_of(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 900 * DAY)
            .not_valid_after(NOW + 2000 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
            .add_extension(x509.KeyUsage(**{word: word in usage for word in every.split()}), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
            .sign(issuer_key, hashes.SHA256())
        )

    def leaf(self, hosts: Sequence[str] = tuple(HOSTS), start: dt.datetime = NOW, days: int = 90) -> x509.Certificate:
        """Signed by the intermediate."""
        return issue.leaf(self.key, "server", hosts, self.middle, self.middle_key, start, days, False)

    def self_signed(self) -> x509.Certificate:
        """Signed by itself, as a server's installer makes it."""
        name = certs.subject_of("redis.test")
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + 90 * DAY)
        names = x509.SubjectAlternativeName([x509.DNSName("redis.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        return builder.add_extension(names, critical=False).sign(self.key, hashes.SHA256())

    def write(self, name: str, *chain: x509.Certificate) -> str:
        path = self.work / name
        path.write_bytes(issue.pem(*chain))
        return str(path)

    def path(self, name: str) -> str:
        return str(self.work / name)


@contextmanager
def redis(work: pathlib.Path, tls: Sequence[str] = (), *more: str) -> Iterator[int]:
    """A redis-server with these settings (name, value, name, value …) until the end of the block."""
    port = free_port()
    directory = work / f"redis-{port}"
    directory.mkdir()
    listen = ["port", "0", "tls-port", str(port), "tls-auth-clients", "no", *tls] if tls else ["port", str(port)]
    base = ["bind", "127.0.0.1", "dir", str(directory), "save", '""', "appendonly", "no", "maxmemory", "64mb", "maxmemory-policy", "noeviction"]
    settings = [*base, *listen, *more]
    if "requirepass" not in more and "user" not in more:
        settings += ["requirepass", PASSWORD]
    if "cluster-enabled" in more:
        settings += ["cluster-port", str(free_port())]
    lines = [f"{name} {value}" for name, value in zip(settings[::2], settings[1::2])]
    (directory / "redis.conf").write_text("\n".join(lines) + "\n")
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(["redis-server", str(directory / "redis.conf")], stdout=log, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 15
        while not (redis_tls.speaks_plain("127.0.0.1", port, 1) or (tls and b"Ready to accept connections" in (directory / "log").read_bytes())):
            assert process.poll() is None, (directory / "log").read_text()
            assert time.monotonic() < end, (directory / "log").read_text()
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait(10)


def client(port: int, password: str = PASSWORD) -> protocol.Client:
    """A connection that may do everything."""
    made = protocol.Client("127.0.0.1", port, 5)
    made.call("AUTH", password)
    return made


def check(port: int, **params: Any) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What redis_check says: its probes, and the names of those that stand against the server, remarks included."""
    given = {
        "host": "127.0.0.1",
        "port": port,
        "username": "",
        "password": PASSWORD,
        "tls": False,
        "ca_file": None,
        "server_name": "",
        "version": "7",
        "settings": {"maxmemory-policy": "noeviction"},
        "days_left": 14,
        "timeout": 3,
        **params,
    }
    prober = Prober(60, errors=(OSError, protocol.RedisError, ValueError))
    probes.ask(probes.Check(given, False), prober)
    return {probe["name"]: probe for probe in prober.results}, findings(prober.results, strict=True)
