# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pair in a state in which nothing may be done: what the playbooks say, that nothing changes, and the way out."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ledger import byhand, look
from ledger.pair import Done, LedgerError, Pair, wait_for
from ledger.scene import Scene, scene

CERTIFICATE = "/etc/onprem-wandb/mysql/server.pem"
SMALL = "/var/lib/mysql"


def said(done: Done) -> str:
    """The messages, in one line: the output is folded."""
    assert done.code != 0, f"expected a refusal:\n{done.tail()}"
    return " ".join(done.output.split())


def administered(pair: Pair, host: str) -> dict[str, int]:
    """Statements by event name but for those of the application."""
    return {name: times for name, times in byhand.changing_statements(pair, host).items() if not name.endswith(("/insert", "/update", "/insert_select"))}


@pytest.mark.parametrize("name", ["mysql", "mysql_switchover", "mysql_rejoin", "mysql_undegrade"])
def test_two_writable_servers(pair: Pair, tmp_path: pathlib.Path, name: str) -> None:
    with scene(pair, tmp_path) as on:
        byhand.open_up(pair, on.standby)
        before = administered(pair, on.standby)
        text = said(pair.playbook(name, check=False))
        after = administered(pair, on.standby)
        pair.sql(on.standby, "SET GLOBAL super_read_only = ON")
    assert "both writable: split brain. Nothing was changed. Next:" in text
    assert after == before


def test_a_standby_with_transactions_of_its_own(pair: Pair, tmp_path: pathlib.Path) -> None:
    with scene(pair, tmp_path) as on:
        pair.sql(on.standby, "SET GLOBAL super_read_only = OFF; CREATE DATABASE stray; SET GLOBAL super_read_only = ON")
        errant = on.identity(on.standby)
        for name in ("mysql", "mysql_switchover", "mysql_rejoin"):
            assert errant in said(pair.playbook(name, check=False)), name
        pair.playbook("mysql_rejoin", op_accept_data_loss=pair.site)
        kept = pair.on(on.standby, "cat $(ls -t /var/lib/onprem-wandb/mysql-errant/*.sql | head -1)")
        assert not on.problems()
        assert pair.sql(on.standby, "SHOW DATABASES LIKE 'stray'") == []
    assert "CREATE DATABASE stray" in kept


def test_a_wrong_replication_password(pair: Pair, tmp_path: pathlib.Path) -> None:
    with scene(pair, tmp_path) as on:
        done = pair.playbook("mysql", check=False, words=["--limit", on.standby], mysql_replication_password="Wr0ngPassw0rd")
        text = said(done)
        on.flows()
        assert not on.problems()
    assert "cannot be asked" in text or "Access denied" in text
    assert "Wr0ngPassw0rd" not in done.output


def test_an_expired_certificate_is_not_even_loaded(pair: Pair, tmp_path: pathlib.Path) -> None:
    with scene(pair, tmp_path) as on, in_place_of_its_own(on, tmp_path, certificate(until=timedelta(days=-1))):
        with pytest.raises(LedgerError, match="Invalid certificates"):
            pair.sql(on.primary, "ALTER INSTANCE RELOAD TLS")
        pair.playbook("mysql")
        on.flows()


def test_a_certificate_of_somebody_else(pair: Pair, tmp_path: pathlib.Path) -> None:
    """The standby refuses it, so commits wait; the role puts the site's own back, and they go on."""
    with scene(pair, tmp_path) as on, in_place_of_its_own(on, tmp_path, certificate(until=timedelta(days=9))):
        pair.sql(on.primary, "ALTER INSTANCE RELOAD TLS")
        pair.sql(on.standby, "STOP REPLICA IO_THREAD; START REPLICA IO_THREAD")
        wait_for("an error of the receiver", 30, lambda: "" if "CONNECTING" in receiver(on) else receiver(on))
        text = said(pair.playbook("mysql_switchover", check=False))
        pair.playbook("mysql")
        look.wait_guarded(pair, on.primary)
        on.flows()
        assert not on.problems()
    assert f"the receiver of {on.standby} is CONNECTING" in text


@contextmanager
def in_place_of_its_own(on: Scene, directory: pathlib.Path, pem: bytes) -> Iterator[None]:
    """Another certificate for the primary. Its own comes back in any case: the next test begins with a pair that can be made whole."""
    pair, host = on.pair, on.primary
    (directory / "pem").write_bytes(pem)
    pair.podman("cp", f"{directory}/pem", f"{pair.containers[host]}:/root/strange.pem")
    try:
        pair.on(host, f"cp {CERTIFICATE} /root/own.pem; cat /root/strange.pem > {CERTIFICATE}")
        yield
    finally:
        pair.on(host, f"cat /root/own.pem > {CERTIFICATE}; rm /root/own.pem /root/strange.pem")
        pair.sql(host, "ALTER INSTANCE RELOAD TLS")


def certificate(until: timedelta) -> bytes:
    """Key and certificate that no CA of the site signed, valid for eighteen days until so long from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    end = datetime.now(UTC) + until
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = made.not_valid_before(end - timedelta(days=18)).not_valid_after(end).sign(key, hashes.SHA256())
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signed.public_bytes(serialization.Encoding.PEM) + plain


def receiver(on: Scene) -> str:
    rows = on.pair.sql(on.standby, "SELECT SERVICE_STATE FROM performance_schema.replication_connection_status")
    return rows[0][0] if rows else "no channel"


def test_a_disk_that_is_too_small_for_the_copy(pair: Pair, tmp_path: pathlib.Path) -> None:
    """CLONE says so, the primary serves on, and with room the next run makes the pair whole."""
    with scene(pair, tmp_path) as on:
        pair.playbook("mysql_degrade", op_confirm=pair.site, op_reason="new disk")
        pair.sql(on.primary, "CREATE DATABASE IF NOT EXISTS bulk; CREATE TABLE IF NOT EXISTS bulk.b (id INT PRIMARY KEY AUTO_INCREMENT, b LONGBLOB)")
        for _row in range(12):
            pair.sql(on.primary, "INSERT INTO bulk.b (b) VALUES (RANDOM_BYTES(1024)); UPDATE bulk.b SET b = REPEAT(b, 16384) WHERE LENGTH(b) < 2000")
        pair.on(on.standby, f"systemctl stop mysqld && mount -t tmpfs -o size=420m,uid=$(id -u mysql),gid=$(id -g mysql),mode=750 tmpfs {SMALL}")
        try:
            pair.on(on.standby, "systemctl start mysqld", timeout=120)
            text = said(pair.playbook("mysql_rejoin", check=False))
            on.flows()
        finally:
            pair.on(on.standby, f"systemctl stop mysqld; umount {SMALL}; systemctl start mysqld", timeout=120)
        pair.playbook("mysql_rejoin")
        pair.sql(on.primary, "DROP DATABASE bulk")
        assert not on.problems()
    assert "CLONE" in text
    assert "space" in text or "full" in text or "28" in text, text[-1500:]


def test_a_full_disk_of_the_primary(pair: Pair, tmp_path: pathlib.Path) -> None:
    """Commits wait; with room they go on; nothing is lost."""
    with scene(pair, tmp_path) as on:
        small = on.standby
        pair.playbook("mysql_degrade", op_confirm=pair.site, op_reason="small disk")
        pair.on(small, f"systemctl stop mysqld && mount -t tmpfs -o size=700m,uid=$(id -u mysql),gid=$(id -g mysql),mode=750 tmpfs {SMALL}")
        try:
            pair.on(small, "systemctl start mysqld", timeout=120)
            pair.playbook("mysql_rejoin")
            pair.playbook("mysql_switchover", op_target=small)
            on.flows()
            pair.on(small, f"dd if=/dev/zero of={SMALL}/filler bs=1M 2>/dev/null; true")
            on.pass_time(5)
            status = pair.playbook("mysql_status").output
            pair.on(small, f"rm {SMALL}/filler")
            on.flows(seconds=120)
            assert not on.problems()
            pair.playbook("mysql_switchover", op_target=pair.other(small))
            pair.playbook("mysql_degrade", op_confirm=pair.site, op_reason="old disk again")
        finally:
            pair.on(small, f"systemctl stop mysqld; umount {SMALL}; systemctl start mysqld", check=False, timeout=120)
        pair.playbook("mysql_rejoin", op_accept_data_loss=pair.site)
        assert not on.problems()
    assert "its disk is full" in status or "disk /var/lib/mysql/: 0 of" in status, status[-2000:]
