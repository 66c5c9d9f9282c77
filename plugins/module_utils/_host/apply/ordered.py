# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ordered list of states: each is applied by its own code, as a part of one call. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import (
    account,
    artifacts,
    block,
    derived,
    files,
    firewall,
    kernel,
    link,
    packages,
    programs,
    unit,
)

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Result = dict[str, t.Any]

# Of a unit several may be named: enabled and started with the same options.
UNIT = {**unit.SPEC, "name": {"type": "list", "elements": "str", "required": True}}
KINDS: dict[str, dict[str, t.Any]] = {
    "packages": {"type": "list", "elements": "str"},
    "kernel": {"type": "dict", "options": kernel.SPEC},
    "account": {"type": "dict", "options": account.SPEC},
    "artifacts": {**artifacts.SPEC["artifacts"], "required": False},
    "files": {**files.SPEC["files"], "required": False},
    "block": {"type": "dict", "options": block.SPEC},
    "link": {"type": "dict", "options": link.SPEC},
    "derived": {"type": "dict", "options": derived.SPEC},
    "programs": {"type": "dict", "options": programs.SPEC},
    "unit": {"type": "dict", "options": UNIT},
    "firewall": {"type": "dict", "options": firewall.SPEC},
}
STATE = {"type": "list", "elements": "dict", "required": True, "options": KINDS, "mutually_exclusive": [list(KINDS)], "required_one_of": [list(KINDS)]}


class Part:
    """What the code of one state sees of the module: its own arguments, and a failure that says which state it was."""

    def __init__(self, module: AnsibleModule, params: dict[str, t.Any], what: str, done: t.Sequence[Result]) -> None:
        self._module = module
        self._what = what
        self._done = done
        self.params = params

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._module, name)

    def fail_json(self, msg: str, **others: t.Any) -> t.NoReturn:
        """The end of the call. What the states before have changed stays changed, and is told."""
        changed = any(result["changed"] for result in self._done)
        self._module.fail_json(msg=f"{self._what}: {msg}", states=summary(self._done), **{**others, "changed": changed})


def defaults(spec: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """The arguments of a module that was given none."""
    return {name: option.get("default") for name, option in spec.items()}


def foretold(params: dict[str, t.Any], name: str, changed_paths: t.Collection[str], programs: t.Collection[str]) -> dict[str, t.Any]:
    """A unit's arguments in check mode: it would be restarted or reloaded for what this call would have changed before it."""
    own = [f"/etc/systemd/system/{name}", *params["restart_when_newer"]]
    drop_ins = f"/etc/systemd/system/{name}.d/"
    restart = any(path in own or path.startswith(drop_ins) for path in changed_paths) or (params["executable"] or "") in programs
    reload = any(path in params["reload_when_newer"] for path in changed_paths)
    return {**params, "restart": params["restart"] or restart, "reload": params["reload"] or reload}


def summary(results: t.Sequence[Result]) -> list[Result]:
    """One entry for each state, without what is told elsewhere."""
    return [{key: value for key, value in result.items() if key != "diff"} for result in results]


def words(result: Result) -> list[str]:
    """What was changed, for states that are no files and so have no text to compare."""
    kind, subject = result["kind"], result["subject"]
    if kind == "packages":
        return [f"install {name}" for name in result["installed"]]
    if kind == "account":
        return [" ".join(result["command"])] if result["command"] else []
    if kind == "link":
        return [f"link {path}" for path in result["changed_paths"]]
    if kind == "derived":
        return [f"make {subject}: {result['reason']}"] if result["changed"] else []
    if kind == "unit":
        return [f"{action} {subject}" + (f": {result['reason']}" if result["reason"] else "") for action in result["actions"]]
    if kind == "firewall":
        return [f"{verb} {line}" for verb, lines in (("open", result["opened"]), ("close", result["closed"])) for line in lines]
    return []


class Call:
    """The states of one call, one after the other."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.results: list[Result] = []
        self.changed_paths: list[str] = []
        self.programs: list[str] = []

    def apply(self, number: int, state: t.Mapping[str, t.Any]) -> None:
        """One state of the list."""
        kind, wanted = next((kind, state[kind]) for kind in KINDS if state[kind] is not None)
        what = f"State {number}, {kind}"
        if kind == "unit":
            for name in wanted["name"]:
                params = {**wanted, "name": name}
                if self.module.check_mode:
                    params = foretold(params, name, self.changed_paths, self.programs)
                self.keep(kind, name, unit.run(self.part(params, f"{what} {name}")))
        elif wanted == []:
            return
        elif kind == "packages":
            self.keep(kind, "", packages.run(self.part({**defaults(packages.SPEC), "names": wanted}, what)))
        elif kind == "artifacts":
            result = artifacts.run(self.part({**defaults(artifacts.SPEC), "artifacts": wanted}, what))
            self.programs += [path for entry in wanted if entry["name"] in result["changed_names"] for path in entry["links"]]
            self.keep(kind, "", result)
        elif kind == "files":
            self.keep(kind, "", files.run(self.part({"files": wanted}, what)))
        elif kind == "derived":
            self.keep(kind, wanted["path"], derived.run(self.part(wanted, what), self.changed_paths))
        elif kind == "firewall":
            result = firewall.run(self.part(wanted, what))
            self.keep(kind, result["manager"], result)
        else:
            run = {"kernel": kernel.run, "account": account.run, "block": block.run, "link": link.run, "programs": programs.run}[kind]
            self.keep(kind, wanted.get("path") or wanted["name"], run(self.part(wanted, what)))

    def part(self, params: dict[str, t.Any], what: str) -> t.Any:
        return Part(self.module, params, what, self.results)

    def keep(self, kind: str, subject: str, result: Result) -> None:
        """A state is applied."""
        self.results.append({"kind": kind, "subject": subject, **result})
        self.changed_paths += result.get("changed_paths", [])

    def result(self) -> Result:
        """What the module returns."""
        found: Result = {
            "changed": any(result["changed"] for result in self.results),
            "changed_paths": self.changed_paths,
            "changed_names": [name for result in self.results for name in result.get("changed_names", [])],
            "units": {result["subject"]: {key: result[key] for key in ("actions", "reason")} for result in self.results if result["kind"] == "unit"},
            "states": summary(self.results),
        }
        if self.module._diff:
            found["diff"] = [entry for result in self.results for entry in diffs(result)]
        return found


def diffs(result: Result) -> list[dict[str, str]]:
    """The differences of one state, as a list."""
    told = result.get("diff", [])
    told = told if isinstance(told, list) else [told]
    said = words(result)
    shown = [*told, *([{"prepared": "".join(f"{line}\n" for line in said)}] if said else [])]
    return [entry for entry in shown if entry.get("prepared") or entry.get("before") != entry.get("after")]


def run(module: AnsibleModule) -> Result:
    """The work of one call."""
    call = Call(module)
    for number, state in enumerate(module.params["states"], 1):
        call.apply(number, state)
    return call.result()
