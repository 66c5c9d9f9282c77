"""Hosts as an operator is given them, and the site directory that the README makes of inventories/sample.

A user with a sudo password, reached through a jump host; a firewall that is closed but for SSH from there; a second drive with XFS for the bucket.
"""
from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from . import hosts as machines
from .config import HOSTS, MIRROR, REPO, Lab
from .shell import LabError, run, say

OPERATOR = "ops"
JUMP = MIRROR[0]
DRIVE = "/var/lib/minio/data"
SAMPLE = REPO / "inventories/sample"
# What the lab's inventory has beyond the README's words, a reason each.
BEYOND = REPO / "lab/beyond.yml"
On = Callable[[str, str], str]  # runs a script as root on a host: name, script

SUDO = """
id {user} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups sudo {user}
echo '{user}:{password}' | chpasswd
install -d -m 0700 -o {user} -g {user} /home/{user}/.ssh
echo '{key}' | install -m 0600 -o {user} -g {user} /dev/stdin /home/{user}/.ssh/authorized_keys
"""
NO_ROOT = """
rm -f /root/.ssh/authorized_keys
sed -i 's/^PermitRootLogin.*/PermitRootLogin no/' /etc/ssh/sshd_config.d/lab.conf
systemctl reload ssh
"""
# A file on the root disk stands for the drive; the mount keeps its loop device, and lets it go with the host.
SECOND_DRIVE = f"""
if ! findmnt --noheadings {DRIVE} >/dev/null; then
  apt-get -qq update && apt-get -qq install -y xfsprogs >/dev/null
  truncate -s 4G /var/lib/second-drive
  mkfs.xfs -q /var/lib/second-drive
  mkdir -p {DRIVE}
  echo '/var/lib/second-drive {DRIVE} xfs loop,noatime 0 0' >> /etc/fstab
  mount {DRIVE}
fi
"""
# Role host opens the rest, and a reset closes it again.
FIREWALL = """
if ! systemctl is-active -q nftables; then
cat > /etc/nftables.conf <<'RULES'
#!/usr/sbin/nft -f
flush ruleset
table inet filter {{
  chain input {{
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname lo accept
    meta l4proto {{ icmp, ipv6-icmp }} accept
    ip saddr {{ {doors} }} tcp dport 22 accept
  }}
}}
RULES
systemctl enable -q --now nftables
fi
"""


def prepare(on: On, names: Iterable[str], stores: Sequence[str], doors: Sequence[str], key: str, password: str, root: bool) -> None:
    """Make bare hosts of the lab an operator's.

    doors: addresses from which SSH is let in. root: the lab's own way in, as root by SSH, stays.
    """

    def one(host: str) -> None:
        on(host, SUDO.format(user=OPERATOR, password=password, key=key) + ("" if root else NO_ROOT))
        if host != JUMP:
            on(host, (SECOND_DRIVE if host in stores else "") + FIREWALL.format(doors=", ".join(doors)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, [*names, JUMP]))


def known_hosts(on: On, addresses: Mapping[str, str]) -> str:
    """Host keys by address, read from the hosts themselves."""
    found = [(address, on(host, "cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2]) for host, address in addresses.items()]
    return "".join(f"{address} {' '.join(key)}\n" for address, key in found)


def values(inventory: Path, names: Sequence[str]) -> dict[str, object]:
    """What the lab's own inventory gives to variables, as Ansible reads them."""
    wanted = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
    words = [program("ansible"), "-i", str(inventory), "cp1", "-m", "ansible.builtin.debug", "-a", f"msg={wanted}"]
    env = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_COLLECTIONS_PATH": str(REPO / ".lab/collections")}
    done = subprocess.run(words, cwd=REPO, env=env, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise LabError(f"the variables of {inventory} cannot be read: {(done.stderr or done.stdout).strip()[-1000:]}")
    message = yaml.safe_load(done.stdout.partition("=>")[2])["msg"]
    return dict(yaml.safe_load(message) if isinstance(message, str) else message)


def hosts_file(sample: str, groups: Mapping[str, Sequence[str]], addresses: Mapping[str, str], domain: str) -> str:
    """hosts.yml: the sample's groups, with this lab's hosts."""
    found = yaml.safe_load(sample)
    for group, content in found["all"]["children"].items():
        content["hosts"] = {f"{name}.{domain}": {"ansible_host": addresses[name]} for name in groups[group]}
    return yaml.safe_dump(found, sort_keys=False)


def told(name: str, domain: str, database: str, jump: str, registries: Iterable[Mapping[str, object]], ca: Path) -> dict[str, object]:
    """What the README's first page asks for, with this lab's values."""
    return {
        "site_name": name,
        "wandb_fqdn": f"wandb.{domain}",
        "minio_fqdn": f"s3.{domain}",
        "wandb_license": "lab-stand-in-needs-no-licence",
        "mysql_primary": f"db1.{domain}",
        "mysql_endpoint_address": database,
        "kubernetes_control_plane_endpoint": f"k8s.{domain}:6443",
        "preflight_size": "custom",
        "host_firewall_manage": True,
        "ansible_user": OPERATOR,
        "ansible_ssh_common_args": f"-o ProxyJump={OPERATOR}@{jump}",
        "artifacts_mirror": f"http://mirror.{domain}:8080",
        "containerd_registry_mirrors": [{**entry, "ca_file": str(ca)} for entry in registries],
    }


def variables_file(sample: str, chosen: Mapping[str, object], vaulted: str) -> str:
    """group_vars/all.yml: the sample's lines with this site's values, then what it does not have, then the password as Vault wrote it."""
    text = sample
    for name, value in chosen.items():
        line = f"{name}: {json.dumps(value)}"
        text, known = re.subn(rf"^{name}:.*$", lambda _hit, line=line: line, text, flags=re.MULTILINE)
        text += "" if known else line + "\n"
    return text + vaulted


def program(name: str) -> str:
    """One of Ansible's programs, of this environment."""
    return str(Path(sys.executable).with_name(name))


def site(lab: Lab) -> None:
    """Hand the running lab's hosts over; write the site's directory, the password of Vault, SSH's configuration. A second time changes nothing."""
    directory = lab.site
    booted = [host for host in HOSTS if host in machines.booted(lab)]
    if lab.kind != "podman" or not booted:
        raise LabError(f"lab {lab.name} has no containers that run. Next: LAB_NAME={lab.name} lab/lab up")
    if (directory / "hosts.yml").exists():
        say(f"{directory} is there already")
        return
    ssh, jump = lab.state / "ssh", lab.address(JUMP)
    inventory = REPO / "inventories/lab" if lab.name == "lab" else lab.state / "inventory"
    groups = {group: [host for host in booted if group in HOSTS[host][1]] for host in HOSTS for group in HOSTS[host][1]}
    password = secrets.token_hex(12)

    def on(host: str, script: str) -> str:
        return run("podman", "exec", "--interactive", lab.container(host), "sh", "-e", env=machines.PODMAN_ENV, stdin=script)

    say(f"handing {', '.join(booted)} over: user {OPERATOR} with a sudo password, jump host {JUMP}, firewall, second drive")
    prepare(on, booted, groups["minio"], [jump, lab.gateway], (ssh / "id_ed25519.pub").read_text(encoding="utf-8").strip(), password, root=True)
    keys = known_hosts(on, {host: lab.address(host) for host in [*booted, JUMP]})
    (ssh / "operator_known_hosts").write_text(keys, encoding="utf-8")
    # The jump host is asked by an SSH of its own, which takes this file and no option.
    (ssh / "config").write_text(
        f"Host *\n  IdentityFile {ssh}/id_ed25519\n  UserKnownHostsFile {ssh}/operator_known_hosts\n  StrictHostKeyChecking yes\n", encoding="utf-8")
    beyond = list(yaml.safe_load(BEYOND.read_text(encoding="utf-8")))
    found = values(inventory, [*beyond, "containerd_registry_mirrors"])
    registries: list[dict[str, object]] = found.pop("containerd_registry_mirrors")  # type: ignore[assignment]
    chosen = {**told(lab.name, lab.domain, lab.database, jump, registries, lab.state / "mirror-ca.crt"), **found}
    chosen["ansible_ssh_common_args"] = f"-F {ssh}/config {chosen['ansible_ssh_common_args']}"
    new = directory.with_name(f".{directory.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    (new / "group_vars").mkdir(parents=True)
    vault = lab.vault_password
    vault.touch(mode=0o600)
    vault.write_text(secrets.token_hex(16) + "\n", encoding="ascii")
    vaulted = run(program("ansible-vault"), "encrypt_string", "--stdin-name", "ansible_become_password", stdin=password,
                  env={**os.environ, "ANSIBLE_VAULT_PASSWORD_FILE": str(vault)})
    addresses = {host: lab.address(host) for host in booted}
    (new / "hosts.yml").write_text(hosts_file((SAMPLE / "hosts.yml").read_text(encoding="utf-8"), groups, addresses, lab.domain), encoding="utf-8")
    (new / "group_vars/all.yml").write_text(variables_file((SAMPLE / "group_vars/all.yml").read_text(encoding="utf-8"), chosen, vaulted), encoding="utf-8")
    new.rename(directory)
    say(f"the site's inventory is {directory}; ANSIBLE_VAULT_PASSWORD_FILE={vault}")

