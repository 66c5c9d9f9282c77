# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""minio-backup: mirrors W&B's bucket into a second place, compares, and brings it back.

minio-backup run [--force] [--plan] | status | restore [--config FILE] [--prefix P] [--deleted YYYY-MM-DD] [--plan]

--plan says what would be done, and changes nothing. Started by root it goes on as the user of the mirror.

Managed by onprem.wandb, role minio_backup. Python >= 3.9, rclone >= 1.59.
"""

from __future__ import annotations

import argparse
import datetime as dt
import fcntl
import json
import os
import pwd
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any, Callable

from . import odd_names

ETC = Path(os.environ.get("MINIO_BACKUP_ETC", "/etc/onprem-wandb/minio-backup"))
ASIDE, KEPT = odd_names.ASIDE, odd_names.KEPT
OWN = ".onprem-wandb-check"  # objects of the checks
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.(\d+))?")  # of what was moved aside; the second run of a day that moves something has .2


class Failed(Exception):
    """A sentence for the operator."""


def folder_of(day: str, number: int) -> str:
    """The folder of what a run moved aside."""
    return day if number == 1 else f"{day}.{number}"


def literal(name: str) -> str:
    """A name as rclone shows it, as a pattern that means nothing else."""
    return re.sub(r"([][*?{}\\])", r"\\\1", name)


class Backup:
    """One bucket and its mirror."""

    def __init__(self, config: dict[str, Any], rclone_config: Path) -> None:
        self.config, self.rclone_config = config, rclone_config
        self.source, self.target = config["source"], config["target"].rstrip("/")
        self.status_file = Path(config["state"]) / "status.json"

    def command(self, *arguments: str) -> tuple[list[str], dict[str, str]]:
        """Words and environment of a call of rclone."""
        command = ["rclone", "--config", str(self.rclone_config), "--transfers", str(self.config["transfers"]), "--checkers", "16", "--retries", "3"]
        command += ["--bwlimit", self.config["bandwidth"]] if self.config["bandwidth"] else []
        # Beside the system's roots: --ca-cert would be instead of them, and a second place at a provider is signed by others than the bucket.
        return [*command, *arguments], {**os.environ, "SSL_CERT_DIR": self.config["roots"]}

    def rclone(self, *arguments: str, good: tuple[int, ...] = (0,), given: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run rclone; an unexpected end is a sentence with its last words. Bytes in between: text mode would take a name's end for a line's."""
        command, environment = self.command(*arguments)
        ran = subprocess.run(command, capture_output=True, check=False, input=given, env=environment)
        out, err = (text.decode("utf-8", "surrogateescape") for text in (ran.stdout, ran.stderr))
        if ran.returncode not in good:
            raise self.ended(arguments[0], ran.returncode, err)
        return subprocess.CompletedProcess(command, ran.returncode, out, err)

    def ended(self, verb: str, code: int, words: str) -> Failed:
        last = " | ".join(words.strip().split("\n")[-4:])
        return Failed(f"rclone {verb} ended with {code}: {last or 'no words'}. Next: rclone --config {self.rclone_config} lsd {self.target}")

    def pour(self, source: IO[bytes], place: str) -> None:
        """Write a stream into an object of the mirror."""
        command, environment = self.command("rcat", place)
        with tempfile.TemporaryFile() as words, subprocess.Popen(command, stdin=subprocess.PIPE, stderr=words, env=environment) as process:
            assert process.stdin
            for block in iter(lambda: source.read(1 << 20), b""):
                process.stdin.write(block)
            process.stdin.close()
            if process.wait():
                words.seek(0)
                raise self.ended("rcat", process.returncode, words.read().decode("utf-8", "replace"))

    def draw(self, place: str, use: Callable[[IO[bytes]], Any]) -> Any:
        """Read an object of the mirror as a stream."""
        command, environment = self.command("cat", place)
        with tempfile.TemporaryFile() as words, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, env=environment) as process:
            assert process.stdout
            found = use(process.stdout)
            if process.wait():
                words.seek(0)
                raise self.ended("cat", process.returncode, words.read().decode("utf-8", "replace"))
        return found

    def digest(self, place: str) -> str:
        """sha256 of an object of the mirror."""
        return str(self.draw(place, odd_names.digest))

    def suitable(self) -> None:
        """Refuse an rclone that is too old: it would say nothing, and give the files to any server."""
        oldest = self.config["rclone_oldest"]
        found = re.search(r"(\d+)\.(\d+)[.\d]*", self.rclone("version").stdout)
        if not found or [int(found[1]), int(found[2])] < [int(part) for part in oldest.split(".")]:
            raise Failed(
                f"{socket.gethostname()}: rclone is {found[0] if found else 'of no version'}; expected {oldest} or newer: older ones do not know the host key "
                "of an SFTP server, or cannot move aside within the mirror. Nothing was changed. Next: set minio_backup_packages to a newer package of rclone."
            )

    def listing(self, place: str, *filters: str) -> dict[str, int]:
        """Objects below a place: name, as rclone shows it, and size in bytes. A place that does not exist has none."""
        # No control character is ever in it: rclone shows each as a picture. All else is part of a name, what splitlines() takes for a line's end, too.
        done = self.rclone("lsf", "-R", "--files-only", "--format", "sp", "--separator", "\t", *filters, place, good=(0, 3))
        rows = (line.split("\t", 1) for line in done.stdout.split("\n") if line)
        return {name: int(size) for size, name in rows}

    def place(self) -> tuple[bool, int]:
        """Whether the second place is of files, and how many bytes its path takes of a name."""
        return self.config["kind"] != "s3", len(self.target.partition(":")[2].partition("/")[2].encode())

    def rules(self, odd: set[str]) -> str:
        """A file with what rclone leaves alone, as --filter-from reads it."""
        quoted = odd_names.QUOTE * 2
        kept = [*(f"- /{folder}/**" for folder in (*KEPT, OWN)), f"- {{{{.*{quoted}.*}}}}"]
        return self.lines([*kept, *(f"- /{literal(name)}" for name in sorted(odd) if quoted not in name)])

    # --- the mirror ------------------------------------------------------------------------------------------------------------

    def run(self, force: bool, plan: bool) -> dict[str, Any]:
        """Copy what is new, move aside what vanished, compare everything, read some of it back."""
        started, day = time.time(), dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d")
        store = odd_names.Store(self.rclone_config, self.source, Path(self.config["roots"]))
        # By its own requests: rclone does not list what lies below a name that it cannot read.
        bucket = {key: told for key, told in store.keys().items() if not key.startswith(f"{OWN}/")}
        mirror = self.listing(self.target, *(word for folder in KEPT for word in ("--exclude", f"/{folder}/**")))
        names = odd_names.OddNames(self, self.target, store)
        wanted = {key: bucket[key] for key in odd_names.odd(bucket, *self.place())}
        odd = {odd_names.shown(key) for key in wanted}
        fit = {odd_names.shown(key): size for key, (size, _etag) in bucket.items() if key not in wanted}
        gone = [name for name in mirror if name not in fit]
        lost = len([name for name in gone if name not in odd])
        self.not_lost(len(mirror), lost, force)
        counts = {"objects": len(fit) + len(wanted), "bytes": sum(fit.values()) + sum(size for size, _etag in wanted.values()),
                  "new": len([name for name in fit if name not in mirror]), "moved_aside": lost}  # fmt: skip
        if plan:
            other = len([name for name in fit if name in mirror and mirror[name] != fit[name]])
            return {"plan": "run", "from": self.source, "to": self.config["place"], **counts, "other_size": other, "under_hash": len(wanted)}
        aside, rules = f"{self.target}/{ASIDE}/{self.folder(day)}", self.rules(odd)
        try:
            # A name that became odd is in the way of others, and the sync no longer sees it.
            names.set_aside({odd_names.meant(name): f"{self.target}/{name}" for name in gone if name in odd}, aside)
            self.make_way([name for name in gone if name not in odd], fit, aside)
            self.rclone("sync", "--fast-list", "--filter-from", rules, "--backup-dir", aside, self.source, self.target)
            copied = names.mirror(wanted, aside) if wanted or self.listing(names.place) else 0
            self.forget(day)
            age = f"{int(time.time() - started) + 5}s"  # what came meanwhile is for the next run
            differences = self.compare(self.source, self.target, "--filter-from", rules, "--min-age", age)
            chosen, left = self.sample(fit)
            differences += self.compare(self.source, self.target, "--download", "--files-from-raw", chosen) if os.path.getsize(chosen) else []
            read = Path(chosen).read_text(encoding="utf-8", errors="surrogateescape").count("\n")
            Path(chosen).unlink()
            repaired = self.repair(sorted(set(differences)), aside)
            bad = names.different(wanted, left)
            names.renew(bad, aside)
            repaired += len(bad)
            bad = names.different({key: wanted[key] for key in bad}, sum(wanted[key][0] for key in bad))
            if bad:
                raise Failed(f"{len(bad)} objects under their names' hash differ from those of {self.source}, first {bad[0]!r}. Next: minio-backup run")
        finally:
            Path(rules).unlink()
        return {
            **counts, "new": counts["new"] + copied, "under_hash": len(wanted), "compared": len(fit) + len(wanted), "read_back": read, "repaired": repaired,
            "seconds": round(time.time() - started, 1),
        }  # fmt: skip

    def make_way(self, gone: list[str], fit: dict[str, int], aside: str) -> None:
        """Move aside files where a directory comes, and directories where a file comes: the sync writes before it removes."""
        if not self.place()[0]:
            return
        folders = {name[:at] for name in fit for at in range(len(name)) if name[at] == "/"}
        for name in gone:
            above = [name[:at] for at in range(len(name)) if name[at] == "/" and name[:at] in fit]
            if name in folders or above:
                self.rclone("moveto", f"{self.target}/{name}", f"{aside}/{name}")
            for folder in above:
                self.rclone("rmdirs", f"{self.target}/{folder}", good=(0, 3))

    def not_lost(self, mirrored: int, lost: int, force: bool) -> None:
        """Refuse when either side has lost more than it ever does in a day."""
        limit, told = self.config["max_loss_percent"], self.told()
        if mirrored and lost * 100 > limit * mirrored and not force:
            raise Failed(
                f"{lost} of the {mirrored} objects of the mirror are no longer in {self.source}; expected at most {limit} percent from one run to the next. "
                "Nothing was changed: the mirror may be all that is left. Next: minio-backup run --force, when they were "
                "deleted on purpose; else ansible-playbook onprem.wandb.minio_restore -i <inventory> -e op_confirm=<site_name>"
            )
        before = int(told.get("objects", 0)) - int(told.get("under_hash", 0)) if told.get("place") == self.config["place"] else 0
        if (before - mirrored) * 100 > limit * before and not force:
            raise Failed(
                f"{self.config['place']} holds {mirrored} objects; the last good run left {before}. Nothing was changed: is the share not mounted, or was it "
                f"emptied? Next: findmnt -T {self.target.partition(':')[2]}; when all is in place, minio-backup run --force mirrors everything again."
            )

    def repair(self, names: list[str], aside: str) -> int:
        """Copy again what size and time had hidden: a server answers for the bytes of the bucket (it knows their sums), nobody for those of the mirror."""
        if not names:
            return 0
        chosen = self.lines(names)
        self.rclone("copy", "--ignore-times", "--backup-dir", aside, "--files-from-raw", chosen, self.source, self.target)
        left = self.compare(self.source, self.target, "--download", "--files-from-raw", chosen)
        Path(chosen).unlink()
        if left:
            raise Failed(
                f"{len(left)} objects differ between {self.source} and {self.target} after they were copied again, first {left[0]!r}. "
                "Next: minio-backup run; if it stays, look at the disks of the second place."
            )
        return len(names)

    def lines(self, names: list[str]) -> str:
        """A file with one of them a line, as --files-from-raw and --filter-from read it; whoever asks for it removes it."""
        handle, path = tempfile.mkstemp(suffix=".names")
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as target:
            target.write("".join(f"{name}\n" for name in names))
        return path

    def compare(self, one: str, other: str, *filters: str) -> list[str]:
        """Names of objects of one place that are missing or different in the other."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="surrogateescape", newline="\n") as report:
            self.rclone("check", "--one-way", "--combined", report.name, *filters, one, other, good=(0, 1))
            return [line[2:] for line in report.read().split("\n") if line[:1] in ("+", "*", "!", "-")]

    def sample(self, bucket: dict[str, int]) -> tuple[str, int]:
        """A file with names of random objects of so many bytes at most, and the bytes left. Hashes miss what was uploaded in parts; reading does not."""
        names, left = sorted(bucket), self.config["sample_mb"] * 1024 * 1024
        chosen: list[str] = []
        random.shuffle(names)
        for name in names:
            if bucket[name] <= left and len(chosen) < 10000:
                chosen.append(name)
                left -= bucket[name]
        return self.lines(chosen), left

    def days(self) -> list[tuple[str, int]]:
        """Day and number of what was moved aside, in their order."""
        done = self.rclone("lsf", "--dirs-only", f"{self.target}/{ASIDE}", good=(0, 3))
        found = [DAY.fullmatch(name.rstrip("/")) for name in done.stdout.split("\n")]
        return sorted((match[1], int(match[2] or 1)) for match in found if match)

    def folder(self, day: str) -> str:
        """A new one for each run: what was a file in the morning may be a directory at night."""
        numbers = [number for when, number in self.days() if when == day]
        return folder_of(day, numbers[-1] + 1 if numbers else 1)

    def forget(self, day: str) -> None:
        """Remove what was moved aside too long ago."""
        oldest = (dt.datetime.strptime(day, "%Y-%m-%d") - dt.timedelta(days=self.config["keep_days"])).strftime("%Y-%m-%d")
        for when, number in self.days():
            if when < oldest:
                self.rclone("purge", f"{self.target}/{ASIDE}/{folder_of(when, number)}")

    # --- the way back ------------------------------------------------------------------------------------------------------------

    def restore(self, prefix: str, deleted: str, plan: bool) -> dict[str, Any]:
        """Copy into the bucket what is missing there or different, of the mirror or of what was moved aside on a day. Nothing is removed."""
        if not deleted:
            return self.all_named(self.bring(self.target, prefix, plan))
        places = [f"{self.target}/{ASIDE}/{folder_of(*found)}" for found in self.days() if found[0] == deleted]
        if not places:
            raise Failed(f"Nothing was moved aside on {deleted}; nothing was changed. Next: rclone --config {self.rclone_config} lsf {self.target}/{ASIDE}")
        done = [self.bring(place, prefix, plan, len(places) > 1) for place in places]
        return self.all_named({key: sum(each[key] for each in done) if isinstance(value, int) else value for key, value in done[-1].items()})

    def all_named(self, done: dict[str, Any]) -> dict[str, Any]:
        """Whether a restore could bring everything: an object under its name's hash without its name cannot be."""
        if done["nameless"] and "plan" not in done:
            index = f"{done['from']}/{odd_names.FOLDER}/{odd_names.INDEX}"
            raise Failed(
                f"{done['nameless']} objects in {odd_names.FOLDER} of {done['from']} have no name in {odd_names.INDEX} there, which was cut off, and were not "
                f"brought back; all others are ({done['objects']}). Next: rclone --config {self.rclone_config} cat {index}"
            )
        return done

    def bring(self, place: str, prefix: str, plan: bool, may_be_none: bool = False) -> dict[str, Any]:
        """From one place."""
        start = literal(odd_names.shown(prefix))
        rules = self.lines([*(f"- /{folder}/**" for folder in KEPT), *([f"+ /{start}**", "- **"] if prefix else [])])
        names = odd_names.OddNames(self, place, odd_names.Store(self.rclone_config, self.source, Path(self.config["roots"])))
        try:
            wanted, hashed = self.listing(place, "--filter-from", rules), names.wanted_back(prefix)
            if not wanted and not hashed and not may_be_none:
                where = prefix or "its root"
                raise Failed(f"{place} has no object below {where}; nothing was changed. Next: rclone --config {self.rclone_config} lsf -R {place}")
            missing = self.compare(place, self.source, "--filter-from", rules) if wanted else []
            absent = names.missing(hashed)
            count = {"objects": len(wanted) + len(hashed), "from": place, "nameless": names.nameless}
            if plan:
                return {"plan": "restore", **count, "to": self.source, "would_copy": len(missing) + len(absent)}
            if wanted:
                self.rclone("copy", "--fast-list", "--filter-from", rules, place, self.source)
            names.restore(hashed, absent)
            left = [*(self.compare(place, self.source, "--filter-from", rules) if wanted else []), *names.missing(hashed)]
        finally:
            Path(rules).unlink()
        if left:
            raise Failed(
                f"{len(left)} objects are still missing or different in {self.source}, first {left[0]!r}. Next: "
                "ansible-playbook onprem.wandb.minio_restore -i <inventory> -e op_confirm=<site_name>"
            )
        return {**count, "copied": len(missing) + len(absent), "compared": len(wanted) + len(hashed)}

    # --- what is told ------------------------------------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        """The last status; empty when there was no run."""
        try:
            found = json.loads(self.status_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def tell(self, **news: Any) -> None:
        """Write them into the status; the time of the last success and its numbers stay whatever happens."""
        part, text = self.status_file.with_suffix(".part"), json.dumps({**self.told(), **news, "max_age_hours": self.config["max_age_hours"]}, indent=1)
        with open(part, "w", encoding="utf-8") as stream:
            stream.write(text + "\n")
            stream.flush()
            # After a power cut a share may not be mounted: what says how much was on it must not be empty just then.
            os.fsync(stream.fileno())
        part.chmod(0o644)
        part.replace(self.status_file)

    def status(self) -> int:
        """Print it. 1 when there is no mirror that is young enough."""
        told = self.told()
        age = (time.time() - told.get("success", 0)) / 3600
        told["problem"] = told.get("problem") or self.cut_off(told)
        if age < -1 and not told["problem"]:  # it would be young until that time has come
            told["problem"] = f"The last good run is dated {-age:.0f} h after now, by a clock that was wrong. Next: systemctl start minio-backup.service"
        print(json.dumps({**told, "age_hours": round(age, 2) if "success" in told else None}, indent=1))
        return 0 if "success" in told and age <= self.config["max_age_hours"] and not told.get("problem") else 1

    def cut_off(self, told: dict[str, Any]) -> str:
        """A sentence about a run that began and never said how it ended; empty while one is at work."""
        if told.get("began", 0) <= told.get("attempt", 0):
            return ""
        try:
            with open(self.status_file.with_name("lock"), encoding="ascii", errors="replace") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return ""
        except FileNotFoundError:
            pass
        began = dt.datetime.fromtimestamp(told["began"], dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        return f"The run that began at {began} ended without a word: killed, or out of memory. Next: journalctl -u minio-backup.service"

    def locked(self) -> IO[str]:
        """The lock, held as long as the file is open."""
        path = self.status_file.with_name("lock")
        try:
            lock = open(path, "a", encoding="ascii")
        except PermissionError:  # of a root that did not go on as the mirror's user, as earlier versions
            path.unlink()
            lock = open(path, "a", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise Failed("Another run is under way. Next: systemctl status minio-backup.service; run this again when it has finished.") from error
        return lock


def become_owner(directory: Path) -> None:
    """Go on as the owner of the state: what root wrote there, or into a mirror on a share, the timer's runs could not write again."""
    owner = pwd.getpwuid(directory.stat().st_uid)
    if os.geteuid() == 0 and owner.pw_uid != 0:
        os.initgroups(owner.pw_name, owner.pw_gid)
        os.setgid(owner.pw_gid)
        os.setuid(owner.pw_uid)
        os.environ["HOME"] = "/var/cache/minio-backup"
        os.umask(0o077)


def act(backup: Backup, arguments: argparse.Namespace) -> dict[str, Any]:
    """One verb, alone."""
    if arguments.plan:
        backup.suitable()
        return backup.run(arguments.force, True) if arguments.verb == "run" else backup.restore(arguments.prefix, arguments.deleted, True)
    with backup.locked():
        if arguments.verb == "restore":
            backup.suitable()
            return backup.restore(arguments.prefix, arguments.deleted, False)
        backup.tell(began=time.time())  # before anything else: a run that is killed says no more
        backup.suitable()
        result = backup.run(arguments.force, False)
        backup.tell(attempt=time.time(), success=int(time.time()), problem="", place=backup.config["place"], **result)
        return result


def main(words: list[str]) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="minio-backup", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["run", "status", "restore"])
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--config", type=Path, default=ETC / "rclone.conf")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--deleted", default="")
    arguments = parser.parse_args(words)
    backup = Backup(json.loads((ETC / "config.json").read_text(encoding="utf-8", errors="strict")), arguments.config)
    if arguments.verb == "status":
        return backup.status()
    try:
        become_owner(backup.status_file.parent)
        print(json.dumps(act(backup, arguments)))
    except Exception as error:  # whatever it is: a status of yesterday would say that all is well
        known = isinstance(error, (Failed, OSError))
        told = str(error) if known else f"{type(error).__name__}: {error}. Next: journalctl -u minio-backup.service has the rest."
        if arguments.verb == "run" and not arguments.plan:
            backup.tell(attempt=time.time(), problem=told)
        print(f"minio-backup: {told}", file=sys.stderr)
        if not known:
            raise
        return 1
    return 0
