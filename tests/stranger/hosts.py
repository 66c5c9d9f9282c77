# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's hosts as an operator finds hosts of his own: a user with a sudo password, no root over SSH, a firewall, a second drive."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
OPERATOR = "ops"
JUMP = "mirror"
DRIVE = "/var/lib/minio/data"
SUDO = """
useradd --create-home --shell /bin/bash --groups sudo {user}
echo '{user}:{password}' | chpasswd
install -d -m 0700 -o {user} -g {user} /home/{user}/.ssh
echo '{key}' | install -m 0600 -o {user} -g {user} /dev/stdin /home/{user}/.ssh/authorized_keys
rm /root/.ssh/authorized_keys
sed -i 's/^PermitRootLogin.*/PermitRootLogin no/' /etc/ssh/sshd_config.d/lab.conf
systemctl reload ssh
"""
# A file on the root disk stands for the drive; the mount keeps its loop device, and lets it go with the host.
SECOND_DRIVE = f"""
apt-get -qq update && apt-get -qq install -y xfsprogs >/dev/null
truncate -s 4G /var/lib/second-drive
mkfs.xfs -q /var/lib/second-drive
mkdir -p {DRIVE}
echo '/var/lib/second-drive {DRIVE} xfs loop,noatime 0 0' >> /etc/fstab
mount {DRIVE}
"""
# Closed but for SSH from the jump host: role host opens the rest, and a reset closes it again.
FIREWALL = """
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
    ip saddr {jump} tcp dport 22 accept
  }}
}}
RULES
systemctl enable -q --now nftables
"""


class Hosts:
    """The hosts of a running lab."""

    def __init__(self, state: pathlib.Path) -> None:
        self.state, self.name = state, state.name.removeprefix(".lab-")
        self.domain = f"{self.name}.test"
        self.groups: dict[str, list[str]] = {
            group: list(content["hosts"])
            for group, content in yaml.safe_load((state / "inventory/hosts.yml").read_text(encoding="utf-8"))["all"]["children"].items()
        }
        inventory = yaml.safe_load((state / "inventory/hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
        self.addresses = {name: host["ansible_host"] for group in inventory.values() for name, host in group["hosts"].items()}
        private = yaml.safe_load((state / "inventory/group_vars/all/private.yml").read_text(encoding="utf-8"))
        self.database = str(private["lab_database"])
        net = self.database.rpartition(".")[0]
        self.jump = f"{net}.10"

    def on(self, host: str, command: str, check: bool = True) -> str:
        """Run as root on a host, past everything that stands between it and an operator."""
        env = {**os.environ, "CONTAINERS_CONF": str(TOP / "lab/containers.conf")}
        # By stdin: a command may hold a password, and an argument is for everybody to see.
        words = ["podman", "exec", "--interactive", f"{self.name}-{host}", "sh", "-e"]
        done = subprocess.run(words, input=command, capture_output=True, text=True, env=env, timeout=180, check=False)
        assert done.returncode == 0 or not check, f"on {host}: {done.stderr[-800:]}"
        return done.stdout

    def prepare(self, key: str, password: str) -> None:
        """What an operator's hosts have, and the lab's do not."""

        def one(host: str) -> None:
            self.on(host, SUDO.format(user=OPERATOR, password=password, key=key))
            if host == JUMP:
                return
            if host in self.groups["minio"]:
                self.on(host, SECOND_DRIVE)
            self.on(host, FIREWALL.format(jump=self.jump))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, [*self.addresses, JUMP]))

    def rules(self, host: str) -> str:
        """What the host's firewall is, in memory and for the next boot."""
        return self.on(host, "nft --stateless list table inet filter; cat /etc/nftables.conf")

    def keys(self) -> str:
        """known_hosts, read from the hosts themselves."""
        lines = []
        for host, address in {**self.addresses, JUMP: self.jump}.items():
            kind, key = self.on(host, "cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2]
            lines.append(f"{address} {kind} {key}")
        return "\n".join(lines) + "\n"

    def beyond(self, names: Sequence[str]) -> dict[str, object]:
        """The values that inventories/lab gives to variables, as Ansible reads them."""
        wanted = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
        program = str(pathlib.Path(sys.executable).with_name("ansible"))
        words = [program, "-i", str(self.state / "inventory"), "cp1", "-m", "ansible.builtin.debug", "-a", f"msg={wanted}"]
        env = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
        done = subprocess.run(words, cwd=TOP, env=env, capture_output=True, text=True, timeout=60, check=True)
        message = yaml.safe_load(done.stdout.partition("=>")[2])["msg"]
        return dict(yaml.safe_load(message) if isinstance(message, str) else message)
