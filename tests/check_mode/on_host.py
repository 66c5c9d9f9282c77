# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs on a host, fed to its python3 by stdin: all that a playbook could change there, as one JSON object {what: state}.

Of a file: kind, mode, owner, inode and the time of its last change (ctime): a file that was written again with the same bytes counts as changed.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import stat
import subprocess
import sys

# Whole trees, and what in them changes by itself.
TREES = [
    "/etc",
    "/opt",
    "/root",
    "/usr/local",
    "/usr/share/ca-certificates",
    "/var/lib/kubelet/*.yaml",
    "/var/lib/minio/*/.minio.sys/config",
    "/var/lib/minio/*/.minio.sys/buckets/*/.metadata.bin",
    "/var/lib/onprem-wandb",
    "/var/spool/cron",
]
ITSELF = (
    "/tmp/runc-process",
    "/tmp/systemd-private-",
    "/var/tmp/systemd-private-",
    "/etc/resolv.conf",
    "/root/.ansible",  # where a module lies while it runs
    # Written by timers and by what watches the server; what a playbook would leave there are further names, which are seen in their directory.
    "/var/lib/onprem-wandb/minio-backup/",
    "/var/lib/onprem-wandb/mysql-backup/",
)
# Only the names in them: sockets, locks, directories of data that is served at the same time.
NAMES = ["/run", "/run/lock", "/tmp", "/var/lib", "/var/lib/onprem-wandb/*", "/var/lib/mysql/*/", "/var/lib/minio/*", "/var/lib/minio/*/*", "/var/tmp"]
SOCKET = "/run/mysqld/mysqld.sock"
UNIT_PROPERTIES = ["Id", "Type", "ActiveState", "UnitFileState", "InvocationID", "MainPID", "TriggeredBy", "LoadState"]
QUERIES = {
    "account": "SELECT user, host, plugin, authentication_string, account_locked, ssl_type, Super_priv, Grant_priv FROM mysql.user",
    "right": "SELECT * FROM mysql.db",
    "dynamic right": "SELECT * FROM mysql.global_grants",
    "database": "SELECT schema_name, default_character_set_name, default_collation_name FROM information_schema.schemata",
    "source": "SELECT * FROM performance_schema.replication_connection_configuration",
    "term": "SELECT * FROM onprem_wandb.reign",
}
VARIABLES = "SELECT variable_name, variable_value FROM performance_schema.global_variables WHERE variable_name NOT LIKE 'gtid%'"


def of_file(path: str) -> str:
    """One line about a file; empty when it is gone meanwhile."""
    try:
        seen = os.lstat(path)
    except OSError:
        return ""
    if stat.S_ISDIR(seen.st_mode):
        return f"directory {stat.S_IMODE(seen.st_mode):04o} {seen.st_uid}:{seen.st_gid}"
    target = f" -> {os.readlink(path)}" if stat.S_ISLNK(seen.st_mode) else ""
    return f"file {stat.S_IMODE(seen.st_mode):04o} {seen.st_uid}:{seen.st_gid} inode {seen.st_ino} changed {seen.st_ctime_ns}{target}"


def trees() -> dict[str, str]:
    """Every file of the trees."""
    found = {}
    for root in [path for pattern in TREES for path in glob.glob(pattern)]:
        found[root] = of_file(root)
        for directory, below, names in os.walk(root):
            below[:] = [name for name in below if not os.path.join(directory, name).startswith(ITSELF)]
            for name in [*below, *names]:
                path = os.path.join(directory, name)
                if not path.startswith(ITSELF):
                    found[path] = of_file(path)
    return found


def names() -> dict[str, str]:
    """What lies in the directories of which only the names count."""
    found = {}
    for directory in [path for pattern in NAMES for path in glob.glob(pattern) if os.path.isdir(path)]:
        for entry in os.scandir(directory):
            # Binary logs, relay logs and temporary tables come and go; a directory is a database or a copy.
            if entry.path.startswith(ITSELF):
                continue
            if not directory.startswith("/var/lib/mysql/") or entry.is_dir(follow_symlinks=False):
                found[entry.path] = "there"
    return found


def units() -> dict[str, str]:
    """Which units are enabled and run, and since which start; of one that a timer starts also when the timer did it last."""
    wanted = ["*.service", "*.timer", "*.socket", "*.path"]
    found = {}
    for unit in show("--all", f"--property={','.join(UNIT_PROPERTIES)}", *wanted):
        name = unit.get("Id", "")
        if not name or name.startswith(("user@", "user-runtime-dir@", "session", "systemd-")):
            continue
        state = f"{unit['LoadState']} {unit['UnitFileState']}"
        timers = [other for other in unit.get("TriggeredBy", "").split() if other.endswith(".timer")]
        if timers:
            found[f"unit {name}"] = f"{state} start {unit['InvocationID']}"
            found[f"timer of {name}"] = " ".join(seen.get("LastTriggerUSec", "") for seen in show("--property=LastTriggerUSec", *timers))
        else:
            found[f"unit {name}"] = f"{state} {unit['ActiveState']} start {unit.get('InvocationID', '')} pid {unit.get('MainPID', '')}"
    return found


def show(*arguments: str) -> list[dict[str, str]]:
    """systemctl show, a mapping for each unit."""
    text = subprocess.run(["systemctl", "show", *arguments], capture_output=True, text=True, check=True).stdout
    return [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in text.split("\n\n")]


def database() -> dict[str, str]:
    """What a running MySQL server holds of its own, apart from data. A password's hash is not shown."""
    if not os.path.exists(SOCKET):
        return {}
    import pymysql

    found = {}
    with pymysql.connect(unix_socket=SOCKET, user="root") as session, session.cursor() as cursor:
        for what, query in QUERIES.items():
            cursor.execute(query)
            for row in cursor.fetchall():
                digest = hashlib.sha256(repr(row).encode()).hexdigest()[:12]
                found[f"mysql {what} {' '.join(str(value) for value in row[:2])} {digest}"] = "there"
        cursor.execute(VARIABLES)
        found.update({f"mysql variable {name}": str(value) for name, value in cursor.fetchall()})
    return found


def main() -> None:
    json.dump({**trees(), **names(), **units(), **database()}, sys.stdout)


if __name__ == "__main__":
    main()
