# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The mirror of a bucket on another host, by S3 with a CA of its own and by SFTP: made, proved, damaged, and the way back. One host, and a second place."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

BODIES = {
    "plain": b"x" * 300_000, "empty": b"", "artifacts/a b+c%20d.txt": b"names", "media/bild-ä-日本.png": b"\x89PNG" * 500,
    **{f"many/{number:03}": b"%d" % number for number in range(200)},
}  # fmt: skip
PARTS = b"0123456789abcdef" * 1024 * 1024  # 16 MiB, uploaded in parts: no hash of it is anywhere
SFTP_ONLY = 'restrict,command="internal-sftp"'


def one_line(output: str) -> str:
    return " ".join(output.split())


def content(client: Any) -> dict[str, bytes]:
    entries = client.list_objects_v2(Bucket="wandb-files").get("Contents") or []
    return {entry["Key"]: client.get_object(Bucket="wandb-files", Key=entry["Key"])["Body"].read() for entry in entries}


def fill(client: Any) -> dict[str, bytes]:
    for key, body in BODIES.items():
        client.put_object(Bucket="wandb-files", Key=key, Body=body)
    with open("/dev/shm/onprem-parts", "w+b") as source:
        source.write(PARTS)
        source.seek(0)
        client.upload_fileobj(source, "wandb-files", "parts", Config=TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20))
    return {**BODIES, "parts": PARTS}


def s3(second: Any) -> dict[str, Any]:
    """The other server's bucket, with a key that can do nothing else."""
    secret = (second.secrets / "minio_secret_key").read_text(encoding="utf-8").strip()
    target = {"type": "s3", "provider": "Other", "endpoint": f"https://store2.{second.domain}:9000", "access_key_id": "wandbfiles", "secret_access_key": secret}
    trust = str(second.secrets / "certificates/ca-bundle.crt")
    return {"minio_backup_target": target, "minio_backup_target_path": "wandb-mirror", "minio_backup_target_ca_file": trust}


def sftp(second: Any) -> dict[str, Any]:
    """A login of the other host's sshd that can do nothing but sftp."""
    second.on("store2", "id mirror >/dev/null 2>&1 || useradd -m mirror; install -d -o mirror -m 0700 /srv/mirror /home/mirror/.ssh")
    second.on("store1", "test -f /root/mirror-key || ssh-keygen -q -t ed25519 -N '' -f /root/mirror-key")
    public = second.on("store1", "cat /root/mirror-key.pub").strip()
    second.on("store2", f"echo '{SFTP_ONLY} {public}' >/home/mirror/.ssh/authorized_keys; chown mirror /home/mirror/.ssh/authorized_keys")
    host = f"store2.{second.domain}"
    return {
        "minio_backup_target": {"type": "sftp", "host": host, "user": "mirror"}, "minio_backup_target_path": "/srv/mirror/wandb",
        "minio_backup_ssh_key": second.on("store1", "cat /root/mirror-key"), "minio_backup_ssh_known_hosts": host_keys(second, "store2"),
    }  # fmt: skip


def host_keys(second: Any, of: str) -> str:
    """What ssh-keyscan says when it reaches this host under the name of the second place."""
    keys = second.on(of, "cut -d' ' -f1,2 /etc/ssh/ssh_host_*_key.pub").splitlines()
    return "\n".join(f"store2.{second.domain} {key}" for key in keys)


PLACES = {"s3": s3, "sftp": sftp}


def told(site: Any) -> dict[str, Any]:
    return json.loads(site.on("store1", "cat /var/lib/onprem-wandb/minio-backup/status.json"))


def mirror(site: Any, place: dict[str, Any]) -> dict[str, Any]:
    code, output = site.play("minio_backup.yml", op_run=True, **place)
    assert code == 0, output[-3000:]
    for secret in (place["minio_backup_target"].get("secret_access_key"), place.get("minio_backup_ssh_key")):
        assert not secret or secret.strip().splitlines()[-2 if "\n" in secret.strip() else 0] not in output
    return told(site)


def test_check_mode_on_a_bare_site(bare: Any) -> None:
    """No certificates, no server, no secrets: what would be done is told, and nothing is done."""
    place = {"minio_backup_target": {"type": "local"}, "minio_backup_target_path": "/srv/mirror"}
    code, output = bare.play("minio_backup.yml", "--check", "--diff", op_run=True, **place)
    assert code == 0, output[-3000:]
    assert bare.on("store2", "ls -d /usr/local/sbin/minio-backup /etc/onprem-wandb /srv/mirror 2>/dev/null || true") == ""
    assert not list(bare.secrets.glob("certificates/*"))
    code, output = bare.play("minio_backup.yml", **place)
    assert code != 0
    assert "minio_root_password is not known; expected the administrator" in one_line(output)


def test_a_set_of_two_hosts_is_refused(state: Any, bare: Any) -> None:
    both = type(bare)(state, "inventory", site_secrets_dir=str(bare.secrets))
    code, output = both.play("minio.yml", "--check")
    assert code != 0
    assert "a two-node set loses its write quorum" in one_line(output)


@pytest.mark.parametrize("name", PLACES)
def test_the_mirror_is_made_proved_and_brought_back(site: Any, second: Any, name: str) -> None:
    client, place = site.client("store1", 5), PLACES[name](second)
    kept = fill(client)
    began = time.monotonic()
    first = mirror(site, place)
    assert first["objects"] == first["compared"] == first["read_back"] == len(kept)
    assert first["new"] == len(kept)
    code, output = site.play("minio_backup.yml", **place)
    assert (code, " changed=0 " in output) == (0, True), output[-3000:]
    assert mirror(site, place)["new"] == 0
    print(f"\n{name}: {len(kept)} objects mirrored twice in {time.monotonic() - began:.0f} s with the installation, again in {told(site)['seconds']} s")

    # What one object less is: it is moved aside, and comes back from there.
    client.delete_object(Bucket="wandb-files", Key="plain")
    assert mirror(site, place)["moved_aside"] == 1
    day = time.strftime("%Y-%m-%d", time.gmtime())
    code, output = site.play("minio_restore.yml", op_confirm="lab", op_restore_deleted=day, **place)
    assert code == 0, output[-3000:]
    assert mirror(site, place)["objects"] == len(kept)

    # The bucket is lost.
    for key in kept:
        client.delete_object(Bucket="wandb-files", Key=key)
    code, output = site.play("minio_backup.yml", op_run=True, **place)
    assert "the mirror may be all that is left" in one_line(output)
    began = time.monotonic()
    code, output = site.play("minio_restore.yml", "--check", op_confirm="lab", **place)
    assert (code, content(client)) == (0, {}), output[-3000:]
    code, output = site.play("minio_restore.yml", op_confirm="lab", op_restore_prefix="many/1", **place)
    assert (code, set(content(client))) == (0, {key for key in kept if key.startswith("many/1")}), output[-3000:]
    code, output = site.play("minio_restore.yml", op_confirm="lab", **place)
    assert code == 0, output[-3000:]
    print(f"{name}: restored in {time.monotonic() - began:.0f} s")
    assert content(client) == kept


def test_a_damaged_object_of_the_mirror_is_found_and_copied_again(site: Any, second: Any) -> None:
    place, victim = sftp(second), "/srv/mirror/wandb/parts"
    mirror(site, place)
    # Other bytes, the same size and time: only reading shows it.
    second.on("store2", f'seen=$(stat -c %y {victim}); printf X | dd of={victim} bs=1 seek=1000 conv=notrunc status=none; touch -d "$seen" {victim}')
    assert mirror(site, place)["repaired"] == 1
    assert second.on("store2", f"head -c 1001 {victim} | tail -c 1") == chr(PARTS[1000])
    assert mirror(site, place)["repaired"] == 0


def test_a_server_that_is_not_the_one_gets_nothing(site: Any, second: Any) -> None:
    place = sftp(second)
    code, output = site.play("minio_backup.yml", **{**place, "minio_backup_ssh_known_hosts": ""})
    assert code != 0
    assert "would give the files to any server" in one_line(output)
    code, output = site.play("minio_backup.yml", op_run=True, **{**place, "minio_backup_ssh_known_hosts": host_keys(second, "store1")})
    assert code != 0
    assert "knownhosts: key mismatch" in one_line(output)
    code, output = site.play("minio_backup.yml", op_run=True, **{**s3(second), "minio_backup_target_ca_file": ""})
    assert code != 0
    assert "x509" in one_line(output)


def test_roots_of_the_system_are_trusted_beside_the_sites_own(site: Any, second: Any) -> None:
    """A second place at a provider: signed by a public CA, while the bucket's server is signed by the site's."""
    ca = "/usr/local/share/ca-certificates/second-place.crt"
    body = (second.secrets / "certificates/ca.crt").read_text(encoding="utf-8")
    site.on("store1", f"cat >{ca} <<'PEM'\n{body}PEM\nupdate-ca-certificates >/dev/null")
    try:
        mirror(site, {**s3(second), "minio_backup_target_ca_file": ""})
    finally:
        site.on("store1", f"rm {ca}; update-ca-certificates --fresh >/dev/null")
