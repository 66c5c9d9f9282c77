# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards the role of this MySQL server around start and stop. Managed by onprem.wandb, role mysql.

prepare  before mysqld starts: directories; initialises an empty data directory of a host that never was a primary.
guard    after mysqld started (every start is read-only, replication stopped): resumes replication, or opens the primary when that is safe.
stop     before mysqld is stopped: offline_mode, so that no commit is acknowledged that a standby lacks.
status   what the guard decided last.
"""

from __future__ import annotations

import fnmatch
import json
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql import peers, restoring, rolefile, smallfile
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.member import Member, read_remote
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.plan import BARE, OK, Peer
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import LOCK, Address, Server, local, pymysql

Config = dict[str, t.Any]

CONFIG = "/etc/onprem-wandb/mysql/guard.json"
STATUS = "/run/onprem-wandb/mysql-guard.json"
# In the data directory itself: it goes where the directory goes, and mysqld looks at no hidden name.
INITIALISING = ".onprem-wandb-initialising"
# What mysqld --initialize makes. Anything else beside the mark is not of that run.
INITIALISED = (
    "mysql",
    "mysql.ibd",
    "performance_schema",
    "sys",
    "auto.cnf",
    "ib*",
    "#ib*",
    "#innodb_*",
    "undo_*",
    "binlog.*",
    "*.pem",
    "*.err",
    "*.log",
    "*.pid",
)

START_REPLICATION = "start replication"
OPEN = "open"
STAY = "stay read-only"
WAIT = "wait"
PLAYBOOK = "ansible-playbook onprem.wandb.mysql_"
NEXT = (
    f"Next: {PLAYBOOK}status -i <inventory> shows both servers; where the other one serves, {PLAYBOOK}rejoin -i <inventory> makes this one its standby. "
    "(mysql_primary of the inventory decides nothing here.)"
)
DONE = "nothing to do"

# root never has a password: it is the operating system's root on the socket. --initialize loads no plugin, hence the row and not ALTER USER.
INITIAL_SQL = """SET SESSION sql_log_bin = 0;
UPDATE mysql.user SET plugin = 'auth_socket', authentication_string = '' WHERE user = 'root' AND host = 'localhost';
"""


def say(text: str) -> None:
    """For the journal."""
    print(text, flush=True)


def fail(text: str) -> int:
    """For the journal, as an error."""
    print(text, file=sys.stderr, flush=True)
    return 1


# --- decisions, without a server -------------------------------------------------------------------------------------------------


def decide_peer(peer: Peer, me: Member) -> tuple[str, str]:
    """What one peer means for a primary that wants to open again."""
    where, there = peer.address, peer.member
    if peer.state == BARE:
        return OPEN, f"{where} was never a member"
    if peer.state != OK or there is None:
        return WAIT, f"{where} cannot be asked whether it took over ({peer.detail})"
    if there.writable:
        return STAY, f"{where} is writable"
    if there.term.number > me.term.number:
        return STAY, f"{where} took over after this server"
    # What an earlier primary holds beyond this one was given up when this one took over.
    if peer.ahead and not me.term.later_than(there.term, me.server_uuid):
        return STAY, f"{where} holds transactions that this server lacks: {peer.ahead}"
    source_uuid = there.channel.source_uuid if there.channel else ""
    if there.channel and source_uuid == me.server_uuid:
        if there.channel.receiver == "OFF":
            return WAIT, f"{where} has stopped receiving from this server: somebody works on it, or it is about to take over"
        return OPEN, f"{where} replicates from this server"
    if source_uuid or (there.source_enabled and not there.fenced):
        return STAY, f"{where} follows another server or is set up as a primary"
    return OPEN, f"{where} is read-only and {'was replaced by this server' if peer.ahead else 'has nothing that this server lacks'}"


def decide(role: t.Mapping[str, t.Any], me: Member, asked: t.Sequence[Peer], without_peer: bool) -> tuple[str, str]:
    """What to do with a server that came up read-only."""
    if me.channel:
        running = me.channel.receiver != "OFF" and me.channel.applier == "ON"
        return (DONE, "replication runs") if running else (START_REPLICATION, "a replication channel is configured")
    if me.writable:
        return DONE, "already writable"
    if role.get("role") != "primary" or role.get("server_uuid") != me.server_uuid:
        return DONE, "this host is not recorded as the primary"
    found = [decide_peer(peer, me) for peer in asked]
    for verdict in (STAY, WAIT):
        reasons = [reason for what, reason in found if what == verdict]
        if reasons and not (verdict == WAIT and without_peer):
            return verdict, "; ".join(reasons)
    return OPEN, "; ".join(reason for _what, reason in found) or "there is no peer"


def data_directory(names: t.Iterable[str], marker: bool, role: t.Mapping[str, t.Any]) -> tuple[str, str, str]:
    """What to do with a data directory: start, initialise or refuse, why, and what a person does next ({mark}, {role}, {data}: paths)."""
    names = sorted(name for name in names if not name.startswith(".") and name != "lost+found")
    if marker:
        others = [name for name in names if not any(fnmatch.fnmatchcase(name, pattern) for pattern in INITIALISED)]
        if others:
            reason = f"an initialisation was interrupted here, and {', '.join(others[:5])} came since, which it does not make. Nothing was touched"
            return "refuse", reason, "rm {mark} && systemctl start mysqld (only when these are good data)"
        return "initialise", "an initialisation was interrupted; it is done again", ""
    if not names:
        if role.get("role") == "primary":
            reason = "the data directory is empty, and this host was the primary. Is its file system mounted"
            return "refuse", reason, "findmnt --target {data}; to begin with an empty server all the same: rm {role}; systemctl start mysqld"
        return "initialise", "the data directory is empty", ""
    if "mysql.ibd" not in names:
        reason = f"the data directory holds {', '.join(names[:5])} and no mysql.ibd: it is not one of MySQL 8 or newer. Nothing was touched"
        return "refuse", reason, "ls -la {data}"
    return "start", "", ""


# --- before the start -------------------------------------------------------------------------------------------------------------


def make_directory(path: str, owner: pwd.struct_passwd, mode: int) -> None:
    """A directory of the server's user."""
    if not os.path.isdir(path):
        os.makedirs(path)
        os.chmod(path, mode)
        os.chown(path, owner.pw_uid, owner.pw_gid)


def initialise(config: Config, marker: str) -> None:
    """Make an empty server. The marker tells a later start that this one was interrupted."""
    with open(marker, "w", encoding="utf-8") as stream:
        stream.write(time.strftime("%Y-%m-%dT%H:%M:%SZ\n", time.gmtime()))
        os.fsync(stream.fileno())
    for name in os.listdir(config["datadir"]):
        path = os.path.join(config["datadir"], name)
        if name == "lost+found" or name.startswith("."):  # hidden: what a restore has kept
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(INITIAL_SQL)
        script.flush()
        os.chmod(script.name, 0o644)
        subprocess.run([config["mysqld"], f"--defaults-file={config['my_cnf']}", "--initialize-insecure", f"--init-file={script.name}"], check=True)
    os.sync()
    os.unlink(marker)


def prepare(config: Config) -> int:
    """Directories and data directory."""
    half = restoring.half_done(config["role_file"])
    if half:
        return fail(
            f"{config['datadir']}: a restore to {half.get('to')} was interrupted ('{half['stage']}'), so the data directory is not whole, and no server is "
            f"started or made in it. The old data are in {half.get('kept')}. Expected: the restore ends first. "
            f"Next: ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e \"op_restore_to='{half.get('to')}'\""
        )
    owner = pwd.getpwnam(config["user"])
    make_directory(config["datadir"], owner, 0o750)
    os.makedirs(os.path.dirname(config["role_file"]), exist_ok=True)
    marker = os.path.join(config["datadir"], INITIALISING)
    action, why, then = data_directory(os.listdir(config["datadir"]), os.path.exists(marker), rolefile.read(config["role_file"]))
    if action == "refuse":
        paths = {name: shlex.quote(path) for name, path in (("mark", marker), ("role", config["role_file"]), ("data", config["datadir"]))}
        return fail(f"{config['datadir']}: {why}. Next: {then.format(**paths)}")
    if action == "initialise":
        say(f"{config['datadir']}: {why}")
        initialise(config, marker)
    return 0


# --- with a server ----------------------------------------------------------------------------------------------------------------


ANSWER = 5  # seconds for an answer of a peer


def run(server: Server, *statements: str) -> None:
    """Change something."""
    for statement in statements:
        say(statement)
        server.rows(statement)


def act(action: str, me: Member, role: t.Mapping[str, t.Any], server: Server) -> None:
    """Carry the decision out."""
    if action == START_REPLICATION:
        if me.source_enabled is not None:
            run(server, "SET GLOBAL rpl_semi_sync_replica_enabled = ON")
        run(server, "START REPLICA")
    elif action == OPEN:
        # In this order: no commit may be acknowledged before it waits for the standby.
        if role.get("semi_sync"):
            run(server, "SET GLOBAL rpl_semi_sync_source_enabled = ON")
        run(server, "SET GLOBAL super_read_only = OFF", "SET GLOBAL read_only = OFF")


def note(action: str, reason: str) -> None:
    """For people, verify and monitoring."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    smallfile.write_text(STATUS, json.dumps({"decision": action, "reason": reason, "at": at}) + "\n")


def look_and_act(config: Config) -> tuple[str, str]:
    """One round under the lock that changes of role take."""
    with local(config["socket"], timeout=10) as server:
        if server.value("SELECT GET_LOCK(%s, 2)", (LOCK,)) != 1:
            return WAIT, "a change of roles is under way"
        role = rolefile.read(config["role_file"])
        me = read_remote(server)  # what a peer tells is all that is asked here, too
        asked = []
        if role.get("role") == "primary" and not me.channel and not me.writable:
            login = {"user": config["peer_user"], "password": config["peer_password"], "ssl_ca": config["ca"]}
            asked = [peers.ask(server, Address(peer["host"], peer["port"], **login), ANSWER) for peer in config["peers"]]
        action, reason = decide(role, me, asked, config["boot_without_peer"])
        act(action, me, role, server)
        return action, reason


def guard(config: Config) -> int:
    """Until the role is decided. Waiting has no deadline: a primary that nobody vouches for stays read-only, and says so."""
    last = ""
    while True:
        try:
            action, reason = look_and_act(config)
        except (pymysql.MySQLError, OSError) as error:
            action, reason = WAIT, f"this server does not answer: {error}"
        if f"{action}: {reason}" != last:
            last = f"{action}: {reason}"
            say(last)
            note(action, reason)
        if action == STAY:
            return fail(f"This server stays read-only: {reason}. {NEXT}")
        if action != WAIT:
            return 0
        time.sleep(1)


SENT = 5.0  # seconds in which a standby is sent the last transactions before the server ends
DUMPS = "SELECT ID AS id, COALESCE(STATE, '') AS state FROM performance_schema.processlist WHERE COMMAND LIKE 'Binlog Dump%'"


def standbys_that_have_all(server: Server) -> list[int]:
    """Sessions that send binary logs, when all of them have sent everything; none when one has not within SENT seconds."""
    end = time.monotonic() + SENT
    while True:
        found = server.rows(DUMPS)
        if all("has sent all binlog" in row["state"] for row in found):
            return [row["id"] for row in found]
        if time.monotonic() > end:
            return []
        time.sleep(0.05)


def stop(config: Config) -> int:
    """SIGTERM answers OK to commits that wait for a standby; offline_mode ends their sessions without an OK first.

    A server that is told to end while a session sends binary logs waits 8 seconds for every other session, its own among them, which never go, and then
    2 more. So those sessions are ended here, once they have sent everything, and SHUTDOWN follows before a standby can come again.
    """
    try:
        with local(config["socket"], timeout=5) as server:
            run(server, "SET GLOBAL offline_mode = ON")
            sessions = standbys_that_have_all(server)
            if sessions:
                end_with(server, sessions)
    except (pymysql.MySQLError, OSError) as error:
        say(f"The server does not answer ({error}); there is nothing to guard.")
    return 0


def end_with(server: Server, sessions: t.Sequence[int]) -> None:
    """SHUTDOWN without these sessions. What goes wrong here only costs the seconds: SIGTERM comes in any case."""
    for statement in [*(f"KILL {int(one)}" for one in sessions), "SHUTDOWN"]:
        try:
            run(server, statement)
        except pymysql.MySQLError as error:
            say(f"{statement}: {error}")


def status(_config: Config) -> int:
    """The last decision."""
    say(json.dumps(smallfile.read_json(STATUS)))
    return 0


def main(arguments: t.Sequence[str]) -> int:
    """Entry point."""
    commands = {"prepare": prepare, "guard": guard, "stop": stop, "status": status}
    if len(arguments) != 1 or arguments[0] not in commands:
        return fail(f"usage: mysql-role-guard {'|'.join(commands)}")
    config = smallfile.read_json(CONFIG)
    if not config:
        return fail(f"{CONFIG} is missing or no JSON. Next: ansible-playbook onprem.wandb.mysql -i <inventory>")
    return commands[arguments[0]](config)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
