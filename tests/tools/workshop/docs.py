"""Generated documentation: a README per role from its argument specification, the project's table of versions, and who talks to whom in docs/network.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from . import network
from .base import TOP, CheckFailed
from .collection import Role, load, roles, templated

GENERATED = "<!-- Generated from meta/argument_specs.yml by `make docs`. Do not edit. -->"


def check() -> str:
    """Fail when a generated text is not what `make docs` would write."""
    wanted = texts()
    stale = [str(path.relative_to(TOP)) for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if stale:
        raise CheckFailed(f"out of date: {', '.join(stale)}. Run `make docs` and commit the result.")
    if re.search(r"<!-- bench:begin -->\s*<!-- bench:end -->", (TOP / "README.md").read_text(encoding="utf-8")):
        raise CheckFailed("README.md shows no measured numbers: run `make bench BENCH_ARGS=--readme` and commit the result.")
    return f"{len(wanted)} files"


def write() -> str:
    """Write every generated text that is not up to date."""
    written = 0
    for path, text in texts().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written += 1
    return f"{written} files written"


def texts() -> dict[Path, str]:
    """All generated files with their content."""
    found = roles()
    result = {role.path / "README.md": role_readme(role) for role in found if role.specs}
    readme = TOP / "README.md"
    result[readme] = replace_block(readme.read_text(encoding="utf-8"), "versions", versions_table(found))
    paths = TOP / "docs/network.md"
    result[paths] = replace_block(replace_block(paths.read_text(encoding="utf-8"), "paths", network.table()), "picture", network.picture())
    return result


def replace_block(text: str, name: str, content: str) -> str:
    """Put content between <!-- name:begin --> and <!-- name:end -->."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise CheckFailed(f"one line {begin} and one line {end} are needed: the {name} block stands between them.")
    head, rest = text.split(begin)
    return f"{head}{begin}\n{content.strip()}\n{end}{rest.split(end)[1]}"


def role_readme(role: Role) -> str:
    """The README of a role."""
    lines = [GENERATED, f"# onprem.wandb.{role.name}", "", paragraph(role.meta.get("description", "")), ""]
    several = len(role.specs) > 1
    for entry, spec in role.specs.items():
        if several:
            lines += [f"## Entry point `{entry}`", ""]
        summary, details = spec.get("short_description", ""), spec.get("description", [])
        details = [details] if isinstance(details, str) else details
        lines += [text for part in (details or [summary]) for text in (paragraph(part), "")]
        options = spec.get("options") or {}
        lines += ["### Variables" if several else "## Variables", ""]
        lines += variable_table(options) if options else ["None.", ""]
        lines += ["### Use" if several else "## Use", "", "```yaml", *example(role, entry), "```", ""]
        lines += [f"Playbooks that do so: {links(call.playbook for call in calls(role.name) if call.entry == entry)}.", ""]
    rest = [call.playbook for call in calls(role.name) if call.entry not in role.specs]
    if rest:
        lines += ["## Parts", "", f"Playbooks that run a part of the role: {links(rest)}.", ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def links(playbooks: Iterable[str]) -> str:
    """Each once."""
    return ", ".join(f"[playbooks/{name}.yml](../../playbooks/{name}.yml)" for name in dict.fromkeys(playbooks))


@dataclass(frozen=True)
class Call:
    """Where a playbook of the collection runs an entry point of a role."""

    playbook: str
    play: Mapping[str, Any]
    entry: str
    variables: Mapping[str, Any]


def calls(name: str) -> list[Call]:
    """All of a role, the playbook with the role's name first."""
    found = []
    for path in sorted((TOP / "playbooks").glob("*.yml"), key=lambda path: (path.stem != name, path.stem)):
        for play in load(path):
            listed: list[dict[str, Any]] = [{"role": entry} if isinstance(entry, str) else entry for entry in play.get("roles") or []]
            found += [Call(path.stem, play, "main", entry.get("vars") or {}) for entry in listed if entry["role"] == f"onprem.wandb.{name}"]
            for task in steps(play):
                for given in (task.get(f"ansible.builtin.{word}_role") for word in ("import", "include")):
                    if given and given["name"] == f"onprem.wandb.{name}":
                        found.append(Call(path.stem, play, given.get("tasks_from", "main"), {**(play.get("vars") or {}), **(task.get("vars") or {})}))
    return found


def steps(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every task of a play or a block."""
    for key in ("pre_tasks", "tasks", "post_tasks", "block", "rescue", "always"):
        for task in part.get(key) or []:
            yield task
            yield from steps(task)


def example(role: Role, entry: str) -> list[str]:
    """The smallest play: on the hosts of the collection's own play, with the variables that the entry point asks for."""
    own = next((call for call in calls(role.name) if call.entry == entry), None)
    if own is None:
        raise CheckFailed(f"no playbook runs the entry point {entry} of role {role.name}: an example cannot say on which hosts it runs.")
    options = role.specs[entry].get("options") or {}
    values = {name: value(name, option, own.variables) for name, option in options.items() if option.get("required")}
    play = {"name": own.play["name"], "hosts": own.play["hosts"], **{key: own.play[key] for key in ("connection", "become") if key in own.play}}
    if entry == "main":
        play["roles"] = [{"role": f"onprem.wandb.{role.name}", **({"vars": values} if values else {})}]
    else:
        task = {"name": own.play["name"], "ansible.builtin.import_role": {"name": f"onprem.wandb.{role.name}", "tasks_from": entry}}
        play["tasks"] = [{**task, **({"vars": values} if values else {})}]
    return yaml.dump([play], Dumper=Indented, sort_keys=False, allow_unicode=True, width=160).rstrip().split("\n")


class Indented(yaml.SafeDumper):
    """Lists stand below their key, set in, as everywhere in the project."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, indentless and flow)


def value(name: str, option: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """What the collection's own play gives, else what the sample inventory says, else one that is allowed."""
    sample = load(TOP / "inventories/sample/group_vars/all.yml")
    for known in (given, sample if isinstance(sample, dict) else {}):
        if name in known and not templated(known[name]):
            return known[name]
    if option.get("choices"):
        return option["choices"][0]
    raise CheckFailed(f"{name} has no default, and neither its own play nor inventories/sample/group_vars/all.yml has a value for an example.")


def variable_table(options: dict[str, Any]) -> list[str]:
    """Variables as a table; the members of structured ones in a table of their own below it."""
    lines = ["| Variable | Type | Default | Meaning |", "|---|---|---|---|"]
    inner: list[str] = []
    for name, option in options.items():
        lines.append(f"| `{name}` | {kind(option)} | {default(option)} | {meaning(option)} |")
        if option.get("options"):
            inner += ["", f"Members of `{name}`:", "", *variable_table(option["options"])]
    return [*lines, *inner, ""]


def kind(option: dict[str, Any]) -> str:
    """The type as a reader says it."""
    name = option.get("type", "str")
    return f"list of {option['elements']}" if name == "list" and option.get("elements") else name


def default(option: dict[str, Any]) -> str:
    """The default as YAML would write it; required and computed ones say so."""
    if option.get("required"):
        return "**required**"
    if "default" not in option:
        return "see Meaning"
    value = option["default"]
    return cell(f"`{json.dumps(value, ensure_ascii=False)}`")


def meaning(option: dict[str, Any]) -> str:
    """Description and choices on one line."""
    text = option.get("description", "")
    text = " ".join(text) if isinstance(text, list) else text
    if option.get("choices"):
        text += " One of " + ", ".join(f"`{choice}`" for choice in option["choices"]) + "."
    return cell(paragraph(text))


def paragraph(text: str) -> str:
    """One line, with Ansible's markup as Markdown: C(x) O(x) V(x) become code, U(x) a link."""
    text = re.sub(r"\b[COVMPE]\(((?:[^()\\]|\\.)*)\)", lambda found: f"`{found[1]}`", " ".join(str(text).split()))
    text = re.sub(r"\bRV\(((?:[^()\\]|\\.)*)\)", lambda found: f"`{found[1]}`", text)
    text = re.sub(r"\bU\(([^()]*)\)", r"<\1>", text)
    return re.sub(r"\bI\(([^()]*)\)", r"*\1*", text)


def cell(text: str) -> str:
    """Text that does not break a table."""
    return text.replace("|", "\\|")


# Readers' names of the components, and the artifact whose checksums stand for it; what is missing here is named after its variable.
COMPONENTS = {
    "kubernetes_version": ("Kubernetes (kubeadm)", "kubelet"),
    "containerd_version": ("containerd", "containerd"),
    "containerd_runc_version": ("runc", "runc"),
    "containerd_cni_plugins_version": ("CNI plugins", "cni-plugins"),
    "containerd_pause_version": ("pause image", ""),
    "cni_flannel_version": ("flannel", ""),
    "storage_local_path_version": ("local-path-provisioner", ""),
    "storage_busybox_version": ("busybox image of its helper pods", ""),
    "ingress_traefik_version": ("Traefik", ""),
    "mysql_version": ("MySQL", "mysql"),
    "redis_version": ("Redis", ""),
    "minio_version": ("S3 store", "minio"),
    "wandb_helm_version": ("Helm", "helm"),
    "wandb_helm_diff_version": ("helm-diff", "helm-diff"),
    "wandb_chart_version": ("chart operator-wandb", ""),
    "wandb_operator_chart_version": ("chart operator", ""),
    "wandb_controller_version": ("W&B operator's controller", ""),
    "wandb_server_version": ("W&B server", ""),
    "wandb_console_version": ("W&B console", ""),
    "wandb_mcp_server_version": ("W&B MCP server", ""),
}


def versions_table(found: list[Role]) -> str:
    """Every `*_version` default of the roles, with the versions the catalogue has checksums for."""
    catalogue = load(TOP / "meta/catalogue.yml") if (TOP / "meta/catalogue.yml").is_file() else {}
    artifacts = catalogue.get("artifacts") or {}
    lines = ["| Component | Default | Variable | Checksums in the catalogue |", "|---|---|---|---|"]
    defaults = {name: value for role in found for name, value in role.defaults.items() if name.endswith("_version")}
    order = {name: number for number, name in enumerate(COMPONENTS)}
    for name, value in sorted(defaults.items(), key=lambda item: order.get(item[0], len(order))):
        if not isinstance(value, (str, int, float)) or templated(value) or str(value) == "":
            continue
        label, artifact = COMPONENTS.get(name, (name.removesuffix("_version").replace("_", " "), ""))
        known = sorted((artifacts.get(artifact) or {}).get("versions") or {}, key=version_key)
        if artifact and value not in known:
            raise CheckFailed(
                f"{name} is {value} by default, but meta/catalogue.yml has no checksum of {artifact} {value} (it has {', '.join(known) or 'none'})."
            )
        told = "" if not known else f"{known[0]} … {known[-1]} ({len(known)})" if len(known) > 2 else ", ".join(known)
        lines.append(f"| {label} | {value} | `{name}` | {told or 'image, chart or package'} |")
    return "\n".join(lines)


def version_key(version: str) -> list[int]:
    """2.10 comes after 2.9."""
    return [int(part) for part in re.findall(r"\d+", version)]
