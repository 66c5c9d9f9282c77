"""`Next:` in a message is followed by what a tired person can paste: a command, or a variable of the collection and its value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from .base import TOP, CheckFailed, files, some
from .collection import load

MARK = "Next:"
PLACES = ("plugins", "roles", "playbooks")
# First word of a command: how its arguments begin. Words that are English, too (find, kill, mount), need an argument that no sentence has.
ANY = r"[^\s.,;:]"
OBJECT = r"[-/{<'\"]"
PROGRAMS = {
    **dict.fromkeys(("ansible-galaxy", "ansible-inventory", "ansible", "apt-cache", "apt-get", "blkid", "curl", "dig", "dnf", "fuser", "getent", "grep"), ANY),
    **dict.fromkeys(("dmesg", "echo", "export", "findmnt", "firewall-cmd", "helm", "iptables", "iptables-save", "nft", "redis-cli", "tcpdump", "ufw"), ANY),
    **dict.fromkeys(("journalctl", "kubeadm", "kubectl", "loginctl", "lsblk", "lsof", "minio-backup", "minio-restore", "mysql", "mysql-backup"), ANY),
    **dict.fromkeys(("mysqladmin", "mysqlbinlog", "nc", "openssl", "rclone", "restic", "sha256sum", "ss", "ssh", "sudo", "sysctl", "systemctl", "tar"), ANY),
    "wandb": r"verify\b",
    **dict.fromkeys(("cat", "chmod", "chown", "cp", "df", "diff", "du", "file", "find", "free", "kill", "ls", "modprobe", "mount", "mv"), OBJECT),
    **dict.fromkeys(("ping", "rm", "tail"), OBJECT),
    **dict.fromkeys(("hostnamectl", "lscpu", "systemd-machine-id-setup"), ""),
    **dict.fromkeys(("ip", "swapoff", "swapon", "umount", "vault", "ssh-keygen", "ssh-keyscan", "dpkg", "pip", "rpm", "chronyc", "timedatectl"), ANY),
}
# Names whose value is a command (or begins with one), and where it is made. Nothing else may stand first in place of one.
VALUES = {
    "by_hand": "module_utils/_host/openings.py: nft or iptables, what would have been done",
    "failed_command": "module_utils/_host/apply/firewall.py: the command that failed",
    "challenge.by_hand()": "plugin_utils/_acme/answer.py: curl or dig",
    "' '.join(p['command'])": "module_utils/_host/apply/derived.py: the command that failed",
    "kill_line(found)": "module_utils/_mysql/sessions.py: mysql -e 'KILL ...'",
    "next_command": "module_utils/_wandb/report.py: parameter of that name",
    "command": "plugin_utils/_confirmation.py: the playbook as it was called; module_utils/_wandb/client.py: getent, curl or openssl",
    "call('degrade', options, reason='standby gets new memory')": "plugin_utils/_mysql/plan.py call()",
    "call('failover', options, degraded='yes')": "plugin_utils/_mysql/plan.py call()",
    "line": "plugin_utils/_mysql/restore.py: COMMAND and a word",
    "following": "plugin_utils/_mysql/restore.py unknown(): two commands",
    "show": "plugin_utils/_pod_network.py: nft or iptables-save",
    "self.remedy": "plugin_utils/_pod_network.py: remedies of a Trouble",
    "clear": "plugin_utils/_secrets/place.py: rmdir and && before a mv, or nothing",
    "move": "plugin_utils/_secrets/place.py: mv before a set, or nothing",
    "then.format(**paths)": "roles/mysql/files/mysql_role_guard.py data_directory()",
}
# Variables of the inventory that no role declares.
SITE = {"site_name", "site_secrets_dir", "ansible_host", "ansible_python_interpreter", "host_address", "artifacts_mirror", "artifacts_overrides"}
WORD = re.compile(r"lookup\('onprem\.wandb\.word', '(\w+)'")


class Known:
    """What a command may name: playbooks, variables of the roles, words for playbooks."""

    def __init__(self, top: Path = TOP) -> None:
        self.playbooks = {path.stem for path in (top / "playbooks").glob("*.yml")}
        specs = [load(path) for path in (top / "roles").glob("*/meta/argument_specs.yml")]
        options = [option for spec in specs for entry in spec["argument_specs"].values() for option in (entry.get("options") or {}).items()]
        self.variables = {name for name, _meaning in options}
        # -e name=value is text, which the types of preflight and of a layer's playbook refuse for these.
        self.typed = {name for name, meaning in options if meaning.get("type", "str") not in {"str", "path", "raw"}}
        texts = [path.read_text(encoding="utf-8") for place in ("playbooks", "roles") for path in (top / place).rglob("*.yml")]
        self.words = {f"op_{name}" for text in texts for name in WORD.findall(text)}


# Rules whose findings say what to do in their fifth argument; the report prints it behind "next".
RULES = ("plugins/plugin_utils/_preflight/rules", "plugins/plugin_utils/_rules", "plugins/plugin_utils/_pod_network.py")
FINDINGS = ("Finding", "Trouble")
# What stands for a remedy that is made, and judged, somewhere else.
ELSEWHERE = {
    "item.remedy": "plugin_utils/_pod_network.py",
    "one.remedy": "module_utils/_mysql/settings.py",
    "str(error)": "plugin_utils/_catalogue.py: a sentence with the variable of the catalogue",
    "hint": "rules/hosts.py resources(): what disks() is given",
    "remedy": "_preflight/types.py complaints()",
    "REASON": "rules/credentials.py",
    "sentence": "module_utils/_certificates/provided.py: the entry that is wrong",
}


def messages() -> str:
    """Every message whose Next cannot be pasted, and every finding whose remedy holds nothing that can be, as file:line and what was seen."""
    known = Known()
    found = [path for path in some(files(under=PLACES), "file") if path.suffix not in {".md", ".pem"} and MARK.encode() in (TOP / path).read_bytes()]
    problems, count = [], 0
    for path in found:
        text = (TOP / path).read_text(encoding="utf-8")
        for line, following in nexts(text, path.suffix == ".py" or bool(re.match("#!.*python", text))):
            count += 1
            told = problem(following, known)
            if told:
                problems.append(f"{path}:{line}: {told}. Seen: {MARK} {following[:150]}")
    for path in some([*files(under=PLACES), *files(".md", under=("docs",)), Path("README.md")], "file"):
        if path.suffix not in {".pem"}:
            problems += [f"{path}:{line}: {told}" for line, told in as_text((TOP / path).read_text(encoding="utf-8", errors="replace"), known)]
    rules = some(files(".py", under=RULES), "file with rules")
    for path in rules:
        for line, remedy in remedies((TOP / path).read_text(encoding="utf-8")):
            count += 1
            if not pasteable(remedy, known):
                problems.append(f"{path}:{line}: the remedy of a finding holds no command and no `<variable>: <value>`. Seen: {remedy[:150]}")
    if problems:
        raise CheckFailed("\n  ".join([f"{len(problems)} of {count} messages have no Next that can be pasted:", *problems]))
    return f"{count} messages in {len(found)} files"


def problem(following: str, known: Known) -> str:
    """What is wrong with the text after `Next:`; empty when it begins with something that can be pasted."""
    for hit in re.finditer(r"\b(?:rm|mv|umount)(?: -\w+)*((?: \{[^{}]*\}\S*)+)", following):
        for value in re.findall(r"\{([^{}]*)\}", hit[1]):
            if "quote" not in value and not value.startswith("shlex.join("):
                return f"{hit[0]}: a path with a blank is two paths; shlex.quote(…), shlex.join(…) or `| quote`"
    if re.search(r"\bkubectl (?!--kubeconfig )", following):
        return "no host has a kubeconfig where kubectl looks for one: kubectl --kubeconfig …"
    text = re.sub(r"^[Oo]n (the controller|the control plane|that host|the primary|[\w.-]+|\{[^{}]*\}): ", "", following)
    for hit in re.finditer(r"ansible-playbook (.*?)(?=ansible-playbook |$)", text):
        told = call_problem(hit[1], known)
        if told:
            return told
    if text.startswith("ansible-playbook "):
        return ""
    change = re.match(r"set (\w+|\{[^{}]*\})(?=[: ])", text)
    if change:
        known_name = change[1] in known.variables | SITE or change[1][1:-1] in VALUES
        return "" if known_name else f"set names {change[1]}, which is no variable of an argument spec"
    value = re.match(r"\{([^{}]*)\}", text)
    if value:
        return "" if value[1].split(" | ")[0].strip() in VALUES else f"the check knows no command that {value[1]} stands for (messages.py VALUES)"
    program, _space, arguments = text.partition(" ")
    if program in PROGRAMS and re.match(PROGRAMS[program], arguments):
        return ""
    return "it begins with no command and no `set <variable>: <value>`"


def as_text(text: str, known: Known) -> Iterator[tuple[int, str]]:
    """Line of each `-e name=value` of a variable that is no text, with what to write."""
    for hit in re.finditer(r"-e [\"']?(\w+)=", text):
        if hit[1] in known.typed:
            told = "-e %s=… is text, which is refused for this variable; write -e '{\"%s\": …}'" % (hit[1], hit[1])
            yield text.count("\n", 0, hit.start()) + 1, told


def pasteable(text: str, known: Known) -> bool:
    """Whether some part of it is a command of a known program, or a variable of the collection and its value."""
    if any(re.search(r"(?<![\w.])\{?%s\}?: \S" % re.escape(name), text) for name in known.variables | SITE):
        return True
    if re.search(r"(?:^|[ (])\{[^{}]*\}: \S", text):
        return True
    for part in re.split(r"[;,:(] ?|\b(?:or|then|and|in) |\. ", text):
        program, _space, arguments = part.strip().partition(" ")
        value = re.match(r"\{([^{}]*)\}", part.strip())
        if value and value[1] in VALUES:
            return True
        if program == "ansible-playbook":
            return not call_problem(arguments, known)
        if program in PROGRAMS and re.match(PROGRAMS[program], arguments):
            return True
    return False


def remedies(source: str) -> Iterator[tuple[int, str]]:
    """Line and each text that the remedy of a finding may be; what is made elsewhere is left out."""
    tree = ast.parse(source)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for scope in functions.values():
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FINDINGS and len(node.args) > 4:
                for text in spoken(node.args[4], scope, tree, functions):
                    if text.strip("{}") not in ELSEWHERE:
                        yield node.lineno, text


def spoken(node: ast.expr, scope: ast.AST, tree: ast.Module, functions: Mapping[str, ast.FunctionDef]) -> list[str]:
    """Every text that an expression may be: branches, variables of the function and constants of the module are followed; the rest is {expression}."""
    if isinstance(node, ast.IfExp):
        return [text for part in (node.body, node.orelse) for text in spoken(part, scope, tree, functions)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return [re.sub(r"%[-+\d.]*[sdgfr]", "{x}", text) for text in spoken(node.left, scope, tree, functions)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [a + b for a in spoken(node.left, scope, tree, functions) for b in spoken(node.right, scope, tree, functions)]
    if isinstance(node, ast.Name):
        values = [*(found for part in (scope, tree) for found in assigned(part, node.id)), *looped(scope, tree, node.id)]
        return [text for value in values for text in spoken(value, scope, tree, functions)] or ["{%s}" % node.id]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
        function = functions[node.func.id]
        ends = [part.value for part in ast.walk(function) if isinstance(part, ast.Return) and part.value is not None]
        return [text for value in ends for text in spoken(value, function, tree, functions)]
    return [flat(node, {}) or "{%s}" % ast.unparse(node)]


def assigned(scope: ast.AST, name: str) -> list[ast.expr]:
    """What a name is set to in a function, or in the module itself."""
    inside = ast.walk(scope) if not isinstance(scope, ast.Module) else iter(scope.body)
    found: list[ast.expr] = []
    for node in inside:
        if isinstance(node, ast.Assign):
            found += [node.value for target in node.targets if isinstance(target, ast.Name) and target.id == name]
    return found


def looped(scope: ast.AST, tree: ast.Module, name: str) -> list[ast.expr]:
    """What a name takes in a loop over the items of a table of the module."""
    found: list[ast.expr] = []
    for node in ast.walk(scope):
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Attribute) and node.iter.func.attr == "items":
            tables = assigned(tree, ast.unparse(node.iter.func.value))
            key, value = node.target.elts if isinstance(node.target, ast.Tuple) and len(node.target.elts) == 2 else (node.target, node.target)
            parts = [part.id if isinstance(part, ast.Name) else "" for part in (value.elts if isinstance(value, ast.Tuple) else [value])]
            for entry in (entry for table in tables if isinstance(table, ast.Dict) for entry in table.values) if name in parts and key is not value else ():
                found.append(entry.elts[parts.index(name)] if isinstance(entry, ast.Tuple) else entry)
    return found


def call_problem(arguments: str, known: Known) -> str:
    """What is wrong with a call of a playbook: its full name, that it exists, -i, variables that exist."""
    call = re.match(r"onprem\.wandb\.(\w+|\{[^{}]*\}) -i (<inventory>|\{[^{}]*\})", arguments)
    if not call:
        return "a playbook is called as `ansible-playbook onprem.wandb.<name> -i <inventory>`"
    if call[1][0] != "{" and call[1] not in known.playbooks:
        return f"there is no playbook {call[1]}"
    for name in re.findall(r"-e [\"']?(\w+)=", arguments):
        if name not in known.words | known.variables:
            return f"-e {name} is neither a variable of a role nor a word that a playbook takes"
    for name in re.findall(r"-e '\{+\"(\w+)\": ", arguments):
        if name not in known.variables:
            return f"-e {name} is no variable of a role"
    return ""


def nexts(text: str, python: bool) -> Iterator[tuple[int, str]]:
    """Line and text after each `Next:`, in one line, with {expression} in place of what is put in."""
    for line, said in literals(text) if python else [(1, jinja(text))]:
        for hit in re.finditer(MARK, said) if said.strip() != MARK else ():  # code that looks for the mark
            end = said.find(MARK, hit.end())
            yield line + (0 if python else said.count("\n", 0, hit.start())), " ".join(said[hit.end() : end if end > 0 else None].split())


def jinja(text: str) -> str:
    """A YAML text whose templates are {expression}: both `{{ x }}` and `' ~ x ~ '`. Lines stay where they are."""
    text = re.sub(r"\{\{\s*([^{}\n]*?)\s*\}\}", r"{\1}", text)
    return re.sub(r"' ~ ([^\n]*?) ~ '", r"{\1}", text)


def literals(source: str) -> Iterator[tuple[int, str]]:
    """Line and value of every text of a Python file, joined ones as one; constants of the module are put in."""
    tree = ast.parse(source)
    constants: dict[str, str] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            constant = flat(statement.value, constants)
            if constant is not None:
                constants[statement.targets[0].id] = constant
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        value = flat(node, constants) if isinstance(node, ast.expr) else None
        if value is None or isinstance(node, ast.Name):
            waiting += ast.iter_child_nodes(node)
        elif MARK in value:
            yield place(node), value
            waiting += [part for part in ast.walk(node) if isinstance(part, ast.Call | ast.IfExp)]


def place(node: ast.AST) -> int:
    """Line of the part with the mark."""
    parts = [part for part in ast.walk(node) if isinstance(part, ast.Constant) and MARK in str(part.value)]
    return parts[0].lineno if parts else getattr(node, "lineno", 1)


def flat(node: ast.AST, constants: dict[str, str]) -> str | None:
    """The text of an expression; None when it is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.JoinedStr):
        return "".join(flat(part, constants) or "" for part in node.values)
    if isinstance(node, ast.FormattedValue):
        value = flat(node.value, constants)
        return "{%s}" % ast.unparse(node.value).replace("{", "(").replace("}", ")") if value is None else value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = flat(node.left, constants), flat(node.right, constants)
        if left is None and right is None:
            return None
        return (left if left is not None else "{%s}" % ast.unparse(node.left)) + (right if right is not None else "{%s}" % ast.unparse(node.right))
    return None
