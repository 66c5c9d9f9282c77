"""What comes from Debian packages: the hosts' operating system, the mirror's apt repository, MySQL, base layers of images."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import yaml

from .cache import cached, sha256
from .config import CACHE, REPO, versions
from .shell import LabError, run, say

HOST_PACKAGES = (
    "systemd,systemd-sysv,dbus,openssh-server,python3,sudo,iproute2,iptables,nftables,kmod,curl,ca-certificates,procps,udev,iputils-ping,less,python3-apt"
)
# What the roles install by the hosts' package manager; their closure against a bare host goes into the mirror's repository.
REPOSITORY = [
    "redis-server", "redis-tools", "python3-pymysql", "python3-cryptography", "python3-yaml", "chrony", "conntrack", "socat", "ethtool", "ebtables",
    "ipset", "nftables", "iptables", "xz-utils", "libaio1|libaio1t64", "libnuma1", "libncurses6", "xfsprogs", "util-linux-extra", "rsync", "restic",
    "keepalived", "rclone", "python3-boto3",
    # No role installs these: host firewalls that sites have, for tests/preflight.
    "ufw", "firewalld",
]
# Release of the hosts to package to the older release that it is taken from.
ADDED: dict[str, dict[str, str]] = yaml.safe_load((REPO / "lab/added.yml").read_text(encoding="utf-8"))
# Base layers: what flannel and kube-proxy call (nft, iptables, conntrack), and a shell.
NET_PACKAGES = "busybox-static,nftables,iptables,conntrack,kmod,iproute2"


def sources() -> tuple[str, str]:
    """Mirror and keyring of this machine's own apt configuration."""
    for path in sorted(Path("/etc/apt").rglob("*.sources")):
        text = path.read_text(encoding="utf-8")
        uri, key = re.search(r"^URIs: *(\S+)", text, re.M), re.search(r"^Signed-By: *(\S+)", text, re.M)
        if uri and key:
            return uri.group(1), key.group(1)
    raise LabError("no apt source with URIs and Signed-By found under /etc/apt: the lab reads the Debian mirror from there")


def debootstrap(out: Path, suite: str, include: str, variant: str) -> None:
    """One root file system as a tarball."""
    mirror, keyring = sources()
    run("mmdebstrap", "--quiet", f"--variant={variant}", f"--include={include}", f"--keyring={keyring}",
        "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--aptopt=Acquire::Check-Valid-Until false", "--aptopt=Acquire::Languages none", suite, str(out), mirror, log=CACHE / "logs/debootstrap.log")


def host_root(suite: str) -> Path:
    """The bare operating system of the hosts: directory with root.tar and dpkg.status."""
    def build(out: Path) -> None:
        say(f"building the hosts' operating system (Debian {suite})")
        debootstrap(out / "root.tar", suite, HOST_PACKAGES, "minbase")
        with tarfile.open(out / "root.tar") as tar:
            member = tar.extractfile("./var/lib/dpkg/status")
            (out / "dpkg.status").write_bytes(member.read())
    return cached(f"os-{suite}", [HOST_PACKAGES, suite, "1"], build)


def net_root() -> Path:
    """Base layer of images that program the network."""
    def build(out: Path) -> None:
        debootstrap(out / "root.tar", "bookworm", NET_PACKAGES, "extract")
    return cached("image-base-net", [NET_PACKAGES, "1"], build) / "root.tar"


def private_apt(work: Path, suite: str, status: Path | None) -> list[str]:
    """Options of an apt that has its own lists and dpkg status, so that this machine's are neither read nor changed."""
    mirror, keyring = sources()
    for name in ("lists/partial", "archives/partial", "parts"):
        (work / name).mkdir(parents=True, exist_ok=True)
    (work / "sources.list").write_text(f"deb [signed-by={keyring}] {mirror} {suite} main\n", encoding="utf-8")
    if status:
        shutil.copy(status, work / "status")
    else:
        (work / "status").touch()
    settings = {
        "Dir::Etc::sourcelist": work / "sources.list", "Dir::Etc::sourceparts": work / "parts", "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status", "Dir::Cache::archives": work / "archives", "Dir::Cache::pkgcache": "", "Dir::Cache::srcpkgcache": "",
        "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": work / "parts", "Acquire::Check-Valid-Until": "false",
        "Acquire::Languages": "none", "APT::Sandbox::User": "root", "APT::Install-Recommends": "false",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def apt_repository(suite: str) -> Path:
    """A flat apt repository with the packages that the roles install and whatever they need beyond a bare host."""
    status = host_root(suite) / "dpkg.status"

    def build(out: Path) -> None:
        say(f"filling the mirror's apt repository ({suite})")
        work = out / ".apt"
        options = private_apt(work, suite, status)
        run("apt-get", *options, "-qq", "update")
        known = set(run("apt-cache", *options, "pkgnames").split())
        wanted = [next((name for name in entry.split("|") if name in known), None) for entry in REPOSITORY]
        plan = run("apt-get", *options, "-s", "install", *[name for name in wanted if name])
        run("apt-get", *options, "-qq", "download", *re.findall(r"^Inst (\S+)", plan, re.M), cwd=out)
        added = ADDED.get(suite, {})
        for older in sorted(set(added.values())):
            names = [name for name, source in added.items() if source == older]
            for path in [path for name in names for path in out.glob(f"{name}_*.deb")]:
                path.unlink()
            theirs = private_apt(out / ".apt-added", older, None)
            run("apt-get", *theirs, "-qq", "update")
            run("apt-get", *theirs, "-qq", "download", *names, cwd=out)
            shutil.rmtree(out / ".apt-added")
        shutil.rmtree(work)
        for path in out.glob("*%3a*"):
            path.rename(path.with_name(path.name.replace("%3a", "_")))
        write_index(out)
    return cached(f"apt-{suite}", [*REPOSITORY, status, "4", *(f"{name} {older}" for name, older in ADDED.get(suite, {}).items())], build)


def write_index(directory: Path) -> None:
    """Packages and Release of a flat repository."""
    entries = []
    for deb in sorted(directory.glob("*.deb")):
        control = subprocess.run(["dpkg-deb", "-f", deb], check=True, text=True, capture_output=True).stdout.rstrip()
        entries.append(f"{control}\nFilename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {sha256(deb)}\n")
    (directory / "Packages").write_text("\n".join(entries), encoding="utf-8")
    packages = directory / "Packages"
    checksum = f"SHA256:\n {sha256(packages)} {packages.stat().st_size} Packages\n"
    (directory / "Release").write_text(f"Origin: onprem.wandb lab\nSuite: lab\nDate: Thu, 01 Jan 1970 00:00:00 UTC\n{checksum}", encoding="utf-8")


def mysql() -> Path:
    """A MySQL tree like the generic tarball, from Debian packages: mysql-<version>-lab-linux-x86_64.tar.xz."""
    version = versions()["mysql_version"]
    recipe = REPO / "lab/recipes/mysql.sh"

    def build(out: Path) -> None:
        say(f"building MySQL {version} from Debian packages (about a minute)")
        env = {
            **os.environ, "WORK": str(out / "work"), "PREFIX": f"/opt/onprem-wandb/mysql/{version}", "EXPECT": version,
            "NAME": f"mysql-{version}-lab-linux-x86_64",
        }
        run("bash", str(recipe), env=env, log=CACHE / "logs/mysql.log")
        for path in (out / "work/out").glob("*.tar.xz"):
            path.rename(out / path.name)
        shutil.rmtree(out / "work")
    return cached("mysql", [recipe, version, "1"], build)


def unpacked(package: str) -> Path:
    """The files of one Debian package, not installed."""
    def build(out: Path) -> None:
        options = private_apt(out / ".apt", "bookworm", None)
        run("apt-get", *options, "-qq", "update")
        run("apt-get", *options, "-qq", "download", package, cwd=out)
        run("dpkg-deb", "-x", str(next(out.glob("*.deb"))), str(out / "tree"))
        shutil.rmtree(out / ".apt")
    return cached(f"deb-{package}", ["1"], build) / "tree"


def cni_plugins() -> Path:
    """CNI plugins of the Debian package."""
    return unpacked("containernetworking-plugins") / "usr/lib/cni"


def busybox() -> Path:
    """The static busybox of the Debian package."""
    return unpacked("busybox-static") / "bin/busybox"

