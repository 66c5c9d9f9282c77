# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database of our own has backups, or somebody has said that it has none."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import SITE, Finding, Site

REPOSITORY = "mysql_backup_repository"
NONE = "mysql_backup_accept_none"


def missing(site: Site) -> Iterator[Finding]:
    """Nowhere to put them: without an object store of our own there is no default."""
    view = site.view("mysql")
    # With --limit another layer's hosts are not read, nor is what is set for them.
    if not site.members("mysql") or site.groups.get("minio") or view.text(REPOSITORY) or view.flag(NONE):
        return
    expected = "a repository of restic on another host, such as s3:https://host/bucket, sftp:backup@host:/srv/mysql or rest:https://host:8000/mysql"
    remedy = "set it in group_vars/all.yml, and mysql_backup_environment or mysql_backup_ssh_key for its credentials; to live without backups: %s: true" % NONE
    yield Finding(SITE, REPOSITORY, "not set, and the group minio is empty", expected, remedy)


RULES = (missing,)
