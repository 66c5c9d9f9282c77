"""Hosts that boot systemd and run sshd, on one bridge without a route out: podman containers; those with a kernel of their own are uml.py's."""
from __future__ import annotations

import ipaddress
import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import binaries, packages, uml
from .cache import digest
from .config import HOSTS, LABEL, MIRROR, ON_DEMAND, REPO, Lab
from .shell import LabError, run, say

PODMAN_ENV = {**os.environ, "CONTAINERS_CONF": str(REPO / "lab/containers.conf")}
DRIVES = 4  # of a storage host: /mnt/disk1 …, each a volume
# systemd 257 boots on cgroup v1 only when told twice.
INIT = {"trixie": ["systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"]}


def podman(*argv: str, check: bool = True) -> str:
    """Run podman with the lab's settings."""
    return run("podman", *argv, env=PODMAN_ENV, check=check)


def image(lab: Lab) -> str:
    """Import the hosts' operating system once."""
    root = packages.host_root(lab.os)
    ref = f"localhost/onprem-host:{root.name}"
    if not podman("images", "--quiet", ref).strip():
        say("importing the hosts' image into podman")
        init = json.dumps(["/lib/systemd/systemd", *INIT.get(lab.os, [])])
        podman("import", "--change", f"CMD {init}", "--change", "STOPSIGNAL SIGRTMIN+3", str(root / "root.tar"), ref)
    return ref


def network(lab: Lab) -> None:
    """One internal bridge: no masquerade, no route out."""
    if podman("network", "ls", "--quiet", "--filter", f"name=^{lab.network}$").strip():
        return
    podman("network", "create", "--internal", "--disable-dns", "--subnet", str(lab.net), "--label", f"{LABEL}={lab.name}", lab.network)


def hardware_address(address: str) -> str:
    """A hardware address by IP address. Without a given one udev in the host changes it after the boot, and neighbours that know the old one wait."""
    return "02:00:" + ":".join(f"{octet:02x}" for octet in ipaddress.IPv4Address(address).packed)


def bridge_address(lab: Lab) -> str:
    """Give this machine its address on the bridge, and return the bridge's name: podman leaves the bridge of an internal network without one.

    A bridge without a hardware address of its own takes the lowest of its ports', so that it would change with every new host.
    """
    bridge = json.loads(podman("network", "inspect", lab.network))[0]["network_interface"]
    run("ip", "link", "set", "dev", bridge, "address", hardware_address(lab.gateway))
    run("ip", "address", "replace", f"{lab.gateway}/{lab.net.prefixlen}", "dev", bridge)
    return bridge


def files(lab: Lab, host: str) -> dict[str, str]:
    """What a site's installation would have put on a bare host of either kind: keys, package sources, name."""
    key = (lab.state / "ssh/id_ed25519.pub").read_text(encoding="utf-8")
    return {
        "/root/.ssh/authorized_keys": key,
        "/etc/ssh/sshd_config.d/lab.conf": "PermitRootLogin prohibit-password\nPasswordAuthentication no\nUseDNS no\nMaxStartups 100\n",
        "/etc/apt/sources.list": f"deb [trusted=yes] http://mirror.{lab.domain}:8080/apt ./\n",
        "/etc/hostname": f"{host}\n",
    }


def route(lab: Lab) -> dict[str, str]:
    """A real host has a default route (service addresses need one); this one leads to an address that nobody has, so nothing gets out."""
    unit = "[Unit]\nDescription=default route of the lab\n[Service]\nType=oneshot\nRemainAfterExit=yes\n" \
        f"ExecStart=/sbin/ip route replace default via {lab.net[-2]}\n[Install]\nWantedBy=multi-user.target\n"
    return {"/etc/systemd/system/lab-route.service": unit}


def create(lab: Lab, host: str, ref: str, volumes: list[str], content: str = "") -> None:
    """Start one host and hand it its files."""
    name = lab.container(host)
    podman("run", "-d", "--name", name, "--hostname", host, "--label", f"{LABEL}={lab.name}", "--label", f"{LABEL}.content={content}",
           "--cgroupns=private", "--network", lab.network,
           "--ip", lab.address(host),
           "--mac-address", hardware_address(lab.address(host)), "--dns", lab.mirror, "--dns-search", lab.domain, "--privileged", "--pids-limit=0",
           # Not --systemd=always: on cgroup v1 podman then binds the machine's own name=systemd hierarchy into every host, and their inits share it.
           "--systemd=false", "-e", "container=podman", "--tmpfs", "/run:rw,exec,mode=755", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec",
           "-v", "/dev/kmsg:/dev/kmsg", *[word for volume in volumes for word in ("-v", volume)], ref)
    script = ["set -e"]
    for path, text in {**files(lab, host), **route(lab)}.items():
        script += [f"mkdir -p {os.path.dirname(path)}", f"cat > {path} <<'LAB'\n{text}LAB"]
    script += [
        # One image, many hosts: each gets an identity of its own.
        "rm -f /etc/machine-id /var/lib/dbus/machine-id /etc/ssh/ssh_host_* /etc/apt/sources.list.d/*",
        "systemd-machine-id-setup >/dev/null 2>&1", "systemctl restart systemd-journald",
        "ssh-keygen -A >/dev/null", "chmod 700 /root/.ssh", "systemctl daemon-reload", "systemctl enable -q --now lab-route.service", "systemctl restart ssh",
    ]
    deadline = time.monotonic() + 30
    while True:
        try:
            podman("exec", name, "systemctl", "is-system-running", "--wait", check=False)
            podman("exec", name, "/bin/sh", "-c", "\n".join(script))
            return
        except LabError as error:
            if time.monotonic() > deadline:
                raise LabError(f"host {host} (container {name}) did not boot within 30 s: {error}") from error
            time.sleep(0.5)


def volumes_of(lab: Lab, host: str) -> list[str]:
    """Data on volumes: overlay on overlay does not work."""
    paths = ["/opt/onprem-wandb"]
    if "kube" in HOSTS[host][1][0]:
        paths += ["/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd", "/opt/local-path-provisioner"]
    if "mysql" in HOSTS[host][1]:
        paths += ["/var/lib/mysql"]
    if "minio" in HOSTS[host][1]:
        paths += ["/var/lib/minio", "/var/lib/redis", *[f"/mnt/disk{number}" for number in range(1, DRIVES + 1)]]
    return [f"{lab.container(host)}-{path.strip('/').replace('/', '-')}:{path}" for path in paths]


def booted(lab: Lab) -> set[str]:
    """Names of the hosts that run."""
    running = set(podman("ps", "--format", "{{.Names}}", "--filter", f"label={LABEL}={lab.name}").split())
    return {host for host in HOSTS if lab.container(host) in running} | uml.booted(lab)


def up(lab: Lab, hosts: list[str], parts: dict[str, Path]) -> None:
    """Boot the mirror and the hosts; those that run already stay as they are."""
    ref = image(lab)
    network(lab)
    present = booted(lab)
    content = digest([str(path) for path in parts.values()])
    current = podman("ps", "--quiet", "--filter", f"label={LABEL}={lab.name}", "--filter", f"label={LABEL}.content={content}").strip()
    if not current:
        start_mirror(lab, ref, parts, content)
    write_zone(lab, {*hosts, *present})
    bridge = bridge_address(lab)
    for port in (8080, 5000, 53):
        wait_port(lab.mirror, port, 30)
    missing = [host for host in hosts if host not in present]
    if lab.kind == "uml":
        own_kernels(lab, missing, sorted(present), bridge)
    else:
        for host in missing:
            remove(lab, host)
        with ThreadPoolExecutor(len(missing) or 1) as pool:
            list(pool.map(lambda host: create(lab, host, ref, volumes_of(lab, host)), missing))
    known_hosts(lab, hosts)
    for host in hosts:
        wait_port(lab.address(host), 22, 120 if lab.kind == "uml" else 20)
    say(f"{len(hosts)} hosts answer on SSH: {', '.join(hosts)} ({len(missing)} new)")


def own_kernels(lab: Lab, missing: list[str], present: list[str], bridge: str) -> None:
    """Switch on hosts with a kernel of their own. The bridge goes with the last container on it: those that run are put onto the new one."""
    for host in present:
        uml.link(lab, host, bridge)
    for host in missing:
        uml.up(lab, host, files(lab, host), hardware_address(lab.address(host)), bridge)


def start_mirror(lab: Lab, ref: str, parts: dict[str, Path], content: str) -> None:
    """The mirror: file server, image registry with TLS, DNS of the site; a new one when what it serves was built anew."""
    remove(lab, MIRROR[0])
    state = lab.state / "mirror"
    write_mirror_config(lab, state)
    write_zone(lab, set())
    mounts = [
        f"{parts['files']}:/srv/files:ro", f"{parts['charts']}:/srv/charts:ro", f"{parts['apt']}:/srv/apt:ro", f"{parts['registry']}:/srv/registry:ro",
        f"{parts['programs']}/registry:/usr/local/bin/registry:ro", f"{parts['dns']}/coredns:/usr/local/bin/coredns:ro",
        f"{binaries.own('fileserver')}:/usr/local/bin/fileserver:ro", f"{state}:/etc/mirror:ro",
    ]
    create(lab, MIRROR[0], ref, mounts, content)
    name = lab.container(MIRROR[0])
    units = " ".join(("mirror-files", "mirror-registry", "mirror-dns"))
    podman("exec", name, "/bin/sh", "-c", f"cp /etc/mirror/*.service /etc/systemd/system/ && systemctl daemon-reload && systemctl enable -q --now {units}")


def write_mirror_config(lab: Lab, state: Path) -> None:
    """Units, registry and DNS configuration, certificate of the registry."""
    state.mkdir(parents=True, exist_ok=True)
    unit = "[Unit]\nDescription=lab mirror: {0}\nAfter=network.target\n[Service]\nExecStart={1}\nEnvironment=OTEL_TRACES_EXPORTER=none\n" \
        "Restart=always\nLimitNOFILE=20000\n[Install]\nWantedBy=multi-user.target\n"
    commands = {
        "files": "/usr/local/bin/fileserver -dir /srv -addr :8080", "registry": "/usr/local/bin/registry serve /etc/mirror/registry.yml",
        "dns": "/usr/local/bin/coredns -conf /etc/mirror/Corefile",
    }
    for name, command in commands.items():
        (state / f"mirror-{name}.service").write_text(unit.format(name, command), encoding="utf-8")
    (state / "registry.yml").write_text(
        "version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: /srv/registry}, maintenance: {readonly: {enabled: true}}}\n"
        "http: {addr: ':5000', tls: {certificate: /etc/mirror/tls.crt, key: /etc/mirror/tls.key}}\n", encoding="utf-8")
    corefile = f"{lab.domain}:53 {{\n hosts /etc/mirror/zone {{\n  ttl 5\n  reload 1s\n }}\n}}\n.:53 {{\n template ANY ANY {{\n  rcode NXDOMAIN\n }}\n}}\n"
    (state / "Corefile").write_text(corefile, encoding="utf-8")
    if not (state / "tls.crt").exists():
        subject = ["-subj", "/CN=onprem.wandb lab mirror", "-addext", f"subjectAltName=DNS:mirror.{lab.domain},IP:{lab.mirror}"]
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
            "-keyout", str(state / "tls.key"), "-out", str(state / "tls.crt"), *subject)


def write_zone(lab: Lab, present: set[str]) -> None:
    """The DNS server's table; it looks for a new one every second."""
    zone = "\n".join(f"{address} {' '.join(names)}" for address, names in dns(lab, present))
    (lab.state / "mirror/zone").write_text(zone + "\n", encoding="utf-8")


def dns(lab: Lab, present: set[str]) -> list[tuple[str, list[str]]]:
    """The site's A records. The object store's name leads to each of its hosts, as in round-robin DNS."""
    known = [host for host in HOSTS if host not in ON_DEMAND or host in present]
    table = [(lab.address(host), [f"{host}.{lab.domain}"]) for host in known]
    table.append((lab.mirror, [f"mirror.{lab.domain}"]))
    table += [(lab.address(host), [f"wandb.{lab.domain}"]) for host in ("cp1", "node1", "node2")]
    table += [(lab.address(host), [f"s3.{lab.domain}"]) for host in known if "minio" in HOSTS[host][1]]
    table.append((lab.address("cp1"), [f"k8s.{lab.domain}"]))
    return table


def known_hosts(lab: Lab, hosts: list[str]) -> None:
    """Host keys, read from the hosts themselves rather than trusted on first use."""
    lines = []
    for host in hosts:
        own = uml.host_key(lab, host) if lab.kind == "uml" else podman("exec", lab.container(host), "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
        key = own.split()
        lines.append(f"{lab.address(host)} {key[0]} {key[1]}")
    (lab.state / "ssh/known_hosts").write_text("\n".join(lines) + "\n", encoding="utf-8")


def wait_port(address: str, port: int, seconds: float) -> None:
    """Wait until a TCP port answers."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((address, port), 2).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise LabError(f"{address}:{port} did not answer within {seconds:.0f} s: {error}") from error
            time.sleep(0.2)


def remove(lab: Lab, host: str) -> None:
    """Remove one host with its volumes, whatever state it is in."""
    name = lab.container(host)
    deadline = time.monotonic() + 60
    # podman 4.3 sometimes fails to remove a container that stops while it is being killed; the next attempt finds it stopped.
    while podman("ps", "-a", "--quiet", "--filter", f"name=^{name}$", "--filter", f"label={LABEL}={lab.name}").strip():
        podman("rm", "--force", "--time", "3", name, check=time.monotonic() > deadline)
    if host != MIRROR[0]:
        for volume in volumes_of(lab, host):
            podman("volume", "rm", "--force", volume.split(":")[0])


def down(lab: Lab) -> None:
    """Remove everything that carries this lab's label or lies in its state, and nothing else."""
    uml.down(lab)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda host: remove(lab, host), [*HOSTS, MIRROR[0]]))
    if podman("network", "ls", "--quiet", "--filter", f"name=^{lab.network}$").strip():
        podman("network", "rm", "--force", lab.network)
