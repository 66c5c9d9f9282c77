# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One host with four drives, under load: a drive dies and is replaced, the drives are full, the host dies, the host is lost with its drives."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import health as object_store_health
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.server import Server, Unreachable
from botocore.exceptions import ClientError
from conftest import DRIVE, DRIVES
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from test_second_place import content, fill, mirror, one_line, sftp


# The unit's sandbox holds the directories on its own, so the drive goes there, too; and a new one is seen at the next start only.
GONE = "nsenter -m -t $(systemctl show -p MainPID --value minio) umount -l /mnt/disk2/minio /mnt/disk2; umount -l /mnt/disk2"


def health(site: Any) -> dict[str, Any]:
    """What row EX-17 of verify.yml reads; empty while the server does not answer."""
    endpoint = Endpoint(f"https://store1.{site.domain}:9000", "", str(site.secrets / "certificates/ca-bundle.crt"))
    password = (site.secrets / "minio_root_password").read_text(encoding="utf-8").strip()
    try:
        found = Server(endpoint, "wandbroot", password, "us-east-1").health("wandb-files")
    except (Unreachable, OSError):
        return {}
    return object_store_health.summary(json.loads(found[0]), found[1], "wandb-files")


def whole(site: Any) -> bool:
    seen = health(site)
    return bool(seen) and not seen["drives_away"] and not seen["healing"] and seen["drives"] == 4


def test_a_drive_dies_and_another_takes_its_place(site: Any) -> None:
    client = site.client("store1", 1)
    client.put_object(Bucket="wandb-files", Key="before", Body=b"b" * 300_000)
    with site.load("store1") as load:
        site.until(lambda: load.good["write"] > 20, 60, "load before")
        site.on("store1", GONE)
        before = dict(load.good)
        site.until(lambda: all(load.good[kind] > before[kind] + 60 for kind in before), 90, "load after")
        site.until(lambda: health(site).get("drives_away"), 60, "the drive that is away is named")
        away = health(site)["drives_away"]
    print(f"\none drive of four away ({away}): {load.words()}")
    assert "disk2" in str(away)
    assert sum(load.bad.values()) == 0
    began = time.monotonic()
    site.on("store1", f"{DRIVE} /mnt/disk2")
    code, output = site.play("minio.yml")
    assert code == 0, output[-3000:]
    site.on("store1", "systemctl restart minio")
    site.until(lambda: whole(site), 180, "the new drive is whole")
    print(f"whole {time.monotonic() - began:.0f} s after another drive was mounted")
    # What was there before is healed onto it.
    site.until(lambda: site.on("store1", "ls /mnt/disk2/minio/wandb-files/before/xl.meta 2>/dev/null || true") != "", 120, "the object on the new drive")


def test_full_drives_refuse_and_room_brings_them_back(site: Any) -> None:
    client = site.client("store1", 1)
    client.put_object(Bucket="wandb-files", Key="kept", Body=b"k" * 1000)
    site.on("store1", "for n in 1 2 3 4; do dd if=/dev/zero of=/mnt/disk$n/filler bs=1M status=none || true; done")
    try:
        with pytest.raises(ClientError) as refused:
            client.put_object(Bucket="wandb-files", Key="more", Body=b"m" * 2_000_000)
        assert refused.value.response["Error"]["Code"] == "XMinioStorageFull"
        assert client.get_object(Bucket="wandb-files", Key="kept")["Body"].read() == b"k" * 1000
        code, output = site.play("storage_check.yml", bucket_check_secrets_dir=str(site.secrets))
        assert code != 0
        assert "The server's disks are full" in one_line(output)
        assert health(site)["used_percent"] > 99
    finally:
        site.on("store1", "rm -f /mnt/disk?/filler")
    began = time.monotonic()
    site.until(lambda: writes(client), 60, "writes")
    print(f"\nfull drives: writes {time.monotonic() - began:.1f} s after there was room")


def writes(client: Any) -> bool:
    try:
        client.put_object(Bucket="wandb-files", Key="more", Body=b"m" * 2_000_000)
    except ClientError:
        return False
    return True


def test_a_restart_and_the_death_of_the_process(site: Any) -> None:
    """A setting, a release and a crash are the same pause on one host."""
    with site.load("store1", attempts=1) as load:
        site.until(lambda: load.good["write"] > 20, 60, "load before")
        code, output = site.play("minio.yml", minio_stale_uploads_expiry="100h")
        assert code == 0, output[-3000:]
    print(f"\nrestart by another setting: {load.words()}")
    assert max(load.gap.values()) < 30
    with site.load("store1", attempts=1) as load:
        site.until(lambda: load.good["write"] > 20, 60, "load before")
        site.on("store1", "systemctl kill -s KILL minio.service")
        before = dict(load.good)
        site.until(lambda: all(load.good[kind] > before[kind] + 60 for kind in before), 90, "load after")
    print(f"process killed: {load.words()}")
    assert max(load.gap.values()) < 30


def expired(site: Any) -> None:
    """The certificate that is there, from the same CA and for the same names, with an end two days ago."""
    folder = site.secrets / "certificates"
    old = x509.load_pem_x509_certificate((folder / "minio.crt").read_bytes())
    ca = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    now = dt.datetime.now(dt.timezone.utc)
    builder = x509.CertificateBuilder(old.issuer, old.subject, old.public_key(), old.serial_number + 1, now - dt.timedelta(9), now - dt.timedelta(2))
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    (folder / "minio.crt").write_bytes(builder.sign(ca, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def test_a_certificate_has_expired(site: Any) -> None:
    expired(site)
    code, output = site.play("minio.yml")
    assert code != 0, "the server serves it, and nobody can use it"
    assert "expired" in one_line(output)
    began = time.monotonic()
    for playbook in ("certificates.yml", "minio.yml"):
        code, output = site.play(playbook)
        assert code == 0, output[-3000:]
    print(f"\ncertificate expired: {time.monotonic() - began:.0f} s until it is another")
    site.client("store1", 1).list_objects_v2(Bucket="wandb-files")


def test_the_host_is_lost_with_its_drives(site: Any, second: Any) -> None:
    """A new host under the old name, and the mirror: the playbooks of a first day, then minio_restore."""
    place = sftp(second)
    kept = fill(site.client("store1", 5))
    mirror(site, place)
    began = time.monotonic()
    site.on("store1", "systemctl stop minio minio-backup.timer")
    site.on("store1", "rm -rf /etc/minio /etc/default/minio /etc/onprem-wandb /var/lib/onprem-wandb /usr/local/bin/minio*")
    site.on("store1", f"for n in {DRIVES}; do umount -l /mnt/disk$n; {DRIVE} /mnt/disk$n; done")
    for playbook in ("hosts.yml", "minio.yml", "minio_backup.yml"):
        code, output = site.play(playbook, **place)
        assert code == 0, output[-3000:]
    assert content(site.client("store1", 5)) == {}
    code, output = site.play("minio_restore.yml", op_confirm="lab", **place)
    assert code == 0, output[-3000:]
    print(f"\nhost lost: served again with all objects after {time.monotonic() - began:.0f} s")
    restored = content(site.client("store1", 5))
    assert {key: restored.get(key) for key in kept} == kept
