# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Four hosts, one drive each: what the set survives, what is refused, and the mirror. The tests build on each other, in this order."""

from __future__ import annotations

import re
from typing import Any

HOSTS = ("store1", "store2", "store3", "store4")
OTHERS = HOSTS[:3]
TOUCH = "touch /etc/minio/certs/CAs/ca.crt"  # a file that is read at the start, with nothing in it that keeps servers of different age apart
MIRROR = {"minio_backup_target": {"type": "local"}, "minio_backup_target_path": "/mnt/disk4/mirror"}


def changed(output: str) -> list[str]:
    """Hosts for which something changed."""
    return re.findall(r"^(\S+)\s+: ok=\d+\s+changed=[1-9]", output, flags=re.M)


def test_a_host_is_killed_and_reads_and_writes_go_on(lab: Any) -> None:
    with lab.load("store1") as load:
        lab.until(lambda: load.good["write"] > 20, 60, "load before the kill")
        lab.podman("kill", f"{lab.name}-store4")
        before = dict(load.good)
        lab.until(lambda: load.good["write"] > before["write"] + 60 and load.good["read"] > before["read"] + 60, 90, "load after the kill")
    print(f"\none of four hosts killed: {load.words()}")
    assert load.bad == {"write": 0, "read": 0}
    assert load.gap["write"] < 10


def test_no_server_is_restarted_while_the_set_cannot_lose_one(lab: Any) -> None:
    starts = [lab.on(host, f"{TOUCH}; systemctl show -p ExecMainStartTimestampMonotonic minio") for host in OTHERS]
    code, output = lab.play("minio.yml", minio_start_timeout=5, minio_restart_settle=1)
    assert code != 0
    code, output = lab.play("../tests/storage_hosts/restart_rest.yml", minio_start_timeout=5, minio_restart_settle=1)
    assert code != 0
    assert "would lose its quorum without it" in " ".join(output.split())
    assert starts == [lab.on(host, "systemctl show -p ExecMainStartTimestampMonotonic minio") for host in OTHERS]


def test_the_host_returns_and_its_drive_is_healed(lab: Any) -> None:
    client = lab.client("store1", 1)
    client.put_object(Bucket="wandb-files", Key="while-away", Body=b"x" * 300_000)
    lab.podman("start", f"{lab.name}-store4")
    lab.until(lambda: all(lab.healthy(host, maintenance=True) for host in HOSTS), 90, "the set is whole")
    # What was written meanwhile is read back often, which heals it; the server's scanner does the same in its own time.
    find = "ls /mnt/disk1/minio/wandb-files/while-away 2>/dev/null | grep -c xl.meta || true"

    def healed() -> bool:
        client.get_object(Bucket="wandb-files", Key="while-away")["Body"].read()
        return lab.on("store4", find).strip() != "0"

    lab.until(healed, 120, "the object written meanwhile is on the drive that was away")


def test_one_host_after_the_other_while_clients_work(lab: Any) -> None:
    for host in HOSTS:
        lab.on(host, TOUCH)
    with lab.load("s3", attempts=5) as load:
        code, output = lab.play("minio.yml")
    print(f"\nrestart of four hosts, one after the other: {load.words()}")
    assert code == 0, output[-3000:]
    assert sorted(changed(output)) == sorted(HOSTS)
    assert load.bad["read"] + load.bad["write"] <= 0.01 * (load.good["read"] + load.good["write"])
    code, output = lab.play("minio.yml")
    assert (code, changed(output)) == (0, [])


def test_a_setting_restarts_all_at_the_same_time(lab: Any) -> None:
    """Servers of one set refuse each other when their settings differ, so this is a pause, and a short one."""
    with lab.load("s3", attempts=5) as load:
        code, output = lab.play("minio.yml", minio_stale_uploads_expiry="100h")
    print(f"\nrestart of four hosts at the same time: {load.words()}")
    assert code == 0, output[-3000:]
    assert max(load.gap.values()) < 30
    assert "100h" in lab.on("store3", "grep STALE /etc/default/minio")
    assert lab.play("minio.yml")[0] == 0


def test_an_older_release_is_refused(lab: Any) -> None:
    code, output = lab.play("minio.yml", minio_version="0.0.0-20250101000000-aaaaaaaaaaaa")
    assert code != 0
    assert "is older than it" in " ".join(output.split())
    assert changed(output) == []


def test_several_hosts_without_a_common_set_are_refused(lab: Any) -> None:
    code, output = lab.play("minio.yml", minio_volumes=["/var/lib/minio/data"])
    assert code != 0
    assert "each would be an object store of its own" in " ".join(output.split())


def keys(client: Any) -> set[str]:
    return {entry["Key"] for entry in client.list_objects_v2(Bucket="wandb-files").get("Contents") or []}


def test_the_mirror_and_the_way_back(lab: Any) -> None:
    client = lab.client("store1", 5)
    code, output = lab.play("minio_backup.yml", op_run=True, **MIRROR)
    assert code == 0, output[-3000:]
    code, output = lab.play("minio_backup.yml", **MIRROR)
    assert (code, changed(output)) == (0, [])
    kept = keys(client)
    for key in kept:
        client.delete_object(Bucket="wandb-files", Key=key)
    assert keys(client) == set()
    code, output = lab.play("minio_backup.yml", op_run=True, **MIRROR)
    assert code != 0, "a mirror of an empty bucket would remove what is left"
    assert "the mirror may be all that is left" in " ".join(output.split())
    assert lab.play("minio_restore.yml", **MIRROR)[0] != 0, "no restore without the site's name"
    assert keys(client) == set()
    code, output = lab.play("minio_restore.yml", op_confirm="lab", **MIRROR)
    assert code == 0, output[-3000:]
    assert keys(client) == kept
    assert client.get_object(Bucket="wandb-files", Key="while-away")["Body"].read() == b"x" * 300_000
    code, output = lab.play("minio_backup.yml", op_run=True, **MIRROR)
    assert code == 0, output[-3000:]


def test_a_key_is_rotated_and_the_old_one_kept_for_a_day(lab: Any) -> None:
    code, output = lab.play("../tests/storage_hosts/rotate.yml")
    assert code == 0, output[-3000:]
    assert (lab.secrets / "minio_access_key").read_text(encoding="utf-8") == "wandbfiles2"
    lab.client("store1", 1).list_objects_v2(Bucket="wandb-files")
    assert lab.play("minio.yml")[0] == 0
    code, output = lab.play("minio_retire_key.yml")
    assert code != 0
    assert "valid for up to 24 hours" in " ".join(output.split())
    client = lab.client("store1", 1)
    code, output = lab.play("minio_retire_key.yml", op_at_once=True)
    assert code != 0
    assert "W&B cannot be asked which key it has" in " ".join(output.split())
    client.list_objects_v2(Bucket="wandb-files")
    code, output = lab.play("minio_retire_key.yml", op_at_once=True, minio_retire_unasked=True)
    assert code == 0, output[-3000:]
    assert not (lab.secrets / "minio_access_key_previous").exists()
    try:
        client.list_objects_v2(Bucket="wandb-files")
    except client.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidAccessKeyId"
    else:
        raise AssertionError("the old key still opens the bucket")
