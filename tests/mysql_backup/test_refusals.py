# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a restore refuses, before anything changes."""

from __future__ import annotations

import datetime

import pytest
from backup_site import Site

FUTURE = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
BAD = [
    ({"op_confirm": "another", "op_restore_to": "latest"}, "expected: the site's name, lab"),
    ({"op_restore_to": "latest"}, "op_confirm=(not given)"),
    ({"op_confirm": "lab", "op_restore_to": FUTURE}, "which is in the future"),
    ({"op_confirm": "lab", "op_restore_to": "2001-01-01 00:00:00"}, "no full backup is older than that"),
    ({"op_confirm": "lab", "op_restore_to": "yesterday"}, "expected latest, a time in UTC"),
    ({"op_confirm": "lab", "op_restore_to": "00000000-0000-0000-0000-000000000000:1"}, "which no backup holds"),
    ({"op_confirm": "lab", "op_restore_to": "latest", "op_restore_host": "db9"}, "which is not among the hosts of the group mysql that can be reached"),
]


@pytest.mark.parametrize(("given", "said"), BAD)
def test_a_restore_is_refused(site: Site, given: dict[str, str], said: str) -> None:
    before = site.executed("db1")
    output = " ".join(site.play("mysql_restore", code=2, **given).split())
    assert said in output and "Nothing was changed" in output
    assert "changed=1" not in output
    assert site.executed("db1") == before


def test_another_version_is_refused(site: Site) -> None:
    primary = site.primary()
    make = "mkdir -p /tmp/versions/8.0.40/bin && touch /tmp/versions/8.0.40/bin/mysqld"
    site.ssh(primary, make + ' && sed -i.bak \'s#"mysql_dir": .*#"mysql_dir": "/tmp/versions",#\' /etc/onprem-wandb/mysql-backup/config.json')
    try:
        said = site.backup(primary, "plan", "--to", "latest", code=1)
    finally:
        site.ssh(primary, "mv /etc/onprem-wandb/mysql-backup/config.json.bak /etc/onprem-wandb/mysql-backup/config.json; rm -r /tmp/versions")
    assert "The backup is of MySQL" in said and "has 8.0.40" in said


def test_a_running_server_is_not_moved(site: Site) -> None:
    assert "still runs; its data were not touched" in site.backup(site.standby(), "set-aside", code=1)
