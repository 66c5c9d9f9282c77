# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A repository over SSH on a small disk of another host: it works by the timers' units, and each of its faults is a sentence."""

from __future__ import annotations

import json
import pathlib
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from backup_site import Site
from test_faults import failure, leftovers, planted, swallowed

DISK = "/srv/keep"
TRUSTED = "cat /root/.ssh/known_hosts /root/.ssh/known_hosts2 2>/dev/null || true"
KEY, KNOWN = "/etc/onprem-wandb/mysql-backup/ssh_key", "/etc/onprem-wandb/mysql-backup/ssh_known_hosts"
MAKE = f"""useradd -m keep; mkdir -p {DISK} && mount -t tmpfs -o size=150m tmpfs {DISK} && chown keep: {DISK}
install -d -o keep -m 700 ~keep/.ssh && cat > ~keep/.ssh/authorized_keys && chown keep: ~keep/.ssh/authorized_keys"""


def key(folder: pathlib.Path, name: str) -> tuple[str, str]:
    """A private key and its public one."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    return (folder / name).read_text(encoding="utf-8"), (folder / f"{name}.pub").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def trusted(site: Site) -> dict[str, str]:
    """Which hosts root trusts on each host of the pair, before anything goes over SSH."""
    return {host: site.ssh(host, TRUSTED) for host in ("db1", "db2")}


@pytest.fixture(scope="module")
def far(site: Site, trusted: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site with such a repository; afterwards with its own again."""
    folder, address = tmp_path_factory.mktemp("ssh"), site.addresses["store1"]
    private, public = key(folder, "key")
    given: dict[str, Any] = {"mysql_backup_repository": f"sftp:keep@{address}:{DISK}/mysql", "mysql_backup_ssh_key": private}
    try:
        site.ssh("store1", MAKE, stdin=public)
        given["mysql_backup_ssh_known_hosts"] = "".join(
            f"{address} {line}\n" for line in site.ssh("store1", "cut -d' ' -f1,2 /etc/ssh/ssh_host_*_key.pub").splitlines()
        )
        (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
        site.play(f"-e@{folder}/given.json", "backups")
        yield site
    finally:
        site.play("backups")
        site.ssh("store1", f"umount {DISK}; userdel -rf keep 2>/dev/null; true")


def step(site: Site, host: str, name: str, code: int = 0) -> str:
    """By its unit, as the timer does it."""
    return site.backup(host, "start", name, code=code)


def test_it_begins_with_a_proved_backup_and_goes_on(far: Site, trusted: dict[str, str]) -> None:
    host = far.standby()
    fulls = json.loads(far.backup(host, "status"))["repository"]["fulls"]
    assert fulls[-1]["verified_at"]
    far.fill(far.primary(), 1)
    for name in ("ship", "full", "verify", "expire"):
        step(far, host, name)
        assert failure(far, host, name) == ""
    assert {name: far.ssh(name, TRUSTED) for name in trusted} == trusted  # only the host that the site named


def test_its_disk_is_full(far: Site) -> None:
    host, primary = far.standby(), far.primary()
    with planted(far, "store1", f"dd if=/dev/zero of={DISK}/filler bs=64k 2>/dev/null; true", f"rm -f {DISK}/filler"):
        far.fill(primary, 5)
        for name in ("full", "ship"):
            said = step(far, host, name, code=1)
            assert "most likely it is full. What is there stays as it is. Next: df -h on that host" in said, said
        assert leftovers(far, host) == ""
    for name in ("ship", "full", "verify"):
        step(far, host, name)
        assert failure(far, host, name) == ""


def test_its_host_shows_another_key(far: Site) -> None:
    host = far.standby()
    with planted(far, host, f"cp -a {KNOWN} /root/known && sed -i 's/AAAA/AAAB/' {KNOWN}", f"mv /root/known {KNOWN}"):
        said = step(far, host, "ship", code=1)
    assert "SSH host key that is not known here" in said and "Next: ssh-keyscan <host>, compare it" in said
    step(far, host, "ship")


def test_it_refuses_the_key(far: Site, tmp_path: pathlib.Path) -> None:
    host = far.standby()
    far.ssh(host, "umask 077; cat > /root/other", stdin=key(tmp_path, "other")[0])
    with planted(far, host, f"cp -a {KEY} /root/own && cat /root/other > {KEY}", f"mv /root/own {KEY}; rm /root/other"):
        said = step(far, host, "ship", code=1)
    assert "refuses these credentials" in said and "Permission denied" in said
    step(far, host, "ship")


def test_a_network_that_swallows_everything(far: Site) -> None:
    swallowed(far, 22)
