# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that are really broken, and the sentence for each; the store that issues them."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
import stat

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue, pem
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.files import Unusable
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.store import Store
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.provided import check
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
HOSTS = ("wandb.lab.test", "198.18.0.11")


class Corporate:
    """A root, an intermediate, and a leaf, as an operator's CA department hands them over."""

    def __init__(self) -> None:
        self.root_key, self.middle_key, self.key = issue.new_key(), issue.new_key(), issue.new_key()
        self.root = self.sign_ca("Corp root", key=self.root_key)
        self.middle = self.sign_ca("Corp issuing CA")
        self.leaf = self.make()

    def sign_ca(self, name: str, ca: bool = True, key=None, below=None, until: dt.datetime = NOW + dt.timedelta(days=3650)) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(certs.subject_of(name))
            .issuer_name(certs.subject_of("Corp root"))
            .public_key((key or self.middle_key).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=100))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=below), critical=True)
            .sign(self.root_key, hashes.SHA256())
        )

    def make(self, hosts=HOSTS, days: int = 90, now: dt.datetime = NOW) -> x509.Certificate:
        return issue.leaf(self.key, "leaf", hosts, self.middle, self.middle_key, now, days, False)


@pytest.fixture(scope="module")
def corp() -> Corporate:
    return Corporate()


@pytest.fixture
def give(tmp_path, corp):
    """Write files as an operator would and check them."""

    def write(chain, key=None, ca=(), hosts=HOSTS, required=None, **replaced):
        (tmp_path / "chain.pem").write_bytes(chain if isinstance(chain, bytes) else issue.pem(*chain))
        (tmp_path / "key.pem").write_bytes(key if isinstance(key, bytes) else issue.key_pem(key or corp.key))
        entry = {"certificate_file": str(tmp_path / "chain.pem"), "private_key_file": str(tmp_path / "key.pem")}
        if ca:
            (tmp_path / "ca.pem").write_bytes(issue.pem(*ca))
            entry["ca_file"] = str(tmp_path / "ca.pem")
        entry.update(replaced)
        return check("ingress", entry, hosts, NOW, required)

    return write


def test_a_good_chain_has_no_problem_and_a_root(give, corp):
    result = give([corp.leaf, corp.middle], ca=[corp.root])
    assert result.problems == []
    assert result.trust == [corp.root]


def test_a_chain_with_its_root_is_good_too(give, corp):
    assert give([corp.leaf, corp.middle, corp.root], ca=[corp.root]).problems == []


def test_the_intermediate_may_be_in_the_ca_file(give, corp):
    """Clients then need both: the server sends neither, and an intermediate alone is a root to Go only."""
    result = give([corp.leaf], ca=[corp.middle, corp.root])
    assert (result.problems, result.trust) == ([], [corp.middle, corp.root])
    assert "ends at CN=Corp issuing CA, which is no root. Add its issuer CN=Corp root." in only(give([corp.leaf], ca=[corp.middle]))
    assert "which is no root" in only(give([corp.leaf, corp.middle], ca=[corp.middle]))


def test_a_root_that_has_expired(give, corp):
    """Clients judge the dates of the root, too. A renewed one has the name and the key of the old one."""
    old = corp.sign_ca("Corp root", key=corp.root_key, until=NOW - dt.timedelta(days=1))
    assert "CN=Corp root expired on" in only(give([corp.leaf, corp.middle], ca=[old]))
    result = give([corp.leaf, corp.middle], ca=[old, corp.root])
    assert (result.problems, result.trust) == ([], [corp.root])


def only(result) -> str:
    assert len(result.problems) == 1, result.problems
    return result.problems[0]


def test_wrong_order(give, corp):
    sentence = only(give([corp.leaf, corp.root, corp.middle], ca=[corp.root]))
    assert "is not signed by certificate 2" in sentence
    assert "expected the host's certificate first" in sentence


def test_intermediate_first_names_the_order_and_the_key(give, corp):
    problems = give([corp.middle, corp.leaf], ca=[corp.root]).problems
    assert "certificate 1 (CN=Corp issuing CA) is not signed by certificate 2" in problems[0]
    assert "It belongs to certificate 2 of the file: put that one first" in problems[1]


def test_missing_intermediate(give, corp):
    sentence = only(give([corp.leaf], ca=[corp.root]))
    assert "ends at issuer CN=Corp issuing CA" in sentence
    assert "Add the missing intermediate" in sentence


def test_unknown_root_without_a_ca_file(give, corp):
    sentence = only(give([corp.leaf, corp.middle]))
    assert "does not trust" in sentence
    assert "certificates_provided['ingress']['ca_file']" in sentence


def test_an_issuer_that_is_no_ca(give, corp):
    fake = corp.sign_ca("Corp issuing CA", ca=False)
    leaf = issue.leaf(corp.key, "leaf", HOSTS, fake, corp.middle_key, NOW, 90, False)
    assert "is no CA certificate" in only(give([leaf, fake], ca=[corp.root]))


def test_a_ca_that_may_have_no_ca_below_it(give, corp):
    strict = corp.sign_ca("Corp root", key=corp.root_key, below=0)
    problem = give([corp.leaf, corp.middle], ca=[strict]).problems[0]
    assert "CN=Corp root allows 0 CAs below it and the chain has 1" in problem


def weak_leaf(corp, key=None, usages=(), digest=None):
    builder = (
        x509.CertificateBuilder()
        .subject_name(certs.subject_of("leaf"))
        .issuer_name(corp.middle.subject)
        .public_key((key or corp.key).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOSTS[0]), x509.IPAddress(ipaddress.ip_address(HOSTS[1]))]), critical=False)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.sign(corp.middle_key, digest or hashes.SHA256())


def test_a_certificate_that_programs_of_today_refuse(give, corp):
    short = rsa.generate_private_key(65537, 1024)
    assert "has an RSA key of 1024 bits" in give([weak_leaf(corp, key=short), corp.middle], key=short, ca=[corp.root]).problems[0]
    client = weak_leaf(corp, usages=[x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH])
    assert "may not prove a server" in give([client, corp.middle], ca=[corp.root]).problems[0]


def test_wrong_key(give, corp):
    assert "is not the key of CN=wandb.lab.test" in only(give([corp.leaf, corp.middle], key=issue.new_key(), ca=[corp.root]))


def test_encrypted_key(give, corp):
    locked = corp.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x"))
    assert "is encrypted" in only(give([corp.leaf, corp.middle], key=locked, ca=[corp.root]))


def test_wrong_name_says_which_it_has(give, corp):
    leaf = corp.make(["other.lab.test"])
    sentence = only(give([leaf, corp.middle], ca=[corp.root]))
    assert "is not valid for wandb.lab.test, 198.18.0.11; it has other.lab.test" in sentence


def test_a_public_certificate_needs_only_the_public_name(give, corp):
    leaf = corp.make(["wandb.lab.test"])
    assert give([leaf, corp.middle], ca=[corp.root], required=["wandb.lab.test"]).problems == []
    assert give([leaf, corp.middle], ca=[corp.root], required=[]).problems == []
    assert "is not valid for 198.18.0.11" in only(give([leaf, corp.middle], ca=[corp.root], required=["198.18.0.11"]))
    other = corp.make(["other.lab.test"])
    assert "is valid for none of wandb.lab.test, 198.18.0.11" in only(give([other, corp.middle], ca=[corp.root], required=[]))


def test_expired(give, corp):
    leaf = corp.make(days=10, now=NOW - dt.timedelta(days=30))
    assert "expired on" in only(give([leaf, corp.middle], ca=[corp.root]))


def test_not_yet_valid(give, corp):
    leaf = corp.make(now=NOW + dt.timedelta(days=2))
    assert "is not valid before" in only(give([leaf, corp.middle], ca=[corp.root]))


def test_no_pem_missing_file_and_every_problem_at_once(give):
    result = give(b"hello", key=b"world")
    assert len(result.problems) == 2
    assert "holds no certificate in PEM form" in result.problems[0]
    assert "holds no private key in PEM form" in result.problems[1]
    assert "does not exist" in give(b"hello", certificate_file="/nowhere").problems[0]


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*.lab.test", "wandb.lab.test", True),
        ("*.lab.test", "a.b.lab.test", False),
        ("*.lab.test", "lab.test", False),
        ("wandb.lab.test", "wandb.lab.test", True),
        ("wandb.lab.test", "s3.lab.test", False),
    ],
)
def test_wildcards(pattern, name, expected):
    assert certs.covers(pattern, name) is expected


def test_hosts_are_sorted_into_names_and_addresses():
    assert certs.split_hosts(["Store1", "", "198.18.0.31", "store1", "fd00::1"]) == (["store1"], ["198.18.0.31", "fd00::1"])


# --- the store ---------------------------------------------------------------------------------------------------------------


def fill(directory, now=NOW, hosts=HOSTS, check_mode=False, **options):
    store = Store(str(directory), now, 30, 397, check_mode)
    store.open_authority("Lab CA", 3650)
    return store, store.put_own({"name": "ingress", "hosts": hosts, **options})


def test_first_run_issues_and_the_second_changes_nothing(tmp_path):
    store, result = fill(tmp_path / "c")
    assert result["reason"] == "it does not exist"
    assert stat.S_IMODE(os.stat(tmp_path / "c").st_mode) == 0o700
    assert {name: stat.S_IMODE(os.stat(tmp_path / "c" / name).st_mode) for name in os.listdir(tmp_path / "c")} == {
        "ca.crt": 0o644,
        "ca.key": 0o600,
        "ingress.crt": 0o644,
        "ingress.key": 0o600,
    }
    store, result = fill(tmp_path / "c")
    assert store.changes == []
    assert not result["issued"]


def test_check_mode_writes_nothing(tmp_path):
    store, result = fill(tmp_path / "c", check_mode=True)
    assert result["issued"]
    assert store.changes
    assert not (tmp_path / "c").exists()


def test_what_it_issues_passes_its_own_check_and_that_of_openssl(tmp_path):
    fill(tmp_path)
    entry = {"certificate_file": str(tmp_path / "ingress.crt"), "private_key_file": str(tmp_path / "ingress.key"), "ca_file": str(tmp_path / "ca.crt")}
    assert check("ingress", entry, HOSTS, NOW).problems == []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ingress.crt", tmp_path / "ingress.key")


def test_a_certificate_is_short_and_its_extensions_are_those_of_a_server(tmp_path):
    fill(tmp_path)
    certificate = certs.load_chain((tmp_path / "ingress.crt").read_bytes())[0]
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days <= 397
    assert not certs.is_ca(certificate)
    assert not certs.for_clients(certificate)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: (d / "ingress.crt").unlink(), "it does not exist"),
        (lambda d: (d / "ingress.key").unlink(), "its key does not exist"),
        (lambda d: (d / "ingress.crt").write_text("rubbish"), "it cannot be read"),
        (lambda d: (d / "ingress.key").write_bytes(issue.key_pem(issue.new_key())), "its key is another one"),
        (lambda d: [(d / name).unlink() for name in ("ca.crt", "ca.key")], "it is not signed by the CA"),
    ],
)
def test_what_is_broken_is_issued_again(tmp_path, change, reason):
    fill(tmp_path)
    change(tmp_path)
    dummy, result = fill(tmp_path)
    assert reason in result["reason"]
    assert fill(tmp_path)[1]["reason"] == ""


def test_renewal_new_names_and_clients(tmp_path):
    fill(tmp_path)
    assert fill(tmp_path, now=NOW + dt.timedelta(days=360))[1]["reason"] == ""
    assert fill(tmp_path, now=NOW + dt.timedelta(days=368))[1]["reason"] == "it ends in 29 days"
    assert fill(tmp_path, now=NOW + dt.timedelta(days=368), hosts=[*HOSTS, "new.lab.test"])[1]["reason"] == "it is not valid for new.lab.test"
    assert fill(tmp_path, now=NOW + dt.timedelta(days=368), client=True)[1]["reason"] == "a client cannot prove itself with it"


def test_what_counts_only_later_is_refused_and_not_issued_by_a_clock_that_may_be_wrong(tmp_path):
    fill(tmp_path)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(Unusable, match=r"ca.crt is not valid before .* Next: timedatectl status"):
        fill(tmp_path, now=NOW - dt.timedelta(days=30))
    fill(tmp_path / "later", now=NOW + dt.timedelta(days=60))
    for name in ("ca.crt", "ca.key"):
        (tmp_path / "later" / name).write_bytes(kept[name])
    fill(tmp_path / "later", now=NOW + dt.timedelta(days=60))
    with pytest.raises(Unusable, match=r"ingress.crt is not valid before"):
        fill(tmp_path / "later", now=NOW + dt.timedelta(days=30))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == kept


def test_fewer_names_are_no_reason(tmp_path):
    fill(tmp_path)
    assert fill(tmp_path, hosts=HOSTS[:1])[1]["reason"] == ""


def test_the_ca_key_may_be_elsewhere_until_it_is_needed(tmp_path):
    fill(tmp_path)
    (tmp_path / "ca.key").rename(tmp_path / "safe")
    assert fill(tmp_path)[0].changes == []
    with pytest.raises(Unusable, match=r"ca.key is not there.*not valid for new.lab.test.*Bring it back"):
        fill(tmp_path, hosts=["new.lab.test"])


def test_the_ca_is_signed_again_before_it_ends_and_old_certificates_stay_good(tmp_path):
    fill(tmp_path)
    before = (tmp_path / "ingress.crt").read_bytes()
    old_ca = certs.load_chain((tmp_path / "ca.crt").read_bytes())[0]
    late = NOW + dt.timedelta(days=3650 - 400)
    store = Store(str(tmp_path), late, 30, 397, False)
    store.open_authority("another name is not used", 3650)
    new_ca = certs.load_chain((tmp_path / "ca.crt").read_bytes())[0]
    assert certs.days_left(new_ca, late) > 3600
    assert new_ca.subject == old_ca.subject
    assert certs.issued_by(certs.load_chain(before)[0], new_ca)


def test_a_foreign_or_unreadable_ca_is_not_overwritten(tmp_path):
    fill(tmp_path)
    (tmp_path / "ca.key").write_bytes(issue.key_pem(issue.new_key()))
    with pytest.raises(Unusable, match="is not the key of ca.crt"):
        fill(tmp_path)
    (tmp_path / "ca.crt").write_text("rubbish")
    with pytest.raises(Unusable, match="cannot be read"):
        fill(tmp_path)


def test_a_key_that_others_can_read_is_closed(tmp_path):
    fill(tmp_path)
    os.chmod(tmp_path / "ingress.key", 0o644)
    assert len(fill(tmp_path)[0].changes) == 1
    assert stat.S_IMODE(os.stat(tmp_path / "ingress.key").st_mode) == 0o600


# --- what else a file of the operator may hold ---------------------------------------------------------------------------------

BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize("form", ["all in one", "key first", "byte order mark", "line ends", "text around"])
def test_only_what_was_judged_is_written(tmp_path, give, corp, form):
    """`openssl pkcs12 -nodes` and HAProxy's files hold the key, too; Windows' editors begin with a mark that Go does not take."""
    chain, key = issue.pem(corp.leaf, corp.middle), issue.key_pem(corp.key)
    data = {
        "all in one": (chain + key, chain + key),
        "key first": (key + chain, key + chain),
        "byte order mark": (BOM + chain, BOM + key),
        "line ends": (chain.replace(b"\n", b"\r\n"), key.replace(b"\n", b"\r\n")),
        "text around": (b"Bag Attributes\n    friendlyName: x\n" + chain + b"tail\n", b"Bag Attributes\n" + key),
    }[form]
    given = give(data[0], data[1], ca=[corp.root])
    assert given.problems == []
    store = Store(str(tmp_path / "store"), NOW, 30, 397, False)
    store.put_provided({"name": "ingress"}, given)
    assert (tmp_path / "store/ingress.crt").read_bytes() == chain
    assert (tmp_path / "store/ingress.key").read_bytes() == key
    assert not any(b"PRIVATE" in path.read_bytes() for path in (tmp_path / "store").glob("*.crt"))
    assert not any("PRIVATE" in before + after for before, after in store.changes)
    assert give(data[0], data[1], ca=[corp.root]).chain_data == chain


def test_a_key_that_an_older_version_left_in_the_open_is_gone(tmp_path, give, corp):
    chain, key = issue.pem(corp.leaf, corp.middle), issue.key_pem(corp.key)
    store = Store(str(tmp_path / "store"), NOW, 30, 397, False)
    store.files.put(store.path("ingress.crt"), chain + key, 0o644)
    store.put_provided({"name": "ingress"}, give(chain + key, key, ca=[corp.root]))
    assert b"PRIVATE" not in (tmp_path / "store/ingress.crt").read_bytes()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no block CERTIFICATE"),
        (b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", "no block CERTIFICATE"),
        (b"-----BEGIN CERTIFICATE-----\nMI*B\n-----END CERTIFICATE-----\n", "is damaged"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no ASN.1 sequence"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n", "no block CERTIFICATE"),
    ],
)
def test_a_file_without_good_certificates(data, words):
    with pytest.raises(ValueError, match=words.replace(".", r"\.")):
        pem.certificates(data)


def test_a_key_with_a_passphrase_or_none():
    for text in (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
                 b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n-----END RSA PRIVATE KEY-----\n"):
        with pytest.raises(TypeError):
            pem.private_key(text)
    with pytest.raises(ValueError, match="no block PRIVATE KEY"):
        pem.private_key(b"-----BEGIN EC PARAMETERS-----\nMIIB\n-----END EC PARAMETERS-----\n")


def test_an_old_form_of_key_keeps_it():
    """PKCS#1 and SEC1 stay what they are: only what is around them goes."""
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for key in (rsa_key, issue.new_key()):
        old = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        assert pem.private_key(b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + old) == old
