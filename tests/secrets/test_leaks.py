# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The data tier is installed, changed and reset with -vvv and --diff; no secret may be seen anywhere but in its own file, and the hosts are bare at the end.

From a machine that does not have the site's secrets, check mode writes none, and hosts that serve get no others. The tests of this file go in their order.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from watch import CommandLines, forms, leaks

TOP = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOKS = ("certificates", "hosts", "mysql", "redis", "minio", "backups", "minio_backup")
EXPECTED = {"mysql_app_password", "redis_password", "redis_admin_password", "minio_root_password", "certificates/ca.key", "certificates/redis.key"}
LAYERS = ("certificates", "mysql", "redis", "minio")  # those that make secrets
NEAR = {"minio_backup_target": {"type": "local"}, "minio_backup_target_path": "/srv/mirror"}
PLANTED = "the operator's key for the mirror"
STAYS = yaml.safe_load((TOP / "molecule/shared/vars/stays.yml").read_text(encoding="utf-8"))["molecule_stay_paths"]


class Site:
    """The lab's inventory, its hosts, and runs with everything that talks: -vvv, --diff, a log file, a cache of facts."""

    def __init__(self, state: pathlib.Path, work: pathlib.Path) -> None:
        self.state, self.work = state, work
        groups = yaml.safe_load((state / "inventory/hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
        self.addresses = {name: host["ansible_host"] for group in groups.values() for name, host in group["hosts"].items()}

    def given(self, **variables: Any) -> list[str]:
        """Variables by file: a key on a command line would be seen there."""
        path = self.work / "given.yml"
        path.write_text(yaml.safe_dump({"redis_tls": True, **variables}), encoding="utf-8")
        path.chmod(0o600)
        return ["-e", f"@{path}"]

    def play(self, *arguments: str, playbooks: tuple[str, ...] = PLAYBOOKS) -> str:
        """What was printed."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        env.update(
            ANSIBLE_COLLECTIONS_PATH=str(TOP / ".lab/collections"),
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_CACHE_PLUGIN="jsonfile",
            ANSIBLE_CACHE_PLUGIN_CONNECTION=str(self.work / "facts"),
            ANSIBLE_LOG_PATH=str(self.work / "ansible.log"),
            ANSIBLE_CALLBACK_RESULT_FORMAT="json",
        )
        command = ["ansible-playbook", "-i", str(self.state / "inventory"), "-vvv", "--diff", *arguments]
        files = [str(TOP / f"playbooks/{name}.yml") for name in playbooks]
        done = subprocess.run([*command, *files], cwd=TOP, env=env, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        return done.stdout + done.stderr

    def ssh(self, host: str, script: str) -> str:
        """What a shell on the host prints."""
        options = ["-o", f"UserKnownHostsFile={self.state / 'ssh/known_hosts'}", "-o", "BatchMode=yes", "-i", str(self.state / "ssh/id_ed25519")]
        command = ["ssh", *options, f"root@{self.addresses[host]}", "sh -s"]
        return subprocess.run(command, input=script, check=True, capture_output=True, text=True, errors="replace", timeout=120).stdout

    def journal(self, host: str) -> str:
        """Everything the host has logged, with every field, and what is in /var/log."""
        files = "find /var/log -type f ! -path '*/journal/*' -exec cat {} + 2>/dev/null; ls -R /tmp /root/.ansible 2>/dev/null"
        return self.ssh(host, f"journalctl --no-pager --all --output verbose; {files}; true")

    def files(self, host: str) -> set[str]:
        """Paths that no package has."""
        return set(self.ssh(host, (TOP / "molecule/shared/host_files.sh").read_text(encoding="utf-8")).splitlines())

    def logs(self) -> dict[str, str]:
        """Everything that was logged or kept by now."""
        places = {"Ansible's log": (self.work / "ansible.log").read_text(encoding="utf-8", errors="replace")}
        places.update({f"the cached facts of {path.name}": path.read_text(encoding="utf-8") for path in (self.work / "facts").iterdir()})
        places.update({f"the logs of {host}": self.journal(host) for host in self.addresses})
        return places


@pytest.fixture(scope="module")
def site(state: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(state, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module", autouse=True)
def bare(site: Site) -> dict[str, set[str]]:
    """The files of the hosts before anything was installed."""
    return {host: site.files(host) for host in site.addresses}


def elsewhere(state: pathlib.Path, playbook: str, *words: str, secrets: pathlib.Path) -> tuple[int, str]:
    """End and output of one playbook, with another place for the secrets."""
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}
    given = json.dumps({"site_secrets_dir": str(secrets)})
    command = ["ansible-playbook", "-i", str(state / "inventory"), "-e", given, *words, str(TOP / f"playbooks/{playbook}.yml")]
    done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=900, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def key() -> tuple[str, list[str]]:
    """An operator's private key, and the lines that would give it away."""
    text = issue.key_pem(issue.new_key()).decode()
    return text, [line for line in text.splitlines() if len(line) > 40 and "-----" not in line]


@pytest.fixture(scope="module")
def places() -> dict[str, str]:
    """All that was printed, logged and kept, by the place where it was found."""
    return {}


@pytest.fixture(scope="module")
def known(site: Site) -> dict[str, list[str]]:
    """Every secret that the site had, in each form in which it could be seen."""
    return {}


@pytest.fixture(scope="module")
def lines() -> Iterator[CommandLines]:
    """The command lines of all processes, from the first run to the last."""
    with CommandLines() as watched:
        yield watched


@pytest.mark.parametrize("playbook", LAYERS)
def test_check_mode_on_bare_hosts_writes_nothing(state: pathlib.Path, tmp_path: pathlib.Path, playbook: str) -> None:
    code, said = elsewhere(state, playbook, "--check", secrets=tmp_path / "secrets")
    assert code == 0, said[-3000:]
    assert not (tmp_path / "secrets").exists()


def test_the_data_tier_is_installed_and_changed(site: Site, places: dict[str, str], known: dict[str, list[str]], lines: CommandLines) -> None:
    secrets_dir = site.state / "secrets"
    text, lines_of_key = key()
    away = {"minio_backup_target": {"type": "sftp", "host": "db1", "user": "mirror"}, "minio_backup_target_path": "mirror"}
    known_hosts = "db1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUgb25lIHRoYXQgaXMgbm90IHVzZWQgaGVyZQ"
    # Role mysql_backup may have a mount point below its state.
    site.ssh("db2", "mkdir -p /var/lib/onprem-wandb/mysql-backup/work && mount -t tmpfs none /var/lib/onprem-wandb/mysql-backup/work")
    first = site.given(**away, minio_backup_ssh_key=text, minio_backup_ssh_known_hosts=known_hosts)
    places["the output of the first run"] = site.play(*first)
    assert "PRIVATE KEY" in site.ssh("store1", "cat /etc/onprem-wandb/minio-backup/ssh_key")
    # The second run changes secrets and certificates, so that it shows differences of them; of the mirror's target, so that a key is removed.
    known.update({PLANTED: lines_of_key, **{f"{name} before the change": shown for name, shown in forms(secrets_dir).items()}})
    (secrets_dir / "redis_password").write_text("OtherPassword4Redis5Letters6Only\n", encoding="utf-8")
    for path in (secrets_dir / "certificates").glob("redis.*"):
        path.unlink()
    second = site.given(**NEAR)
    places["the output of the second run"] = site.play(*second)
    assert site.ssh("store1", "ls /etc/onprem-wandb/minio-backup/ssh_key 2>/dev/null || echo gone") == "gone\n"
    places["the output in check mode"] = site.play(*second, "--check")
    known.update(forms(secrets_dir))
    assert set(known) >= EXPECTED, sorted(known)


@pytest.mark.parametrize("words", [(), ("--check",)])
@pytest.mark.parametrize("playbook", ["preflight", *LAYERS])
def test_hosts_that_serve_get_no_others(state: pathlib.Path, tmp_path: pathlib.Path, playbook: str, words: tuple[str, ...]) -> None:
    """From a machine that does not have the site's secrets."""
    code, said = elsewhere(state, playbook, *words, secrets=tmp_path / "secrets")
    assert code != 0 and "changed=0" in said
    assert "set up with" in said, said[-3000:]
    assert not (tmp_path / "secrets").exists()


def test_no_secret_is_seen_anywhere_from_installation_to_reset(
    site: Site, places: dict[str, str], known: dict[str, list[str]], lines: CommandLines
) -> None:
    # What a restore and a degraded pair would have left.
    site.ssh("db1", "cp -a /var/lib/mysql/mysql /var/lib/mysql.before-restore-20261123T010203Z; mkdir -p /var/lib/mysql.restoring/data")
    site.ssh("db1", "cd /var/lib/onprem-wandb; echo '{}' >mysql-degraded.json; mkdir -p mysql-errant; test -s mysql-journal.jsonl")
    confirmed = [*site.given(**NEAR), "-e", "confirm=lab"]
    told = site.play(*confirmed, "--check", playbooks=("reset",))
    assert "/var/lib/mysql.before-restore-20261123T010203Z: directory" in told
    assert site.ssh("db1", "systemctl is-active mysqld; test -d /var/lib/mysql.before-restore-20261123T010203Z && echo kept") == "active\nkept\n"
    places["the output of a reset in check mode"] = told
    places.update(site.logs())
    places["the output of the reset"] = site.play(*confirmed, playbooks=("reset",))
    places["the output of another reset"] = again = site.play(*confirmed, playbooks=("reset",))
    assert lines.rounds > 100
    places["the command lines of all processes"] = "\n".join(sorted(lines.seen))
    places.update({f"{place} after the reset": content for place, content in site.logs().items()})
    assert len([place for place in places if place.startswith("the logs of")]) == 6
    assert min(len(content) for content in places.values()) > 200, {place: len(content) for place, content in places.items()}
    assert PLANTED in known
    found = leaks(known, places)
    assert not found, "\n".join(found)
    assert "changed=0" in again
    assert not [line for line in again.splitlines() if "changed=" in line and "changed=0" not in line]


def test_a_reset_leaves_a_bare_host(site: Site, bare: dict[str, set[str]]) -> None:
    """After the reset of the test before: nothing but what is said to stay, whatever path a role uses."""
    left = {host: sorted(path for path in site.files(host) - bare[host] if not re.match("|".join(STAYS), path)) for host in site.addresses}
    assert left.pop("db2") == ["/var/lib/onprem-wandb", "/var/lib/onprem-wandb/mysql-backup", "/var/lib/onprem-wandb/mysql-backup/work"], "a mount point stays"
    assert left == {host: [] for host in left}


def test_a_secret_where_it_would_be_shown_is_refused(state: pathlib.Path) -> None:
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}
    given = '{"redis_extra_settings": {"masterauth": "PlantedSecret1of1", "hz": 10}}'
    command = ["ansible-playbook", "-i", str(state / "inventory"), "-vvv", "--diff", "-e", given, str(TOP / "playbooks/redis.yml")]
    done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode != 0
    assert "redis_extra_settings is (hidden) with masterauth; expected no secret there" in " ".join(done.stdout.split())
    assert "changed=0" in done.stdout
    assert "PlantedSecret1of1" not in done.stdout


def test_the_search_finds_what_is_there(tmp_path: pathlib.Path) -> None:
    """Planted: plain, in base64 within a longer text, a line of a key, an argument of a process."""
    import base64
    import sys

    (tmp_path / "password").write_text("Abcdefgh12345678")
    key = issue.key_pem(issue.new_key()).decode()
    (tmp_path / "own.key").write_text(key)
    secrets = forms(tmp_path)
    for place in ("user:Abcdefgh12345678@host", base64.b64encode(b"user:Abcdefgh12345678@host").decode(), "x" + key.splitlines()[1] + "y"):
        assert len(leaks(secrets, {"here": place})) == 1, place
    assert leaks(secrets, {"here": "nothing of interest"}) == []
    with CommandLines() as lines:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", "Abcdefgh12345678"], check=True)
    assert leaks(secrets, {"processes": "\n".join(lines.seen)})
