# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading a host: parsers with samples of real kernels, and the real machine that runs the test."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host import drives
from ansible_collections.onprem.wandb.plugins.module_utils._host import preflight as host

V2 = "sysfs /sys sysfs rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"
V1 = "tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n"
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   105        0 4242 1 0000000000000000 100 0 0 10 0
   1: 0F02000A:A1B2 0202000A:0016 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0000000000000000 20 4 30 10 -1
"""
TCP6 = """  sl  local_address                         remote_address                        st tx rx tr tm retrnsmt uid timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 99 1 0 100
"""


def test_os_release():
    found = host.parse_os_release('PRETTY_NAME="Rocky Linux 9.5"\nID="rocky"\nID_LIKE="rhel centos fedora"\n# x=y\nVERSION_ID="9.5"\n')
    assert found == {"id": "rocky", "id_like": ["rhel", "centos", "fedora"], "version": "9.5", "name": "Rocky Linux 9.5"}
    assert host.parse_os_release("")["id"] == ""


@pytest.mark.parametrize(("mounts", "version"), [(V2, 2), (V1, 1), ("proc /proc proc rw 0 0\n", 0)])
def test_cgroup(mounts, version):
    assert host.parse_cgroup(mounts)["version"] == version


def test_swaps():
    text = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/zram0                              partition\t8388604\t\t0\t\t100\n"
    assert host.parse_swaps(text) == [{"device": "/dev/zram0", "size_mb": 8191}]
    assert host.parse_swaps(text.splitlines()[0]) == []


def test_memory():
    assert host.parse_meminfo_mb("MemTotal:       16384000 kB\nMemFree: 1 kB\n") == 16000
    assert host.parse_meminfo_mb("") == 0


def test_listeners_only():
    assert host.parse_listeners(TCP) == [{"address": "127.0.0.1", "port": 3306, "inode": "4242"}]
    assert host.parse_listeners(TCP6) == [{"address": "::", "port": 8080, "inode": "99"}]


def test_default_route():
    head = "Iface\tDestination\tGateway\n"
    assert host.parse_default_route(head + "eth0\t00000000\t0102000A\n")
    assert not host.parse_default_route(head + "eth0\t0002000A\t00000000\n")


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("0::/system.slice/mysqld.service\n", "mysqld.service"),
        ("12:pids:/system.slice/ssh.service\n1:name=systemd:/system.slice/ssh.service\n", "ssh.service"),
        ("0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-abc.scope\n", "kubepods"),
        ("0::/user.slice/user-0.slice/session-3.scope\n", "session-3.scope"),
        ("0::/\n", ""),
    ],
)
def test_unit_of_a_process(text, unit):
    assert host.parse_unit(text) == unit


@pytest.mark.parametrize(
    ("listener", "ours"),
    [
        ({"exe": "/opt/onprem-wandb/mysql/8.4.9/bin/mysqld", "unit": "mysqld.service"}, True),
        ({"exe": "/usr/sbin/mysqld", "unit": "mysql.service"}, False),
        ({"exe": "/opt/onprem-wandb-old/x", "unit": ""}, False),
        ({"exe": "/usr/local/bin/kube-apiserver", "unit": "kubepods"}, True),
        ({"exe": "/usr/bin/redis-server", "unit": "redis-server.service"}, True),
        ({"exe": "/usr/bin/redis-server", "unit": "redis.service"}, False),
        ({}, False),
    ],
)
def test_our_own_processes(listener, ours):
    assert host.is_ours(listener, "/opt/onprem-wandb", True, ["redis-server.service"]) is ours


def test_pods_of_a_foreign_runtime_are_not_ours():
    assert not host.is_ours({"unit": "kubepods"}, "/opt/onprem-wandb", False, [])


def test_markers(tmp_path):
    (tmp_path / "conf").write_text("# Managed by onprem.wandb\n")
    assert host.marker_holds(str(tmp_path / "conf"))
    assert host.marker_holds("%s::onprem.wandb" % (tmp_path / "conf"))
    assert not host.marker_holds("%s::somebody else" % (tmp_path / "conf"))
    assert not host.marker_holds(str(tmp_path / "none"))


def test_the_listener_of_this_process_is_found():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        (entry,) = [item for item in host.listeners("/opt/onprem-wandb", {}) if item["port"] == port]
    assert entry["process"] and entry["pid"] and not entry["ours"]


def test_reaching_and_not_reaching():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert host.reach({"name": "x", "host": "127.0.0.1", "port": port})["error"] == ""
    assert "no TCP connection" in host.reach({"name": "x", "host": "127.0.0.1", "port": port})["error"]
    # A host of the site whose service does not run yet: the packets arrive.
    assert host.reach({"name": "x", "host": "127.0.0.1", "port": port, "target": "db1"}) == {
        **{"name": "x", "host": "127.0.0.1", "port": port, "addresses": ["127.0.0.1"], "error": "", "target": "db1"}
    }
    (nowhere,) = host.reach_all([{"name": "x", "host": "nowhere.invalid"}])
    assert "does not resolve" in nowhere["error"]
    assert host.reach_all([]) == []


def test_disk_of_a_path_that_does_not_exist_yet(tmp_path):
    found = host.disk(str(tmp_path / "a" / "b"))
    assert found["probed"] == str(tmp_path) and found["total_gb"] > 0


MOUNTS = drives.mounts(
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 8:2 / /opt rw,nosuid,nodev,noexec,relatime - ext4 /dev/sda2 rw\n24 22 8:3 / /mnt/a rw - xfs /dev/sdb1 rw\n"
)


def test_where_no_program_runs():
    assert host.not_executable(["/opt/onprem-wandb", "/mnt/a", "/optional"], MOUNTS) == {"/opt/onprem-wandb": "/opt"}


def test_which_python(tmp_path):
    assert host.interpreter(str(tmp_path / "python3"))["distribution"] is False
    assert set(host.interpreter()) == {"path", "distribution", "pymysql"}


def test_what_another_server_left(tmp_path):
    unit, directory = tmp_path / "mysqld.service", tmp_path / "mysql"
    assert host.mysql_before("", str(unit)) == {"alias": "", "directory": "", "files": []}
    directory.mkdir()
    for name in ("lost+found", ".hidden", "ibdata1"):
        (directory / name).touch()
    unit.symlink_to("/nowhere/mariadb.service")
    assert host.mysql_before(str(directory), str(unit)) == {"alias": "/nowhere/mariadb.service", "directory": str(directory), "files": ["ibdata1"]}
    unit.unlink()
    unit.write_text("[Unit]\n")
    assert host.mysql_before(str(tmp_path / "none"), str(unit))["alias"] == ""


@pytest.mark.parametrize(
    ("files", "writer"),
    [
        ({}, ""),
        ({"etc/cloud/cloud.cfg": "manage_etc_hosts: true\n"}, "etc/cloud/cloud.cfg"),
        ({"etc/cloud/cloud.cfg": "#manage_etc_hosts: true\nmanage_etc_hosts: localhost\n"}, ""),
        ({"etc/cloud/cloud.cfg": "manage_etc_hosts: True\n", "etc/cloud/cloud.cfg.d/zz.cfg": "manage_etc_hosts: false\n"}, ""),
        ({"etc/cloud/cloud.cfg.d/a.cfg": "manage_etc_hosts: 'template'\n", "etc/cloud/cloud.cfg.d/b": "x\n"}, "etc/cloud/cloud.cfg.d/a.cfg"),
        ({"var/lib/cloud/instance/cloud-config.txt": "manage_etc_hosts: true\n"}, "var/lib/cloud/instance/cloud-config.txt"),
    ],
)
def test_who_writes_etc_hosts(tmp_path, files, writer):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert host.hosts_writer(str(tmp_path)) == (str(tmp_path / writer) if writer else "")
