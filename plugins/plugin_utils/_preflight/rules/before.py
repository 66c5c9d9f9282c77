# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was on a host before us: another server's data and unit, another Python, mounts and programs that undo what the roles do."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import KUBE_GROUPS, Finding, Site

OURS = "onprem_wandb"  # the database of the heartbeat: data of our own server, on a host that was made anew
CNI_PROGRAMS = "/opt/cni/bin"


def data(site: Site) -> Iterator[Finding]:
    """Files where MySQL's data will be, on a host that was never set up: the server would refuse them, or start on them."""
    for host in site.measured("mysql"):
        found = host.measured["mysql_before"]
        if not found["files"] or OURS in found["files"] or (host.measured.get("evidence") or {}).get("mysql_app_password"):
            continue
        shown = ", ".join(found["files"][:5]) + (" …" if len(found["files"]) > 5 else "")
        remedy = "mv %(directory)s %(directory)s.before keeps them; or mysql_data_dir: <another directory>" % found
        seen = "%s holds %s" % (found["directory"], shown)
        yield Finding(host.name, "mysql_data_dir", seen, "an empty directory, or data of this collection's server", remedy)


def unit(site: Site) -> Iterator[Finding]:
    """MariaDB's packages, and MySQL's of a distribution, take the name of our unit as an alias of theirs."""
    for host in site.measured("mysql"):
        target = host.measured["mysql_before"]["alias"]
        if not target:
            continue
        name = target.rpartition("/")[2]
        remedy = "systemctl unmask mysqld" if target == "/dev/null" else "systemctl disable --now %s, and remove its package" % name
        yield Finding(host.name, "/etc/systemd/system/mysqld.service", "a link to %s" % target, "no such unit: another server has its name", remedy)


def python(site: Site) -> Iterator[Finding]:
    """Ansible prefers the newest Python that it finds. The packages that role mysql installs are for the distribution's."""
    for host in site.measured("mysql"):
        found = host.measured["interpreter"]
        if not found["distribution"] and not found["pymysql"]:
            remedy = "in group_vars/all.yml ansible_python_interpreter: /usr/bin/python3"
            yield Finding(host.name, "ansible_python_interpreter", found["path"], "the Python of the distribution, or one that has PyMySQL", remedy)


def programs(site: Site) -> Iterator[Finding]:
    """A hardened host does not run programs from there. Containers do not mind: an overlay is a mount of its own."""
    for host in site.measured():
        for path, point in host.measured["noexec"].items():
            if path == CNI_PROGRAMS and not host.in_any(KUBE_GROUPS):
                continue
            remedy = "mount -o remount,exec %s, and the same in /etc/fstab; or a file system of its own at %s" % (point, path)
            yield Finding(host.name, path, "on %s, which is mounted noexec" % point, "a place from which programs run", remedy)


def names(site: Site) -> Iterator[Finding]:
    """cloud-init writes /etc/hosts anew at each boot: the block of role host is gone, and with it the names of the other hosts."""
    for host in site.measured():
        path = host.measured["hosts_writer"]
        if path and host.flag("host_etc_hosts"):
            remedy = "on the host: echo 'manage_etc_hosts: false' > /etc/cloud/cloud.cfg.d/zz-hosts.cfg; or DNS for the names, and host_etc_hosts: false"
            yield Finding(host.name, "host_etc_hosts", "true, and %s lets cloud-init write /etc/hosts" % path, "one writer of /etc/hosts", remedy)


RULES = (data, unit, python, programs, names)
