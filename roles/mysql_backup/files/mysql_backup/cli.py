# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mysql-backup <command>: what timers and people call."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, pymysql, text_of

from . import expire, foretell, full, journal, placing, repair, restore, ship, status, verify
from .base import Busy, complain, say
from .config import CONFIG, Config, Home, Store, load
from .restic import Repository

Result = dict[str, t.Any]


def parser() -> argparse.ArgumentParser:
    """Commands and their options."""
    top = argparse.ArgumentParser(prog="mysql-backup", description="Backups of the MySQL pair. The server's role decides whether this host acts.")
    top.add_argument("--config", default=CONFIG)
    commands = top.add_subparsers(dest="command", required=True)
    setup = commands.add_parser("setup", help="make the repository if it was never made, and take and prove a full backup if there is none")
    setup.add_argument("--again", action="store_true", help="make the repository also when it was made before and is gone")
    commands.add_parser("full", help="take a full backup")
    commands.add_parser("ship", help="ship binary logs").add_argument("--force", action="store_true", help="write a record although nothing is new")
    commands.add_parser("verify", help="restore the newest full from the repository and compare it")
    commands.add_parser("expire", help="remove what the retention allows to remove")
    commands.add_parser("start", help="run a step by its unit, and say how it went").add_argument("step", choices=status.STEPS)
    commands.add_parser("would", help="say what a step would do now, and change nothing").add_argument("step", choices=("full", "verify"))
    commands.add_parser("status", help="print the state")
    commands.add_parser("restore-state", help="how far a restore on this host got")
    commands.add_parser("adopt", help="this server's data are the right ones from now on, whatever the repository holds")
    commands.add_parser("failed", help="called by systemd when a unit failed").add_argument("unit")
    for name in ("plan", "prepare", "place"):
        command = commands.add_parser(
            name, help={"plan": "what a restore would do", "prepare": "restore beside the data", "place": "put the restored data in place"}[name]
        )
        command.add_argument("--to", default="latest")
        command.add_argument("--again", default="", help="give up the restore that was opened at that time, with what was written since")
        command.add_argument("--more-comes", action="store_true", help="what is newer is still shipped before the restore")
    command = commands.add_parser("hold", help="backups wait for a restore: no run is at work when this ends, and none begins")
    command.add_argument("--to", required=True)
    command.add_argument("--onto", required=True, help="the host that gets the restored data")
    command.add_argument("--gtids", default="", help="what the restored server holds")
    commands.add_parser("release", help="backups go on after a restore that was given up")
    commands.add_parser("set-aside", help="move this host's data out of the way")
    commands.add_parser("finish", help="a restore is over: its server takes writes")
    commands.add_parser("discard-old", help="remove data that restores have kept")
    commands.add_parser("restic", help="run restic on the repository").add_argument("words", nargs=argparse.REMAINDER)
    return top


def dispatch(config: Config, arguments: argparse.Namespace) -> Result:
    """One command."""
    command = arguments.command
    actions: dict[str, t.Callable[[], Result]] = {
        "setup": lambda: repair.setup(config, arguments.again),
        "full": lambda: full.run(config),
        "ship": lambda: ship.run(config, arguments.force),
        "verify": lambda: verify.run(config),
        "expire": lambda: expire.run(config),
        "adopt": lambda: repair.adopt(config),
        "finish": lambda: placing.finish(config),
        "restore-state": lambda: restore.state(config.data),
        "would": lambda: foretell.run(config, arguments.step),
        "start": lambda: start(config.home, arguments.step),
        "plan": lambda: restore.shown(config, arguments.to, arguments.more_comes, arguments.again),
        "prepare": lambda: restore.prepare(config, arguments.to, arguments.again),
        "hold": lambda: placing.hold_all(config, arguments.to, arguments.onto, arguments.gtids),
        "release": lambda: placing.release(config),
        "place": lambda: placing.place(config, arguments.to),
        "set-aside": lambda: placing.set_aside(config),
        "discard-old": lambda: placing.discard_old(config.data),
    }
    return journal.told(config.journal, command, getattr(arguments, "to", ""), actions[command])


UNIT_FACTS = ("LoadState", "InvocationID", "Result", "ExecMainStatus")


def unit_facts(unit: str) -> dict[str, str]:
    """What systemd knows of the last run of a unit."""
    argv = ["systemctl", "show", *[f"--property={name}" for name in UNIT_FACTS], unit]
    seen = subprocess.run(argv, check=False, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in seen.splitlines() if "=" in line)


def outcome(host: str, step: str, said: str, facts: t.Mapping[str, str], entry: t.Mapping[str, t.Any]) -> Result:
    """How a run by its unit went. said: what systemctl wrote; entry: the step in status.json, which counts only when this very run wrote it."""
    unit = f"mysql-backup@{step}.service"
    following = f"Next: journalctl -u {unit} -n 30"
    if facts.get("LoadState", "") != "loaded":
        raise Problem(
            f"{host}: {unit} cannot be started: it is {facts.get('LoadState') or 'unknown to systemd'}. Nothing was done. Expected: loaded. "
            + (f"Next: systemctl unmask {unit}" if facts.get("LoadState") == "masked" else "Next: ansible-playbook onprem.wandb.backups -i <inventory>")
        )
    if entry.get("invocation") and entry["invocation"] == facts.get("InvocationID"):
        if entry.get("failure"):
            raise Problem(entry["failure"])
        return dict(entry["result"]) if entry.get("acted") else {"acted": False, "why": entry.get("why", "")}
    if facts.get("Result") == "success" and facts.get("ExecMainStatus") == "75":
        raise Busy(f"{host}: mysql-backup {step} did not run: another run is at work. Next: systemctl list-units 'mysql-backup@*', then run this again.")
    if facts.get("Result") == "timeout":
        raise Problem(f"{host}: mysql-backup {step} ran out of time (mysql_backup_timeout_hours) and was ended. Nothing in the repository is lost. {following}")
    if facts.get("Result") in ("signal", "core-dump", "oom-kill"):
        raise Problem(f"{host}: mysql-backup {step} was killed ({facts['Result']}). Nothing in the repository is lost. {following}")
    raise Problem(
        f"{host}: mysql-backup {step} left no word of how it went. Seen: Result={facts.get('Result', '')}, exit status {facts.get('ExecMainStatus', '')}"
        f"{', ' + said if said else ''}. Expected: a line in status.json. {following}"
    )


def start(home: Home, step: str) -> Result:
    """By systemd, in the sandbox of the timer's runs."""
    unit = f"mysql-backup@{step}.service"
    done = subprocess.run(["systemctl", "start", unit], check=False, capture_output=True, text=True)
    said = " ".join(done.stderr.split())
    return outcome(home.host, step, said, unit_facts(unit), status.read(home)["steps"].get(step, {}))


def restic(store: Store, words: t.Sequence[str]) -> int:
    """restic with the site's secrets, for people."""
    repository = Repository(store)
    return subprocess.call([*repository.argv(), *words], env=repository.environment())


def main(argv: t.Optional[t.Sequence[str]] = None) -> int:
    """Entry point. 0: done or nothing to do; 1: a problem, said in a sentence; 75: another run is at work."""
    arguments = parser().parse_args(argv)
    try:
        config = load(arguments.config)
    except Problem as problem:
        complain(str(problem))
        return 1
    command, home = arguments.command, config.home
    if command == "status":
        say(json.dumps(status.read(home), indent=1, sort_keys=True))
        return 0
    if command == "failed":
        return failed(home, arguments.unit)
    if command == "restic":
        return restic(config.store, arguments.words)
    if os.geteuid() != 0:
        complain("mysql-backup must be run by root: it reads the server's files and its socket. Next: sudo mysql-backup " + command)
        return 1
    try:
        if command in status.STEPS:
            status.begin(home, command)
        result = dispatch(config, arguments)
    except Busy as busy:
        complain(str(busy))
        return 75
    except (Problem, pymysql.MySQLError, OSError) as error:
        text = str(error) if isinstance(error, Problem) else f"{home.host}: mysql-backup {command} failed: {text_of(error)}. Next: mysql-backup {command}"
        complain(text)
        if command in status.STEPS:
            note(home, command, text)
        return 1
    if command in status.STEPS:
        status.step(home, command, result)
    say(json.dumps(result, sort_keys=True))
    return 0


def note(home: Home, step: str, text: str) -> None:
    """A failure into the status; a full disk must not hide what happened."""
    try:
        status.failure(home, step, text)
    except OSError as error:
        complain(f"{home.status_file} cannot be written: {error}. Next: df -h {os.path.dirname(home.status_file)}")


def failed(home: Home, unit: str) -> int:
    """A unit that systemd saw fail: a killed program could not say so itself."""
    name = unit.split("@")[-1].split(".")[0]
    if name in status.STEPS and status.killed(home, name):
        status.failure(
            home,
            name,
            f"mysql-backup {name} was killed or ran out of time on {home.host}. Nothing in the repository is lost; the next run removes what it left. "
            f"Next: systemctl start mysql-backup@{name}.service; journalctl -u mysql-backup@{name}",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
