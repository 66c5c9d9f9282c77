# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pair without backups says so."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import backups

OURS = {"kube_control_plane": ["cp1"], "kube_node": ["node1"], "mysql": ["db1", "db2"], "redis": ["store1"], "minio": ["store1"]}
NOWHERE = {**OURS, "minio": []}


def test_nowhere_to_put_them(site, found):
    assert found(backups.missing(site(groups=NOWHERE))) == [("site", backups.REPOSITORY, "problem")]
    (finding,) = backups.missing(site(groups=NOWHERE))
    assert "mysql_backup_accept_none: true" in finding.remedy


@pytest.mark.parametrize("given", [{backups.REPOSITORY: "sftp:keep@elsewhere:/srv/mysql"}, {backups.NONE: True}])
def test_somewhere_or_knowingly_nowhere(site, given):
    assert list(backups.missing(site(given, groups=NOWHERE))) == []


def test_the_sites_own_store_and_an_external_database(site):
    assert list(backups.missing(site(groups=OURS))) == []
    assert list(backups.missing(site(groups={**NOWHERE, "mysql": []}))) == []
