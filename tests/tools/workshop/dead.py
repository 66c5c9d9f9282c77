"""Nothing that nobody uses: names in the code that ships and in the workshop (tests do not count as use), files of roles, names in the documents' tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .base import ROLES, TOP, CheckFailed, environment, files, run
from .collection import roles
from .docs import COMPONENTS

# Names that a framework calls: Ansible's plugins, http.server, socketserver, pytest, systemd's and Ansible's documentation.
CALLED = (
    *("ActionModule", "CallbackModule", "FilterModule", "LookupModule", "ModuleDocFragment", "TestModule", "TRANSFERS_FILES", "BYPASS_HOST_LOOP"),
    *("CALLBACK_*", "v2_*", "_log_invocation", "DOCUMENTATION", "EXAMPLES", "RETURN", "is_conditional", "dummy", "memo"),
    *("do_*", "log_message", "protocol_version", "request_queue_size", "process_request"),
)
CODE = ("plugins", "roles", "lab", "tests/tools")
LINE = re.compile(r"^(?P<path>[^:]+):(?P<line>\d+): unused (?P<kind>\w+(?: \w+)?) '(?P<name>\w+)'", re.MULTILINE)


def dead() -> str:
    """Every dead thing at once."""
    problems = [*names(), *role_files(), *components()]
    if problems:
        raise CheckFailed("\n  ".join([f"{len(problems)} things that nobody uses:", *problems]))
    return f"{', '.join(CODE)} and the files of {len(roles())} roles"


def names() -> Iterator[str]:
    """vulture's findings, without keys: a field of a typed mapping is used where its name is written as text or given by name."""
    found = run(["bash", "-c", 'vulture "$@" || [ $? = 3 ]', "vulture", *CODE, "--ignore-names", ",".join(CALLED)], env=environment(), quiet=True)
    texts = [(TOP / name).read_text(encoding="utf-8") for name in files(".py", ".j2", ".yml", under=["plugins", "roles"])]
    for hit in LINE.finditer(found):
        as_text = re.compile(rf"""["']{hit["name"]}["']|\b{hit["name"]}=""")
        if hit["kind"] != "variable" or not any(as_text.search(text) for text in texts):
            yield f"{hit['path']}:{hit['line']}: {hit['kind']} {hit['name']}"


def role_files(top: Path = TOP) -> Iterator[str]:
    """Task files that nothing takes in, templates and files that nothing copies, entry points without a caller."""
    callers = "\n".join(path.read_text(encoding="utf-8") for place in ("playbooks", "molecule", "tests") for path in sorted((top / place).rglob("*.yml")))
    for role in sorted((top / ROLES.relative_to(TOP)).iterdir()):
        own = {path: path.read_text(encoding="utf-8") for path in sorted(role.rglob("*")) if path.suffix in (".yml", ".j2")}
        for path in sorted((role / "tasks").glob("*.yml")):
            taken = re.compile(rf"""_tasks:\s*(file:\s*)?["']?{path.stem}(\.yml)?\b""")
            entry = re.compile(rf"tasks_from:\s*{path.stem}\b")
            inside = any(taken.search(text) for other, text in own.items() if other != path)
            if path.stem != "main" and not inside and not entry.search(callers):
                yield f"{path.relative_to(top)}: no task file takes it in, and no playbook and no test asks for it by tasks_from"
        for path in sorted([*(role / "templates").glob("*"), *(role / "files").glob("*")]):
            if path.name.startswith(("__", ".")):
                continue
            stem = path.name.removesuffix(".j2").split("@")[0]
            if not any(path.name in text or stem in text for other, text in own.items() if other != path and other.parent.name != "meta"):
                yield f"{path.relative_to(top)}: nothing in the role names it"


def components() -> Iterator[str]:
    """Rows of the table of versions whose variable is gone."""
    defaults = {name for role in roles() for name in role.defaults}
    for name in COMPONENTS:
        if name not in defaults:
            yield f"tests/tools/workshop/docs.py: COMPONENTS names {name}, which is no default of a role"
