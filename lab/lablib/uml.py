"""Hosts with a kernel of their own: user-mode Linux on disk images, a veth each on the lab's bridge. See lab/uml/README.md."""
from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from . import packages
from .cache import USED, cached, find
from .cache import place as found
from .config import HOSTS, REPO, Lab
from .shell import LabError, run, say

# The newest source that Debian keeps for a stable release: user-mode Linux has several processors and the seccomp mode since 7.0.
SUITE, SOURCE = "trixie-backports", "linux-source-7.2"
HERE = REPO / "lab/uml"
RECIPE = REPO / "lab/recipes/uml.sh"
# Beside what every bare host of the lab has: what a machine with disks needs.
MORE = "e2fsprogs,xfsprogs"
SIZE = "20G"  # of the root disk; its file holds what was written
SWAP = "512M"
DRIVES, DRIVE = 4, "2G"  # of a storage host: /mnt/disk1 …, XFS
# memory in MB, by the first group of a host
MEMORY = {"kube_control_plane": 3072, "kube_node": 2048}
# A fresh machine-id is made at the first boot; names and addresses come with the host's own files.
OWN = ("etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/fstab", "etc/apt/sources.list")


def parts() -> list[str | Path]:
    return [RECIPE, HERE / "kernel.config", HERE / "cpuinfo.patch", HERE / "napi.patch", SUITE, SOURCE]


def kernel_there() -> bool:
    """Whether the kernel was built before."""
    return find("uml-kernel", parts()) is not None


def keep() -> None:
    """The kernel is in use by this version whatever kind of lab asks: it takes the longest of all."""
    USED.add(found("uml-kernel", parts()))


def kernel() -> Path:
    """Directory with the program linux and lib/modules."""
    def build(out: Path) -> None:
        say(f"building user-mode Linux from Debian's {SOURCE} (about 15 minutes on two idle cores)")
        work = out / ".source"
        options = packages.private_apt(work, SUITE, None)
        run("apt-get", *options, "-qq", "update")
        run("apt-get", *options, "-qq", "download", SOURCE, cwd=work)
        run("bash", str(RECIPE), str(next(work.glob("*.deb"))), str(out), log=out.parent.parent / "logs/uml.log")
        shutil.rmtree(work)
    return cached("uml-kernel", parts(), build)


def root(suite: str) -> Path:
    """A bare Debian as a tarball."""
    def build(out: Path) -> None:
        say(f"building the operating system of hosts with a kernel of their own (Debian {suite})")
        packages.debootstrap(out / "root.tar", suite, f"{packages.HOST_PACKAGES},{MORE}", "minbase")
    return cached(f"uml-os-{suite}", [packages.HOST_PACKAGES, MORE, suite, "1"], build) / "root.tar"


def image(suite: str) -> Path:
    """It as a disk image, with the kernel's modules: what the site's installer would have left on every host."""
    linux, bare = kernel(), root(suite)

    def build(out: Path) -> None:
        tree = out / "tree"
        tree.mkdir()
        run("tar", "-xpf", str(bare), "--numeric-owner", "-C", str(tree))
        shutil.copytree(linux / "lib/modules", tree / "usr/lib/modules", dirs_exist_ok=True)
        for path in [*(tree / name for name in OWN), *(tree / "etc/apt/sources.list.d").glob("*"), *(tree / "etc/ssh").glob("ssh_host_*")]:
            path.unlink(missing_ok=True)
        (tree / "etc/machine-id").write_text("", encoding="ascii")
        (tree / "var/lib/dbus/machine-id").unlink(missing_ok=True)
        (tree / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
        for number in range(1, DRIVES + 1):
            (tree / f"mnt/disk{number}").mkdir()
        shutil.copy(HERE / "nftables.conf", tree / "etc/nftables.conf")
        run("chroot", str(tree), "systemctl", "--quiet", "enable", "systemd-networkd.service", "nftables.service")
        # No console, no terminal; and nothing waits for further links.
        run("chroot", str(tree), "systemctl", "--quiet", "mask", "getty.target", "systemd-networkd-wait-online.service")
        run("truncate", "-s", SIZE, str(out / "disk.img"))
        run("mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1,lazy_journal_init=1", "-d", str(tree), str(out / "disk.img"))
        shutil.rmtree(tree)
    return cached(f"uml-root-{suite}", [str(bare), SIZE, str(linux), HERE / "nftables.conf", "1"], build) / "disk.img"


def place(lab: Lab, host: str) -> Path:
    """The host's disks, its process, its console."""
    return lab.state / "hosts" / host


def files(lab: Lab, host: str, hardware: str) -> dict[str, str]:
    """What is a host's own on its disk, beside what hosts of both kinds get: names, addresses, disks."""
    mounts = ["/dev/ubda / ext4 defaults,errors=remount-ro 0 1", "/dev/ubdb none swap sw 0 0"]
    mounts += [f"/dev/{disk} /mnt/disk{number} xfs defaults,nofail 0 2" for number, disk in enumerate(drives(host), 1)]
    return {
        "/etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {host}\n",
        "/etc/resolv.conf": f"nameserver {lab.mirror}\nsearch {lab.domain}\n",
        "/etc/fstab": "\n".join(mounts) + "\n",
        # A real host has a default route (service addresses need one); this one leads to an address that nobody has, so nothing gets out.
        "/etc/systemd/network/10-lab.network": f"[Match]\nMACAddress={hardware}\n[Network]\nAddress={lab.address(host)}/{lab.net.prefixlen}\n"
        f"Gateway={lab.net[-2]}\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n",
    }


def drives(host: str) -> list[str]:
    """Block devices of a storage host beside root and swap."""
    return [f"ubd{letter}" for letter in "cdefgh"[:DRIVES]] if "minio" in HOSTS[host][1] else []


def make(lab: Lab, host: str, own: dict[str, str], hardware: str) -> None:
    """The disks of a new host. Its SSH key is made here, so that nothing is trusted on first use."""
    where = place(lab, host)
    where.mkdir(parents=True)
    run("cp", "--sparse=always", str(image(lab.os)), str(where / "disk.new"))
    run("truncate", "-s", SWAP, str(where / "ubdb"))
    run("mkswap", str(where / "ubdb"))
    for disk in drives(host):
        run("truncate", "-s", DRIVE, str(where / disk))
        run("mkfs.xfs", "-q", str(where / disk))
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"root@{host}", "-f", str(where / "ssh_host_ed25519_key"))
    content = {path: text.encode() for path, text in {**own, **files(lab, host, hardware)}.items()}
    for suffix in ("", ".pub"):
        content[f"/etc/ssh/ssh_host_ed25519_key{suffix}"] = (where / f"ssh_host_ed25519_key{suffix}").read_bytes()
    write(where / "disk.new", content, where)
    (where / "disk.new").rename(where / "ubda")  # a host whose making was interrupted has none


def write(disk: Path, content: dict[str, bytes], work: Path) -> None:
    """Put files into an ext4 image, without mounting it. Keys are the owner's alone."""
    commands = []
    for number, (path, data) in enumerate(content.items()):
        source = work / f"file{number}"
        source.write_bytes(data)
        mode = "0100600" if path.endswith("_key") or "/.ssh/" in path else "0100644"
        commands += [f"write {source} {path}", f"set_inode_field {path} mode {mode}", f"set_inode_field {path} uid 0", f"set_inode_field {path} gid 0"]
    (work / "commands").write_text("\n".join(commands) + "\n", encoding="utf-8")
    done = subprocess.run(["debugfs", "-w", "-f", str(work / "commands"), str(disk)], text=True, capture_output=True, check=False)
    said = [line for line in done.stderr.splitlines() if line and not line.startswith("debugfs ")]
    if done.returncode or said:
        raise LabError(f"debugfs could not write the files of {work.name} into {disk}: {'; '.join(said) or done.returncode}")
    for path in [*work.glob("file*"), work / "commands"]:
        path.unlink()


def space(lab: Lab, host: str) -> str:
    """The network namespace that holds the host's end of its link, and nothing else: no kernel but the host's own answers there."""
    return f"onprem-{lab.name}-{host}"


def link(lab: Lab, host: str, bridge: str) -> None:
    """A pair of links from the host's namespace to the bridge. Offloads off: user-mode Linux drops what they merge, 9 kB/s are left."""
    name, port = space(lab, host), f"u{int(lab.net[HOSTS[host][0]]):08x}"  # unique on this machine, as addresses are
    if name not in run("ip", "netns", "list").split():
        run("ip", "netns", "add", name)
        run("ip", "link", "add", port, "type", "veth", "peer", "name", "vec0", "netns", name)
        run("ip", "-n", name, "link", "set", "vec0", "up")
        off = [word for feature in ("tso", "gso", "gro", "tx", "sg") for word in (feature, "off")]
        run("ethtool", "-K", port, *off)
        run("ip", "netns", "exec", name, "ethtool", "-K", "vec0", *off)
    run("ip", "link", "set", port, "master", bridge, "up")


def start(lab: Lab, host: str, hardware: str) -> None:
    """Switch the host on."""
    where = place(lab, host)
    memory = MEMORY.get(HOSTS[host][1][0], 1536)
    command = [
        "ip", "netns", "exec", space(lab, host), str(kernel() / "linux"), f"umid={host}", f"uml_dir={where}/run/", f"mem={memory}M", "ncpus=2", "seccomp=on",
        *[f"{disk}={where / disk}" for disk in ("ubda", "ubdb", *drives(host))],
        "root=/dev/ubda", "rw", "con=null", "con0=null,fd:1", "net.ifnames=0", f"vec0:transport=raw,ifname=vec0,mac={hardware},depth=128",
    ]
    with open(where / "console.log", "ab") as console:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                                   env={**os.environ, "TMPDIR": "/dev/shm"})
    (where / "process").write_text(f"{process.pid} {started(process.pid)}", encoding="ascii")


def fields(pid: int | str) -> list[str]:
    """What the kernel says about a process, from its state on; nothing when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def started(pid: int | str) -> str:
    """When a process began: with its number it names one process of this machine, also when numbers come again."""
    found = fields(pid)
    return found[19] if found and found[0] != "Z" else ""


def running(lab: Lab, host: str) -> int:
    """The process of a host that is on, or 0. A reboot keeps it."""
    try:
        pid, begun = (place(lab, host) / "process").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 0
    return int(pid) if begun and started(pid) == begun else 0


def booted(lab: Lab) -> set[str]:
    """Names of the hosts that are on."""
    return {host for host in HOSTS if running(lab, host)}


def cut(lab: Lab, host: str) -> None:
    """The power is gone: every process of the host at once, by its number. What it had not written to its disks is lost."""
    pid = running(lab, host)
    if not pid:
        return
    deadline = time.monotonic() + 20
    while True:
        mine = [int(path.name) for path in Path("/proc").glob("[0-9]*") if (fields(path.name)[3:4] or [""])[0] == str(pid) and started(path.name)]
        if not mine:
            return
        if time.monotonic() > deadline:
            raise LabError(f"host {host}: processes {', '.join(map(str, mine))} are still there 20 s after they were killed")
        for number in mine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.1)


def up(lab: Lab, host: str, own: dict[str, str], hardware: str, bridge: str) -> None:
    """Switch a host on; a new one gets its disks first."""
    if not (place(lab, host) / "ubda").exists():
        remove(lab, host)
        make(lab, host, own, hardware)
    link(lab, host, bridge)
    start(lab, host, hardware)


def host_key(lab: Lab, host: str) -> str:
    return (place(lab, host) / "ssh_host_ed25519_key.pub").read_text(encoding="ascii")


def remove(lab: Lab, host: str) -> None:
    """End a host and remove its disks and its link."""
    cut(lab, host)
    if space(lab, host) in run("ip", "netns", "list").split():
        run("ip", "netns", "delete", space(lab, host))
    shutil.rmtree(place(lab, host), ignore_errors=True)


def down(lab: Lab) -> None:
    """Remove every host of this lab."""
    for host in HOSTS:
        remove(lab, host)
    shutil.rmtree(lab.state / "hosts", ignore_errors=True)


def status(lab: Lab) -> str:
    """One line a host."""
    lines = []
    for path in sorted((lab.state / "hosts").glob("*")):
        pid = running(lab, path.name)
        lines.append(f"{path.name:20} {f'on, process {pid}' if pid else 'off'}, disk {lab.os}, console {path}/console.log\n")
    return "".join(lines)
