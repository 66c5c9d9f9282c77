# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what one host says about itself, read without changing anything.

Every reader takes the root of the file system as an argument, so that a unit test can hand it a directory.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.onprem.wandb.plugins.module_utils._host import drives
from ansible_collections.onprem.wandb.plugins.module_utils._say import NOT_REACHED

TCP_LISTEN = "0A"
ENDPOINT_TIMEOUT = 4.0


def read_text(path: str, default: str = "") -> str:
    """The text of a small file of the kernel, or the default when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return default


def parse_os_release(text: str) -> dict[str, Any]:
    """/etc/os-release as the fields that rules ask for."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, separator, value = line.strip().partition("=")
        if separator and not key.startswith("#"):
            fields[key] = value.strip("\"'")
    return {
        "id": fields.get("ID", ""),
        "id_like": fields.get("ID_LIKE", "").split(),
        "version": fields.get("VERSION_ID", ""),
        "name": fields.get("PRETTY_NAME", ""),
    }


def parse_cgroup(mounts: str) -> dict[str, Any]:
    """Version of the cgroup hierarchy from /proc/self/mounts; the same answer as `stat -fc %T /sys/fs/cgroup`."""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) > 2 and fields[1] == "/sys/fs/cgroup":
            return {"version": 2 if fields[2] == "cgroup2" else 1, "filesystem": fields[2]}
    return {"version": 0, "filesystem": "not mounted"}


def parse_swaps(text: str) -> list[dict[str, Any]]:
    """Active swap areas from /proc/swaps."""
    areas = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 3:
            areas.append({"device": fields[0], "size_mb": int(fields[2]) // 1024})
    return areas


def parse_meminfo_mb(text: str) -> int:
    """Total memory in MiB from /proc/meminfo."""
    match = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    return int(match.group(1)) // 1024 if match else 0


def decode_address(field: str) -> tuple[str, int]:
    """Address and port of one hexadecimal field of /proc/net/tcp or tcp6 (words in host byte order)."""
    address, port = field.split(":")
    raw = bytes.fromhex(address)
    words = struct.unpack(">%dI" % (len(raw) // 4), raw)
    packed = struct.pack("<%dI" % len(words), *words)
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, packed), int(port, 16)


def parse_listeners(text: str) -> list[dict[str, Any]]:
    """Listening sockets of one /proc/net/tcp* file."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == TCP_LISTEN:
            address, port = decode_address(fields[1])
            found.append({"address": address, "port": port, "inode": fields[9]})
    return found


def parse_default_route(text: str) -> bool:
    """Whether /proc/net/route holds a default route."""
    return any(line.split()[1:2] == ["00000000"] for line in text.splitlines()[1:])


def parse_unit(cgroup: str) -> str:
    """Name of the systemd unit (or "kubepods") of a process from its /proc/<pid>/cgroup."""
    if "kubepods" in cgroup:
        return "kubepods"
    match = re.findall(r"/([^/\n]+\.(?:service|scope))", cgroup)
    return str(match[-1]) if match else ""


def is_ours(listener: dict[str, Any], root: str, has_runtime: bool, units: list[str]) -> bool:
    """Whether this collection started the process: it runs from our root, in a pod of our runtime, or in a unit that we manage."""
    if str(listener.get("exe", "")).startswith(root.rstrip("/") + "/"):
        return True
    if listener.get("unit") == "kubepods":
        return has_runtime
    return listener.get("unit", "") in units


def socket_owners(inodes: set[str], proc: str = "/proc") -> dict[str, int]:
    """Process id per socket inode, for the wanted inodes only."""
    owners: dict[str, int] = {}
    for entry in os.listdir(proc):
        if not entry.isdigit() or len(owners) == len(inodes):
            continue
        directory = os.path.join(proc, entry, "fd")
        try:
            names = os.listdir(directory)
        except OSError:  # the process ended, or it is not ours to see
            continue
        for name in names:
            try:
                target = os.readlink(os.path.join(directory, name))
            except OSError:
                continue
            if target.startswith("socket:[") and target[8:-1] in inodes:
                owners.setdefault(target[8:-1], int(entry))
    return owners


def describe_process(pid: int, proc: str = "/proc") -> dict[str, Any]:
    """Name, executable and unit of a process."""
    base = os.path.join(proc, str(pid))
    try:
        exe = os.readlink(os.path.join(base, "exe"))
    except OSError:
        exe = ""
    return {
        "pid": pid,
        "process": read_text(os.path.join(base, "comm")).strip(),
        "exe": exe[: -len(" (deleted)")] if exe.endswith(" (deleted)") else exe,
        "unit": parse_unit(read_text(os.path.join(base, "cgroup"))),
    }


def listeners(root: str, managed_units: dict[str, list[str]], proc: str = "/proc") -> list[dict[str, Any]]:
    """Every listening TCP port once, with the process behind it and whether that process is ours."""
    sockets = parse_listeners(read_text(proc + "/net/tcp")) + parse_listeners(read_text(proc + "/net/tcp6"))
    owners = socket_owners({entry["inode"] for entry in sockets}, proc)
    has_runtime = os.path.exists(os.path.join(root, "containerd"))
    units = [unit for unit, markers in managed_units.items() if any(marker_holds(marker) for marker in markers)]
    seen: dict[tuple[int, int], dict[str, Any]] = {}
    for entry in sockets:
        pid = owners.get(entry.pop("inode"), 0)
        if (entry["port"], pid) in seen:
            continue
        if pid:
            entry.update(describe_process(pid, proc))
        entry["ours"] = is_ours(entry, root, has_runtime, units)
        seen[entry["port"], pid] = entry
    return sorted(seen.values(), key=lambda item: item["port"])


def marker_holds(marker: str) -> bool:
    """A marker is "path" (must exist) or "path::text" (the file must contain the text)."""
    path, _separator, text = marker.partition("::")
    return text in read_text(path) if text else os.path.exists(path)


def evidence_found(marks: dict[str, list[str]]) -> dict[str, str]:
    """The first mark that holds, by the name it is a mark of."""
    found = {name: next((mark for mark in of if marker_holds(mark)), "") for name, of in marks.items()}
    return {name: mark for name, mark in found.items() if mark}


def disk(path: str) -> dict[str, Any]:
    """Size of the file system that holds (or will hold) a path."""
    probe = path
    while not os.path.exists(probe) and probe not in ("/", ""):
        probe = os.path.dirname(probe)
    stat = os.statvfs(probe or "/")
    return {
        "path": path,
        "probed": probe or "/",
        "device": os.stat(probe or "/").st_dev,
        "total_gb": round(stat.f_blocks * stat.f_frsize / 1e9, 1),
        "free_gb": round(stat.f_bavail * stat.f_frsize / 1e9, 1),
    }


def not_executable(paths: Sequence[str], mounts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Where each of these directories is, or would be, mounted without the right to run programs in it."""
    found = {path: drives.mount_of(path, mounts) for path in paths}
    return {path: mount["mount_point"] for path, mount in found.items() if "noexec" in mount.get("options", "").split(",")}


def interpreter(system: str = "/usr/bin/python3") -> dict[str, Any]:
    """The Python that modules run with. The distribution's packages are for its own alone."""
    own = sys.prefix == "/usr" and os.path.realpath(sys.executable) == os.path.realpath(system)
    return {"path": sys.executable, "distribution": own, "pymysql": importlib.util.find_spec("pymysql") is not None}


def mysql_before(directory: str, unit: str = "/etc/systemd/system/mysqld.service") -> dict[str, Any]:
    """What a server of somebody else has left: the alias of its unit, and files where our server's data will be."""
    try:
        names = sorted(name for name in os.listdir(directory) if not name.startswith(".") and name != "lost+found") if directory else []
    except OSError:  # no such directory
        names = []
    return {"alias": os.path.realpath(unit) if os.path.islink(unit) else "", "directory": directory, "files": names[:20]}


def hosts_writer(root: str = "/") -> str:
    """The file by which cloud-init writes /etc/hosts anew at each boot; empty when nothing does. What is read last counts, what came with the instance most."""
    folder = os.path.join(root, "etc/cloud/cloud.cfg.d")
    names = sorted(name for name in os.listdir(folder) if name.endswith(".cfg")) if os.path.isdir(folder) else []
    files = [os.path.join(root, "etc/cloud/cloud.cfg"), *(os.path.join(folder, name) for name in names)]
    found = ""
    for path in [*files, os.path.join(root, "var/lib/cloud/instance/cloud-config.txt")]:
        said = re.findall(r"^manage_etc_hosts:\s*['\"]?(\w+)", read_text(path), re.MULTILINE)
        if said:
            found = path if said[-1].lower() in ("true", "template", "yes", "on") else ""
    return found


def reach(endpoint: dict[str, Any], timeout: float = ENDPOINT_TIMEOUT) -> dict[str, Any]:
    """Resolve a name and open a TCP connection; a sentence in `error` when one of the two fails.

    With a `target`, a host of the site whose service may not run yet, a refusal is an answer: the packets arrive.
    """
    host, port, target = str(endpoint["host"]), int(endpoint.get("port") or 0), str(endpoint.get("target") or "")
    answer: dict[str, Any] = {"name": endpoint.get("name", ""), "host": host, "port": port, "addresses": [], "error": "", "target": target}
    try:
        found = socket.getaddrinfo(host, port or None, type=socket.SOCK_STREAM)
    except NOT_REACHED as error:
        answer["error"] = "name %s does not resolve (%s)" % (host, getattr(error, "strerror", "") or error)
        return answer
    answer["addresses"] = sorted({str(item[4][0]) for item in found})
    if not port:
        return answer
    try:
        socket.create_connection((host, port), timeout=timeout).close()
    except ConnectionRefusedError as error:
        if not target:
            answer["error"] = "no TCP connection to %s port %d (%s)" % (host, port, error.strerror)
    except NOT_REACHED as error:
        answer["error"] = "no TCP connection to %s port %d within %g s (%s)" % (host, port, timeout, getattr(error, "strerror", "") or error)
    return answer


def reach_all(endpoints: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All endpoints side by side, so that ten dead ones cost one timeout."""
    if not endpoints:
        return []
    with ThreadPoolExecutor(max_workers=min(64, len(endpoints))) as pool:
        return list(pool.map(reach, endpoints))


def identity(root: str = "/") -> dict[str, Any]:
    """Who the host is, as far as Kubernetes asks."""
    return {
        "hostname": socket.gethostname(),
        "machine_id": read_text(os.path.join(root, "etc/machine-id")).strip(),
        "product_uuid": read_text(os.path.join(root, "sys/class/dmi/id/product_uuid")).strip().lower(),
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "os": parse_os_release(read_text(os.path.join(root, "etc/os-release"))),
    }


def resources(paths: list[str], programs: Sequence[str] = ()) -> dict[str, Any]:
    """CPU, memory, disk and swap."""
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "memory_mb": parse_meminfo_mb(read_text("/proc/meminfo")),
        "swap": parse_swaps(read_text("/proc/swaps")),
        "cgroup": parse_cgroup(read_text("/proc/self/mounts")),
        "noexec": not_executable(programs, drives.here()),
        "default_route": parse_default_route(read_text("/proc/net/route")),
        "disks": [disk(path) for path in paths],
    }
