# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of a role and all that they import, as one version that is there whole or not at all. PRIVATE to the collection.

    <path>/<version>/…   the modules. A version is written whole under another name, and never changed
    <path>/current       a link to the version that counts
    /usr/local/sbin/…    the commands: they look where current points to, load everything from there, and go on

Whatever else lies in <path> is of an earlier version and goes, when no command is just loading it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import files as decided
from ansible_collections.onprem.wandb.plugins.module_utils._host import lock
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import files
from ansible_collections.onprem.wandb.plugins.module_utils._say import CORRECT

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "files": {"type": "dict", "required": True},
    "commands": {"type": "dict", "required": True},
}
CURRENT = "current"
LOADING = 30.0  # seconds in which a command has loaded its modules; a tenth of one is usual

# The lock is on the directory that stays. Nothing is loaded later: a version may be gone as soon as the lock is given back.
COMMAND = """#!/usr/bin/python3
# Managed by onprem.wandb. This only finds {module}, in {path}/current.
import fcntl
import os
import sys

held = os.open("{path}", os.O_RDONLY)
fcntl.flock(held, fcntl.LOCK_SH)
sys.dont_write_bytecode = True
sys.path[0] = os.path.realpath("{path}/current")
from {module} import main

os.close(held)
sys.exit(main(sys.argv[1:]))
"""

Tree = dict[str, str]


def problems(wanted: t.Mapping[str, t.Any], commands: t.Mapping[str, str]) -> list[str]:
    """Sentences about programs that cannot be meant."""
    found = [f"{name!r} is no path inside a directory." for name in wanted if os.path.isabs(name) or os.path.normpath(name) != name or name.startswith("..")]
    for path, module in commands.items():
        if f"{module.replace('.', '/')}.py" not in wanted:
            found.append(f"{path} runs the module {module}, which is not among the files.")
    return found


def version(wanted: t.Mapping[str, str]) -> str:
    """The same name for the same files."""
    found = hashlib.sha256()
    for name, text in sorted(wanted.items()):
        found.update(f"{name}\0{len(text)}\0{text}".encode())
    return found.hexdigest()[:12]


def read(directory: str) -> Tree:
    """Every file below a directory. What is no text of ours shows as such and is different from all that is wanted."""
    found = {}
    for folder, _folders, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8", errors="replace") as stream:
                found[os.path.relpath(path, directory)] = stream.read()
    return found


def others(path: str) -> list[str]:
    """What lies beside the current version."""
    kept = {CURRENT, os.path.basename(os.path.realpath(os.path.join(path, CURRENT)))}
    return sorted(set(os.listdir(path)) - kept) if os.path.isdir(path) else []


def write(path: str, wanted: t.Mapping[str, str]) -> None:
    """A new version beside the others, then the link to it."""
    umask = os.umask(0o022)
    try:
        os.makedirs(path, exist_ok=True)
        build(path, wanted)
    finally:
        os.umask(umask)


def build(path: str, wanted: t.Mapping[str, str]) -> None:
    """As write(), in a directory that is there."""
    beside = tempfile.mkdtemp(dir=path, prefix=".new-")
    for name, text in wanted.items():
        place = os.path.join(beside, name)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    os.chmod(beside, 0o755)
    # A version that somebody changed has its name still.
    name, number = version(wanted), 1
    while os.path.lexists(os.path.join(path, name)):
        number += 1
        name = f"{version(wanted)}-{number}"
    os.rename(beside, os.path.join(path, name))
    link = os.path.join(path, ".current")
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink(name, link)
    os.replace(link, os.path.join(path, CURRENT))


def clear(path: str) -> None:
    """Earlier versions go when no command is just loading one."""
    held = os.open(path, os.O_RDONLY)
    try:
        if not lock.taken(held, LOADING):
            raise ValueError(
                f"a command has been loading its modules from {path} for {LOADING:.0f} s, so the version before stays for now;"
                f" the new one is in place. Next: fuser -v {path}; end that process, then run this again"
            )
        for name in others(path):
            place = os.path.join(path, name)
            shutil.rmtree(place) if os.path.isdir(place) and not os.path.islink(place) else os.unlink(place)
    finally:
        os.close(held)


def changes(path: str, have: t.Mapping[str, str], wanted: t.Mapping[str, str]) -> list[dict[str, str]]:
    """For --diff: the modules that differ, under the name that stays the same."""
    found = []
    for name in sorted({*have, *wanted}):
        if have.get(name) != wanted.get(name):
            place = os.path.join(path, CURRENT, name)
            found.append({"before": have.get(name, ""), "after": wanted.get(name, ""), "before_header": place, "after_header": place})
    return found


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """The work of one call. Commands follow the version that they load, and earlier versions go last."""
    path, wanted, commands = module.params["path"].rstrip("/"), module.params["files"], module.params["commands"]
    wrong = problems(wanted, commands)
    if wrong:
        module.fail_json(msg=" ".join([*wrong, CORRECT]))
    current = os.path.join(path, CURRENT)
    changed: list[str] = []
    diff: list[dict[str, str]] = []
    try:
        have = read(os.path.realpath(current)) if os.path.islink(current) else {}
        stale = [os.path.join(path, name) for name in others(path)]
        if have != wanted:
            changed.append(current)
            diff += changes(path, have, wanted)
            if not module.check_mode:
                write(path, wanted)
        for place, name in commands.items():
            entry = {"path": place, "state": "file", "owner": "root", "group": "root", "mode": "0755", "content": COMMAND.format(path=path, module=name)}
            action = decided.decide(entry)
            told = decided.diff(entry, action)
            diff += [told] if told else []
            if files.settle(module, entry, action):
                changed.append(place)
        changed += stale
        diff += [{"before": "there\n", "after": "absent\n", "before_header": place, "after_header": place} for place in stale]
        if others(path) and not module.check_mode:
            clear(path)
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"{path}: {error}.", changed_paths=changed)
    result: dict[str, t.Any] = {"changed": bool(changed), "changed_paths": changed}
    if module._diff:
        result["diff"] = diff
    return result
