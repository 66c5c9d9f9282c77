# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What role mysql_backup asks of its variables."""

from __future__ import annotations

from collections.abc import Iterator

from .._preflight.model import SITE, Finding
from .buckets import named
from .model import Place, number

REPOSITORY = "mysql_backup_repository"
NONE = "mysql_backup_accept_none"
# variable -> the least, why
LEAST = {"mysql_backup_retention_days": "1 or more", "mysql_backup_keep_min": "1 or more: the last good copy is never removed"}


def missing(place: Place) -> Iterator[Finding]:
    """A database of our own has backups, or somebody has said that it has none. Without an object store of our own there is no default."""
    host = place.host
    # Preflight does not ask for the default, which is the site's own store.
    by_default = not place.empty("minio") and not host.variables.is_supplied(REPOSITORY)
    if by_default or host.text(REPOSITORY) or REPOSITORY in host.variables.errors or place.says(NONE):
        return
    value = "not set, and the group minio is empty" if place.empty("minio") else "empty"
    expected = "a repository of restic on another host, such as s3:https://host/bucket, sftp:backup@host:/srv/mysql or rest:https://host:8000/mysql"
    remedy = (
        "in group_vars/all.yml mysql_backup_repository: <repository>, and mysql_backup_environment or mysql_backup_ssh_key for its credentials; "
        "to live without backups: %s: true" % NONE
    )
    yield Finding(SITE, REPOSITORY, value, expected, remedy)


def ca_file(place: Place) -> Iterator[Finding]:
    """An earlier layer makes it."""
    path = place.host.text("mysql_backup_ca_file") if place.installing else ""
    if path and place.read_file(path) is None:
        expected = "the CA certificates of the repository; there is no such file on the controller"
        yield Finding(place.host.name, "mysql_backup_ca_file", path, expected, "ansible-playbook onprem.wandb.certificates -i <inventory>")


def least(place: Place) -> Iterator[Finding]:
    """What is kept. A value that is no number is the business of the types."""
    for variable, expected in LEAST.items():
        value = number(place.host.variables.get(variable))
        if value is not None and value < 1:
            yield Finding(place.host.name, variable, place.host.text(variable), expected, "%s: 1" % variable)


def bucket(place: Place) -> Iterator[Finding]:
    """In the site's own object store."""
    yield from named(place.host, place.host.name, "mysql_backup_bucket")


RULES = (missing, ca_file, least, bucket)
