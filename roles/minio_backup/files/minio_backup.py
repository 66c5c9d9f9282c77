"""minio-backup: mirrors W&B's bucket into a second place, compares, and brings it back.

minio-backup run [--force] | status | restore --config FILE [--prefix P] [--deleted YYYY-MM-DD]

Managed by onprem.wandb, role minio_backup. Python >= 3.9, rclone >= 1.59.
"""

from __future__ import annotations

import argparse
import datetime as dt
import fcntl
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Optional

ETC = Path(os.environ.get("MINIO_BACKUP_ETC", "/etc/onprem-wandb/minio-backup"))
ASIDE = ".deleted"  # in the target: what vanished from the bucket, by the day on which the mirror noticed
OWN = "/.onprem-wandb-check/**"  # objects of the checks


class Failed(Exception):
    """A sentence for the operator."""


class Backup:
    """One bucket and its mirror."""

    def __init__(self, config: dict[str, Any], rclone_config: Path) -> None:
        self.config, self.rclone_config = config, rclone_config
        self.source, self.target = config["source"], config["target"].rstrip("/")
        self.status_file = Path(config["state"]) / "status.json"

    def rclone(self, *arguments: str, good: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run rclone; an unexpected end is a sentence with its last words."""
        command = ["rclone", "--config", str(self.rclone_config), "--transfers", str(self.config["transfers"]), "--checkers", "16", "--retries", "3"]
        command += ["--bwlimit", self.config["bandwidth"]] if self.config["bandwidth"] else []
        # Beside the system's roots: --ca-cert would be instead of them, and a second place at a provider is signed by others than the bucket.
        trust = {**os.environ, "SSL_CERT_DIR": self.config["roots"]}
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=trust)
        if done.returncode not in good:
            last = " | ".join(line for line in done.stderr.strip().splitlines()[-4:])
            raise Failed(f"rclone {arguments[0]} ended with {done.returncode}: {last or 'no words'}. Next: look at {self.rclone_config} and the two servers.")
        return done

    def suitable(self) -> None:
        """Refuse an rclone that is too old: it would say nothing, and give the files to any server."""
        oldest = self.config["rclone_oldest"]
        found = re.search(r"(\d+)\.(\d+)[.\d]*", self.rclone("version").stdout)
        if not found or [int(found[1]), int(found[2])] < [int(part) for part in oldest.split(".")]:
            raise Failed(
                f"{socket.gethostname()}: rclone is {found[0] if found else 'of no version'}; expected {oldest} or newer: older ones do not know the host key "
                "of an SFTP server, or cannot move aside within the mirror. Nothing was changed. Next: install a newer package of rclone on this host."
            )

    def listing(self, place: str, *filters: str) -> dict[str, int]:
        """Objects below a place: name and size in bytes. A place that does not exist has none."""
        done = self.rclone("lsf", "-R", "--files-only", "--format", "sp", "--separator", "\t", *filters, place, good=(0, 3))
        rows = (line.split("\t", 1) for line in done.stdout.splitlines())
        return {name: int(size) for size, name in rows}

    # --- the mirror ------------------------------------------------------------------------------------------------------------

    def run(self, force: bool) -> dict[str, Any]:
        """Copy what is new, move aside what vanished, compare everything, read some of it back."""
        started, day = time.time(), dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d")
        bucket, mirror = self.listing(self.source, "--exclude", OWN), self.listing(self.target, "--exclude", f"/{ASIDE}/**")
        lost = len([name for name in mirror if name not in bucket])
        limit = self.config["max_loss_percent"]
        if mirror and lost * 100 > limit * len(mirror) and not force:
            raise Failed(
                f"{lost} of the {len(mirror)} objects of the mirror are no longer in {self.source}; expected at most {limit} percent from one run to the next. "
                "Nothing was changed: the mirror may be all that is left. Next: look at the bucket, then minio-backup run --force, or minio_restore."
            )
        aside = f"{self.target}/{ASIDE}/{day}"
        self.rclone("sync", "--fast-list", "--exclude", OWN, "--exclude", f"/{ASIDE}/**", "--backup-dir", aside, self.source, self.target)
        self.forget(day)
        age = f"{int(time.time() - started) + 5}s"  # what came meanwhile is for the next run
        differences = self.compare(self.source, self.target, "--exclude", OWN, "--min-age", age)
        sample = self.sample(bucket)
        differences += self.compare(self.source, self.target, "--download", "--files-from", sample[0]) if sample[1] else []
        Path(sample[0]).unlink()
        repaired = self.repair(sorted(set(differences)), aside)
        return {
            "objects": len(bucket), "bytes": sum(bucket.values()), "new": len([name for name in bucket if name not in mirror]), "moved_aside": lost,
            "compared": len(bucket), "read_back": sample[1], "repaired": repaired, "seconds": round(time.time() - started, 1),
        }  # fmt: skip

    def repair(self, names: list[str], aside: str) -> int:
        """Copy again what size and time had hidden: a server answers for the bytes of the bucket (it knows their sums), nobody for those of the mirror."""
        if not names:
            return 0
        chosen = self.names(names)
        self.rclone("copy", "--ignore-times", "--backup-dir", aside, "--files-from", chosen, self.source, self.target)
        left = self.compare(self.source, self.target, "--download", "--files-from", chosen)
        Path(chosen).unlink()
        if left:
            raise Failed(
                f"{len(left)} objects differ between {self.source} and {self.target} after they were copied again, first {left[0]}. "
                "Next: minio-backup run; if it stays, look at the disks of the second place."
            )
        return len(names)

    def names(self, names: list[str]) -> str:
        """A file with names, as --files-from reads them."""
        handle, path = tempfile.mkstemp(suffix=".names")
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            target.write("".join(f"{name}\n" for name in names))
        return path

    def compare(self, one: str, other: str, *filters: str) -> list[str]:
        """Names of objects of one place that are missing or different in the other."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as report:
            self.rclone("check", "--one-way", "--combined", report.name, *filters, one, other, good=(0, 1))
            return [line[2:].strip() for line in report.read().splitlines() if line[:1] in "+*!-"]

    def sample(self, bucket: dict[str, int]) -> tuple[str, int]:
        """A file with names of random objects of so many bytes at most, and how many. Hashes miss what was uploaded in parts; reading does not."""
        names, left, chosen = sorted(bucket), self.config["sample_mb"] * 1024 * 1024, []
        random.shuffle(names)
        for name in names:
            if bucket[name] <= left and len(chosen) < 10000:
                chosen.append(name)
                left -= bucket[name]
        return self.names(chosen), len(chosen)

    def forget(self, day: str) -> None:
        """Remove what was moved aside too long ago."""
        oldest = (dt.datetime.strptime(day, "%Y-%m-%d") - dt.timedelta(days=self.config["keep_days"])).strftime("%Y-%m-%d")
        done = self.rclone("lsf", "--dirs-only", f"{self.target}/{ASIDE}", good=(0, 3))
        for name in (line.strip().rstrip("/") for line in done.stdout.splitlines()):
            if name < oldest:
                self.rclone("purge", f"{self.target}/{ASIDE}/{name}")

    # --- the way back ------------------------------------------------------------------------------------------------------------

    def restore(self, prefix: str, deleted: str) -> dict[str, Any]:
        """Copy into the bucket what is missing there or different. Nothing is removed."""
        place = f"{self.target}/{ASIDE}/{deleted}" if deleted else self.target
        filters = ["--exclude", f"/{ASIDE}/**", *(["--include", f"/{prefix}**"] if prefix else [])]
        filters = filters if not prefix else ["--filter", f"- /{ASIDE}/**", "--filter", f"+ /{prefix}**", "--filter", "- **"]
        wanted = self.listing(place, *filters)
        if not wanted:
            where = prefix or "its root"
            raise Failed(f"{place} has no object below {where}; nothing was changed. Next: rclone --config {self.rclone_config} lsf -R {place}")
        missing = self.compare(place, self.source, *filters)
        self.rclone("copy", "--fast-list", *filters, place, self.source)
        left = self.compare(place, self.source, *filters)
        if left:
            raise Failed(f"{len(left)} objects are still missing or different in {self.source}, first {left[0]}. Next: again.")
        return {"objects": len(wanted), "copied": len(missing), "compared": len(wanted), "from": place}

    # --- what is told ------------------------------------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        """The last status; empty when there was no run."""
        try:
            return dict(json.loads(self.status_file.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def tell(self, result: Optional[dict[str, Any]], problem: str) -> None:
        """Keep the time of the last success whatever happens."""
        told, now = self.told(), int(time.time())
        told.update({"attempt": now, "problem": problem, "max_age_hours": self.config["max_age_hours"]})
        if result is not None:
            told.update({"success": now, **result})
        part = self.status_file.with_suffix(".part")
        part.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        part.chmod(0o644)
        part.replace(self.status_file)

    def status(self) -> int:
        """Print it. 1 when there is no mirror that is young enough."""
        told = self.told()
        age = (time.time() - told.get("success", 0)) / 3600
        print(json.dumps({**told, "age_hours": round(age, 2) if "success" in told else None}, indent=1))
        return 0 if "success" in told and age <= self.config["max_age_hours"] and not told.get("problem") else 1


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["run", "status", "restore"])
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--config", type=Path, default=ETC / "rclone.conf")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--deleted", default="")
    arguments = parser.parse_args()
    backup = Backup(json.loads((ETC / "config.json").read_text(encoding="utf-8")), arguments.config)
    if arguments.verb == "status":
        return backup.status()
    try:
        with open(Path(backup.config["state"]) / "lock", "w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Failed("Another run is under way. Next: again when it has ended (systemctl status minio-backup).") from error
            backup.suitable()
            if arguments.verb == "restore":
                print(json.dumps(backup.restore(arguments.prefix, arguments.deleted)))
                return 0
            result = backup.run(arguments.force)
            backup.tell(result, "")
            print(json.dumps(result))
            return 0
    except (Failed, OSError) as error:
        if arguments.verb == "run":
            backup.tell(None, str(error))
        print(f"minio-backup: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
