# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program mysql-backup before real servers and a real repository in a directory of this machine."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

from mysql_servers import TOP, USER, Mysql

PROGRAM = TOP / "roles/mysql_backup/files/mysql_backup/cli.py"
STEPS = ("setup", "full", "ship", "verify", "expire")
RECORDED = (*STEPS, "would_full", "would_verify", "would_nothing", "idle", "status", "plan", "restore_state", "placed", "finish")


class Backups:
    """One repository, and the program's configuration for each member."""

    def __init__(self, work: pathlib.Path, restic: pathlib.Path, *members: Mysql) -> None:
        self.work = work
        (work / "environment").write_text("RESTIC_PASSWORD=Test9012Test9012\n", encoding="utf-8")
        for server in members:
            self.state(server).mkdir()
            shared = {
                "site": "recorded", "user": USER, "mysql_dir": str(work / "programs"), "environment_file": str(work / "environment"),
                "repository": str(work / "repository"), "ca_file": "", "restic": str(restic), "restic_options": [], "append_only": False,
                "retention_days": 14.0, "keep_min": 2, "max_size_gb": 0.0, "full_max_age_hours": 26.0, "verify_max_age_hours": 50.0, "ship_interval": 60,
                "ship_max_age": 600, "ship_batch_gb": 4.0, "checksum_seconds": 60, "check_read_gb": 1.0, "scratch_memory_mb": 128, "threads": 2,
                "timeout_hours": 1.0, "metrics_dir": "",
            }  # fmt: skip
            own = {"host": f"db{server.number}", "socket": server.socket, "data_dir": str(server.directory / "data"), "state_dir": str(self.state(server))}
            files = {"role_file": str(server.directory / "role_file"), "journal": str(server.directory / "journal_file")}
            self.config(server).write_text(json.dumps({**shared, **own, **files}), encoding="utf-8")

    def state(self, server: Mysql) -> pathlib.Path:
        return self.work / f"backup{server.number}"

    def config(self, server: Mysql) -> pathlib.Path:
        return self.work / f"config{server.number}.json"

    def run(self, server: Mysql, *verb: str) -> dict[str, Any]:
        """What one verb prints on one host: words for the journal, and JSON at the end."""
        environment = {**os.environ, "PYTHONPATH": f"{PROGRAM.parents[1]}:{TOP / '.lab/collections'}", "HOME": str(self.work)}
        command = [sys.executable, "-m", f"{PROGRAM.parent.name}.{PROGRAM.stem}", "--config", str(self.config(server)), *verb]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
        assert done.returncode == 0, f"mysql-backup {' '.join(verb)}: {done.stdout} {done.stderr}"
        return dict(json.loads(done.stdout if verb == ("status",) else done.stdout.splitlines()[-1]))
