# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What role minio_backup asks of its variables, on the one host that mirrors the bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._preflight.model import Finding
from .model import Place

TARGET = "minio_backup_target"
PATH = "minio_backup_target_path"


def target_of(place: Place) -> dict[str, Any]:
    """The second place as its host sees it; empty where nothing is mirrored, and on all other hosts."""
    host = place.host
    target = host.mapping(TARGET)
    return target if target.get("type") and host.text("minio_backup_host", host.name) == host.name else {}


def path(place: Place) -> Iterator[Finding]:
    """Where in the second place."""
    target, value = target_of(place), place.host.text(PATH)
    if target and not value:
        remedy = "in group_vars/all.yml %s: wandb-mirror" % PATH
        yield Finding(place.host.name, PATH, "empty", "the directory or bucket of the second place", remedy)
    elif target.get("type") == "local" and not value.startswith("/"):
        remedy = "in group_vars/all.yml %s: /mnt/mirror/wandb" % PATH
        yield Finding(place.host.name, PATH, value, "the absolute path of a mounted share, as %s is local" % TARGET, remedy)


def second_place(place: Place) -> Iterator[Finding]:
    """A bucket is no mirror of itself."""
    target, endpoint, bucket = target_of(place), place.host.text("minio_backup_endpoint"), place.host.text("minio_backup_bucket")
    if target and endpoint and str(target.get("endpoint") or "") == endpoint and place.host.text(PATH).split("/")[0] == bucket:
        expected = "a second place: that is the bucket itself"
        yield Finding(place.host.name, TARGET, "%s, %s" % (endpoint, bucket), expected, "%s: {type: s3, endpoint: https://<store on other hosts>}" % TARGET)


def known_server(place: Place) -> Iterator[Finding]:
    """rclone would give the files to any server that answers."""
    target = target_of(place)
    if target.get("type") != "sftp" or target.get("known_hosts_file") or place.host.text("minio_backup_ssh_known_hosts").strip():
        return
    expected = "the host keys of the SFTP server: without them rclone would give the files to any server that answers"
    remedy = "ssh-keyscan %s, compare the fingerprint with the one on that host (ssh-keygen -lf), then minio_backup_ssh_known_hosts: <the lines>"
    yield Finding(place.host.name, "minio_backup_ssh_known_hosts", "empty", expected, remedy % (target.get("host") or "<host>"))


def administrator(place: Place) -> Iterator[Finding]:
    """The mirror's user is made by the object store's administrator, whose password an earlier layer has made."""
    if not place.installing or not target_of(place) or place.empty("minio") or place.host.text("__minio_backup_root_password"):
        return
    expected = "the administrator's password of the object store, there or in %s" % place.host.mapping("__minio_backup_store").get("root_password_file")
    yield Finding(place.host.name, "minio_root_password", "not known", expected, "ansible-playbook onprem.wandb.minio -i <inventory>")


RULES = (path, second_place, known_server, administrator)
