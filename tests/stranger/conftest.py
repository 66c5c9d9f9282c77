# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A first operator: an account of this machine with an empty home, what README.md says, and hosts that are reached as hosts are."""

from __future__ import annotations

import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[:0] = [str(HERE), str(TOP / "tests/check_mode"), str(TOP / "lab")]

import first_page
import snapshot
from account import Account, Done
from hosts import Hosts
from lablib import handover
from tuesday import LEFT_OUT

README = (TOP / "README.md").read_text(encoding="utf-8")
OPERATIONS = (TOP / "docs/operations.md").read_text(encoding="utf-8")
BEYOND: dict[str, str] = yaml.safe_load(handover.BEYOND.read_text(encoding="utf-8"))
LOGS = TOP / ".lab/logs"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", default=os.environ.get("LAB_STATE", ".lab-stranger"), help="state directory of a lab with fresh hosts, such as .lab-x")
    parser.addoption("--keep", action="store_true", help="leave the account where it is afterwards")
    parser.addoption("--again", action="store_true", help="go on with the account and the hosts of a run with --keep: choose the tests by -k")


class Stranger:
    """What the operator has: an account, hosts, and after the README's commands a site directory."""

    def __init__(self, account: Account, hosts: Hosts) -> None:
        self.account, self.hosts = account, hosts
        self.place, self.site = "wandb-site", "wandb-site/mysite"
        self.sudo, self.vault = secrets.token_hex(12), secrets.token_hex(12)
        # What of the README's commands stays in the shell in which they are typed.
        self.login = "; ".join(line for line in first_page.install_commands(README) if line.startswith((". ", "export ")))
        self.set: list[str] = []  # variables that were written into the inventory
        self.closed: dict[str, str] = {}  # each host's firewall, before anything of ours
        self.bare: dict[str, set[str]] = {}  # each host's files, likewise
        self.timings: list[tuple[str, float]] = []

    def shell(self, command: str, **others: object) -> Done:
        """A command line with the virtual environment on, in the directory of the site."""
        login = self.login if (self.account.home / self.place / "venv/bin/activate").exists() else ":"
        vault = str(self.account.home / ".vault-password")
        done = self.account.run(f"{login}; {command}", where=self.place, ANSIBLE_VAULT_PASSWORD_FILE=vault, **others)  # type: ignore[arg-type]
        self.timings.append((command[:100], done.seconds))
        with (LOGS / "stranger.out").open("a", encoding="utf-8") as log:
            log.write(f"\n$ {command}   # exit {done.code}, {done.seconds:.1f} s\n{done.output}\n")
        return done

    def play(self, what: str, inventory: str = "mysite") -> Done:
        """One of the collection's playbooks by its name."""
        return self.shell(f"ansible-playbook {what} -i {inventory}")

    def fill_in(self) -> None:
        """hosts.yml and group_vars/all.yml: the sample's, with this site's values."""
        account, hosts = self.account, self.hosts
        sample = (account.home / self.site / "hosts.yml").read_text(encoding="utf-8")
        account.give(f"{self.site}/hosts.yml", handover.hosts_file(sample, hosts.groups, hosts.addresses, hosts.domain), 0o644)
        ca = account.give(f"{self.place}/mirror-ca.crt", (hosts.state / "mirror-ca.crt").read_bytes(), 0o644)
        found = handover.values(hosts.state / "inventory", [*BEYOND, "containerd_registry_mirrors"])
        registries: list[dict[str, object]] = found.pop("containerd_registry_mirrors")  # type: ignore[assignment]
        own = {**handover.told("firstsite", hosts.domain, hosts.database, hosts.jump, registries, ca), **found}
        vaulted = self.shell("ansible-vault encrypt_string --stdin-name ansible_become_password 2>/dev/null", secret=self.sudo)
        assert vaulted.code == 0, vaulted.output
        text = handover.variables_file((account.home / self.site / "group_vars/all.yml").read_text(encoding="utf-8"), own, vaulted.output)
        assert self.sudo not in text
        account.give(f"{self.site}/group_vars/all.yml", text, 0o644)
        self.set = re.findall(r"^(\w+):", text, re.MULTILINE)


@pytest.fixture(scope="session")
def stranger(request: pytest.FixtureRequest) -> Iterator[Stranger]:
    again = request.config.getoption("--again")
    LOGS.mkdir(parents=True, exist_ok=True)
    hosts = Hosts((TOP / request.config.getoption("--lab")).resolve())
    account = Account(os.environ.get("STRANGER", "stranger"), TOP, again)
    try:
        found = Stranger(account, hosts)
        if not again:
            (LOGS / "stranger.out").unlink(missing_ok=True)
            made = account.run("ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; mkdir wandb-site")
            assert made.code == 0, made.output
            key = (account.home / ".ssh/id_ed25519.pub").read_text(encoding="utf-8").strip()
            handover.prepare(hosts.on, hosts.addresses, hosts.groups["minio"], [hosts.jump], key, found.sudo, root=False)
            found.closed = {host: hosts.rules(host) for host in hosts.addresses}
            found.bare = {host: hosts.files(host) for host in hosts.addresses}
            account.give(".ssh/known_hosts", handover.known_hosts(hosts.on, {**hosts.addresses, handover.JUMP: hosts.jump}))
            account.give(".vault-password", found.vault + "\n")
        yield found
        print("", *[f"left out: onprem.wandb.{command} {why}" for command, why in LEFT_OUT.items()], sep="\n")
        print(*[f"{seconds:7.1f} s  {command}" for command, seconds in found.timings], sep="\n")
    finally:
        if not request.config.getoption("--keep"):
            account.remove()


class Watched:
    """The whole site as it is, asked again and again for what has changed."""

    def __init__(self, stranger: Stranger) -> None:
        self.hosts, home = stranger.hosts, stranger.account.home
        # Secrets, kubeconfig, and Helm with its caches.
        self.places = [home / stranger.site / ".secrets", home / ".cache/onprem-wandb/tools"]
        self.seen = self.look()

    def look(self) -> snapshot.Moment:
        there = [place for place in self.places if place.exists()]
        return snapshot.of_site(self.hosts.name, sorted(self.hosts.addresses), self.hosts.groups["kube_control_plane"][0], *there)

    def differences(self) -> list[str]:
        """What has changed since this was asked last."""
        before, self.seen = self.seen, self.look()
        return snapshot.differences(before, self.seen)


@pytest.fixture(scope="module")
def watched(stranger: Stranger) -> Watched:
    return Watched(stranger)


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The collection as Galaxy would give it: built of the files that git knows, in a place of this test's own."""
    place = tmp_path_factory.mktemp("collection")
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (TOP / name).is_file():
            (place / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, place / "tree" / name, follow_symlinks=False)
    build = [str(pathlib.Path(sys.executable).with_name("ansible-galaxy")), "collection", "build", "--output-path", str(place), str(place / "tree")]
    subprocess.run(build, check=True, capture_output=True)
    return next(place.glob("onprem-wandb-*.tar.gz"))
