# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How restic reaches a repository over SSH: with the site's key, never with a question, and not for ever."""

from __future__ import annotations

import os
import re
import shlex
import typing as t

PATIENCE = 10  # seconds for a connection, and between two signs of life
KEY, HOSTS = "ssh_key", "ssh_known_hosts"
OWN = ("sftp.command", "sftp.args")  # restic takes one of the two, never both


def place(repository: str) -> t.Optional[tuple[str, str, str]]:
    """User, host and port of sftp:user@host:/path or sftp://user@host:port//path; what is not given is empty. None: it is none."""
    match = re.match(r"sftp://(?:([^@/]*)@)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?/", repository) or re.match(r"sftp:(?:([^@/]*)@)?(\[[^\]]+\]|[^:/]+)():", repository)
    return (match[1] or "", match[2].strip("[]"), match[3] or "") if match else None


def filled(path: str) -> bool:
    """Whether the site gave something. Without, ssh looks where it does for root."""
    return os.path.isfile(path) and os.path.getsize(path) > 0


def options(repository: str, folder: str, given: t.Sequence[str]) -> list[str]:
    """restic's option with the command. What an operator says about ssh counts more."""
    found = place(repository)
    if found is None or any(name in one for one in given for name in OWN):
        return []
    user, host, port = found
    words = ["ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={PATIENCE}", "-o", f"ServerAliveInterval={PATIENCE}", "-o", "StrictHostKeyChecking=yes"]
    key, hosts = (os.path.join(folder, name) for name in (KEY, HOSTS))
    words += ["-o", "IdentitiesOnly=yes", "-i", key] if filled(key) else []
    words += ["-o", f"UserKnownHostsFile={hosts}"] if filled(hosts) else []
    words += ["-p", port] if port else []
    words += ["-l", user] if user else []
    return ["-o", f"sftp.command={shlex.join([*words, host, '-s', 'sftp'])}"]
