"""What this lab is: names, addresses, paths, versions."""
from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path

from .shell import LabError

REPO = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("LAB_CACHE", Path.home() / ".cache" / "onprem-wandb"))
LABEL = "onprem.wandb.lab"
# host name -> (last octet, inventory groups)
HOSTS = {
    "cp1": (11, ["kube_control_plane"]),
    "node1": (12, ["kube_node"]),
    "node2": (13, ["kube_node"]),
    "db1": (21, ["mysql"]),
    "db2": (22, ["mysql"]),
    "store1": (31, ["redis", "minio"]),
    "store2": (32, ["minio"]),
    "store3": (33, ["minio"]),
    "store4": (34, ["minio"]),
}
# Booted only when they are asked for by name: with store1 they are a distributed object store.
ON_DEMAND = ("store2", "store3", "store4")
DEFAULT_HOSTS = tuple(host for host in HOSTS if host not in ON_DEMAND)
MIRROR = ("mirror", 10)
KINDS = ("podman", "uml")
DATABASE = 20  # last octet of the address that follows MySQL's primary


@dataclass(frozen=True)
class Lab:
    """One lab; several can run beside each other with different names and networks."""

    name: str
    net: ipaddress.IPv4Network
    os: str
    kind: str = "podman"  # of its hosts: containers, or uml, with a kernel of their own

    @classmethod
    def from_env(cls) -> Lab:
        """Read LAB_NAME, LAB_NET, LAB_OS and LAB_KIND."""
        name, kind = os.environ.get("LAB_NAME", "lab"), os.environ.get("LAB_KIND", "podman")
        if kind not in KINDS or (kind == "uml" and name == "lab"):
            raise LabError(f"LAB_KIND is {kind} of lab {name}: it is one of {', '.join(KINDS)}, and uml has a name of its own. "
                           "Next: LAB_KIND=uml LAB_NAME=vm LAB_NET=198.18.71.0/24 lab/lab up --hosts cp1,node1")
        return cls(
            kind=kind,
            name=name,
            net=ipaddress.IPv4Network(os.environ.get("LAB_NET", "198.18.0.0/24")),
            os=os.environ.get("LAB_OS", "bookworm"),
        )

    @property
    def state(self) -> Path:
        """Directory of this lab's keys, inventory and kubeconfig; ignored by git."""
        return REPO / (".lab" if self.name == "lab" else f".lab-{self.name}")

    @property
    def site(self) -> Path:
        """The site's directory, once the hosts were handed over: the operator's inventory and secrets."""
        return self.state / "mysite"

    @property
    def vault_password(self) -> Path:
        """The file with the password of Vault for that inventory."""
        return self.state / "vault-password"

    @property
    def secrets(self) -> Path:
        """Where the site's secrets are."""
        return self.site / ".secrets" if self.site.exists() else self.state / "secrets"

    @property
    def kubeconfig(self) -> Path:
        """The cluster's kubeconfig on this machine."""
        return self.secrets / "kubeconfig" if self.site.exists() else self.state / "kubeconfig"

    @property
    def network(self) -> str:
        return f"wb{self.name}"

    @property
    def gateway(self) -> str:
        return str(self.net[1])

    @property
    def mirror(self) -> str:
        return str(self.net[MIRROR[1]])

    @property
    def database(self) -> str:
        return str(self.net[DATABASE])

    @property
    def domain(self) -> str:
        return f"{self.name}.test"

    def container(self, host: str) -> str:
        """The default lab's containers are named as in the inventory."""
        return host if self.name == "lab" else f"{self.name}-{host}"

    def address(self, host: str) -> str:
        return str(self.net[MIRROR[1] if host == MIRROR[0] else HOSTS[host][0]])


def versions() -> dict[str, str]:
    """What the lab builds: the versions of the inventory that also drives the roles, {variable: version}."""
    text = (REPO / "inventories/lab/group_vars/all/versions.yml").read_text(encoding="utf-8")
    return dict(re.findall(r"""^(\w+_version): "(?:{{ lab_upstream\.\w+ \| default\(')?([^"']+)""", text, flags=re.M))
