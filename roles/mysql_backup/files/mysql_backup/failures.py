# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What restic's errors mean, in sentences with the next command. No restic in here."""

from __future__ import annotations

import re

UNREACHABLE = (
    "The repository {repository} cannot be reached. "
    "Next: mysql-backup restic snapshots checks the service and the network path; the timers retry automatically."
)

# The first that matches. {repository}, {environment}, {controller}: filled in.
KINDS: tuple[tuple[str, str, str], ...] = (
    (
        "password",
        r"wrong password or no key found",
        "The password does not open the repository {repository}. Seen: wrong password or no key found; expected: the "
        "password it was made with. "
        "Next: set mysql_backup_password (in {controller} on the controller), then ansible-playbook onprem.wandb.backups -i <inventory>",
    ),
    (
        "locked",
        r"already locked",
        "The repository {repository} is locked by another run of restic. Next: mysql-backup restic list locks; the next run "
        "tries again, and a lock whose owner is gone is removed after 30 minutes.",
    ),
    (
        "full",
        r"no space left on device|disk quota exceeded|StorageFull|minimum free|QuotaExceeded|Insufficient Storage|\b507\b",
        "The place of the repository {repository} is full. What is there stays as it is. "
        "Next: df -h on that host; add space there, or shorten mysql_backup_retention_days and run: mysql-backup expire",
    ),
    (
        "not written",
        r'Write: sftp: "Failure"|SSH_FX_FAILURE',
        "The backup target {repository} rejects writes. SFTP does not say why; most likely it is full. What is there stays as it is. "
        "Next: df -h on that host; add space there, or shorten mysql_backup_retention_days and run: mysql-backup expire",
    ),
    (
        "host key",
        r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED",
        "The host of the repository {repository} shows an SSH host key that is not known here. Nothing was sent. Next: ssh-keyscan <host>, compare it with the "
        "host's own key, put the line into mysql_backup_ssh_known_hosts, then ansible-playbook onprem.wandb.backups -i <inventory>",
    ),
    (
        "denied",
        r"Access ?Denied|InvalidAccessKeyId|SignatureDoesNotMatch|Forbidden|permission denied|\b403\b|Unauthorized|\b401\b|Permission denied",
        "The repository {repository} refuses these credentials ({environment}). Next: set mysql_backup_environment to the keys of the store, then "
        "ansible-playbook onprem.wandb.backups -i <inventory>",
    ),
    ("unreachable", r"ssh: connect to host|ssh: Could not resolve|unable to start the sftp session", UNREACHABLE),
    (
        "damaged",
        r"ciphertext verification failed|hash does not match|invalid data returned|[Uu]nexpected EOF|wrong data returned|does not match ID|pack .* is damaged|"
        r"not referenced in any index|contains .* errors|invalid header|Fatal: repository contains errors|failed to load (blob|tree|pack)|unable to load tree|"
        r"Load\(<data|"
        r"id .* not found in repository|id .* not found in any index|file .* does not exist|ReadFull|incomplete pack|There were \d+ errors",
        "The repository {repository} is damaged: data read back are not what was written. Nothing on this host was changed. Next: mysql-backup full takes "
        "a new one; then mysql-backup restic check --read-data shows what is damaged.",
    ),
    (
        "unreachable",
        r"connection refused|no such host|no route to host|network is unreachable|i/o timeout|dial tcp|x509|certificate|TLS handshake|Connection reset|"
        r"connection reset|Could not resolve|did not end within|EOF",
        UNREACHABLE,
    ),
    # Last of them: restic asks this after every error that keeps it from the repository's first file.
    (
        "missing",
        r"Is there a repository at the following location|unable to open config file|NoSuchBucket|bucket does not exist|config file does not exist",
        "There is no repository at {repository}. It was made once, so either the address is wrong or somebody removed it. "
        "Next: mysql-backup restic snapshots checks the address. If it is really gone, make a new one: "
        "ansible-playbook onprem.wandb.backups -i <inventory> -e '{{\"mysql_backup_new_repository\": true}}'",
    ),
)


def kind(text: str) -> str:
    """The name of a failure; empty for an unknown one."""
    return next((name for name, pattern, _sentence in KINDS if re.search(pattern, text)), "")


def sentence(text: str, repository: str, environment: str, controller: str = "secrets/mysql_backup_password") -> str:
    """A whole sentence, with the last line that restic said."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("{")]
    found = kind(text)
    telling = [line for line in lines if found and kind(line) == found]
    telling.sort(key=lambda line: "ssh: " in line)  # ssh itself knows why; restic knows that it went away
    last = (telling or lines or ["restic said nothing"])[-1][:300]
    known = next((form for name, _pattern, form in KINDS if name == found), "restic failed on the repository {repository}. Next: mysql-backup restic check")
    return f"{known.format(repository=repository, environment=environment, controller=controller)} restic: {last}"
