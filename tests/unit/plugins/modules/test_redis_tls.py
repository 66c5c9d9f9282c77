# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that was broken off between the files and the reload is finished by the next one, also when only the intermediates are others."""

from __future__ import annotations

import contextlib
import datetime as dt
import pathlib
import socket
import ssl
import threading
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.modules import redis_tls
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def certificate(name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey) -> bytes:
    """One in PEM form."""
    subject, by = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (name, issuer))
    now = dt.datetime.now(dt.timezone.utc)
    builder = x509.CertificateBuilder(by, subject, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(days=1))
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@contextlib.contextmanager
def server(chain: pathlib.Path, key: pathlib.Path) -> t.Iterator[int]:
    """Its port; whoever connects gets the certificates, and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as secure:
                        secure.recv(1)

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("served", "declared", "good"),
    [
        ("own middle", "own middle", True),
        ("own", "own", True),
        ("own", "own middle", False),
        ("own middle", "own other", False),
        ("other", "own", False),
        # Redis adds what it finds in its CA file where its own file has nothing but its certificate.
        ("own middle", "own", True),
    ],
)
def test_intermediates_are_compared_too(served: str, declared: str, good: bool, tmp_path: pathlib.Path) -> None:
    key, ca = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    made = {name: certificate(name, key if name == "own" else ca, "root", ca) for name in ("own", "middle")}
    made["other"] = certificate("other", key, "root", ca)
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key").write_bytes(key.private_bytes(*pem))
    for name, parts in (("served", served), ("declared", declared)):
        (tmp_path / name).write_bytes(b"".join(made[part] for part in parts.split()))
    with server(tmp_path / "served", tmp_path / "key") as port:
        wanted = redis_tls.in_file(str(tmp_path / "declared"))
        assert redis_tls.shows({"host": "127.0.0.1", "port": port, "timeout": 5}, wanted) == good


def test_a_file_without_a_certificate(tmp_path: pathlib.Path) -> None:
    (tmp_path / "x").write_text("no certificate")
    with pytest.raises(ValueError, match="it holds no certificate"):
        redis_tls.in_file(str(tmp_path / "x"))
