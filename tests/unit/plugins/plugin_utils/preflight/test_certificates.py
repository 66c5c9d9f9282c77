# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Provided certificates, made here with a throw-away CA."""

from __future__ import annotations

import datetime
import pathlib

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import certificates
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.timezone.utc)


def make_key():
    return ec.generate_private_key(ec.SECP256R1())


KEY = make_key()
CA_KEY = make_key()
CA_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])


def make_certificate(key, names=("wandb.example.com",), start=-DAY, end=90 * DAY, authority=False):
    name = CA_NAME if authority else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(CA_NAME).public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(NOW + start).not_valid_after(NOW + end)
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(item) for item in names]), critical=False)
    return builder.sign(CA_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def pem(key, password=None):
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


ROOT = make_certificate(CA_KEY, names=(), end=900 * DAY, authority=True)


@pytest.fixture
def judge(site, tmp_path):
    """Put the pair into files and judge it."""

    def run(certificate, key, name="ingress", supplied=None, root=ROOT):
        entry = {}
        for field, content in (("certificate_file", certificate), ("private_key_file", key), ("ca_file", root)):
            path = tmp_path / field
            path.unlink(missing_ok=True)
            if content is not None:
                path.write_bytes(content)
            entry[field] = str(path)
        if root is None:
            del entry["ca_file"]

        def read(path):
            return pathlib.Path(path).read_bytes() if pathlib.Path(path).exists() else None

        built = site({**(supplied or {}), "certificates_provided": {name: entry}})
        built.read_file = read
        return list(certificates.certificates(built))

    return run


def test_a_good_pair(judge):
    assert judge(make_certificate(KEY), pem(KEY)) == []
    assert judge(make_certificate(KEY, names=("*.example.com",)), pem(KEY)) == []


def test_nothing_provided(site):
    assert not list(certificates.certificates(site()))


def test_a_root_that_nobody_trusts(judge):
    (finding,) = judge(make_certificate(KEY), pem(KEY), root=None)
    assert "does not trust" in finding.remedy


def test_a_certificate_that_nothing_asks_for(judge):
    (finding,) = judge(make_certificate(KEY), pem(KEY), name="ingres")
    assert "nothing asks" in finding.remedy


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (make_certificate(KEY, start=-90 * DAY, end=-DAY), "expired"),
        (make_certificate(KEY, start=DAY), "valid from"),
        (make_certificate(KEY, names=("other.example.com",)), "is for other.example.com"),
        (make_certificate(KEY, names=("*.wandb.example.com", "example.com")), "is for"),
        (make_certificate(KEY, names=()), "no DNS name"),
    ],
)
def test_certificates_that_will_not_do(judge, certificate, words):
    (finding,) = judge(certificate, pem(KEY))
    assert words in finding.value and finding.severity == "problem"


def test_a_certificate_about_to_expire_is_a_warning(judge):
    (finding,) = judge(make_certificate(KEY, end=10 * DAY), pem(KEY))
    assert finding.severity == "warning"


def test_unreadable_and_broken_files(judge):
    assert {item.variable for item in judge(None, None)} == {"certificates_provided.ingress.certificate_file"}
    assert "not a certificate" in judge(b"fish", pem(KEY))[0].remedy
    assert judge(make_certificate(KEY), None)[0].variable.endswith("private_key_file")
    assert "not a private key" in judge(make_certificate(KEY), b"fish")[0].remedy


def test_key_of_another_certificate(judge):
    assert judge(make_certificate(KEY), pem(make_key()))[0].expected == "the key of the certificate"


def test_key_with_a_passphrase(judge):
    assert judge(make_certificate(KEY), pem(KEY, b"secret"))[0].expected == "a key without passphrase"


def test_chain_in_the_wrong_order(judge):
    findings = judge(ROOT + make_certificate(KEY), pem(KEY))
    assert [item.remedy for item in findings][-1].startswith("put the server's certificate first in the file; openssl pkey -in ")


def test_minio_name_follows_wandbs(judge):
    good = make_certificate(KEY, names=("s3.example.com", "store1", "store1.example.com"))
    assert not [item for item in judge(good, pem(KEY), "minio", {"minio_fqdn": ...}) if "s3.example.com" in item.expected]
    bad = make_certificate(KEY, names=("wandb.example.com",))
    assert judge(bad, pem(KEY), "minio", {"minio_fqdn": ...})[0].expected == "a certificate for s3.example.com"


def test_a_further_name_of_wandb_that_is_not_covered(judge):
    further = {"wandb_additional_hosts": ["ml.corp.example.com"]}
    assert any("ml.corp.example.com" in finding.remedy for finding in judge(make_certificate(KEY), pem(KEY), supplied=further))
    assert not judge(make_certificate(KEY, names=("wandb.example.com", "*.corp.example.com")), pem(KEY), supplied=further)
