# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a whole site is at one moment: its hosts, its cluster, the controller's own files. And what differs between two moments."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pathlib
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
# Objects that change by themselves: records of what happened, and what the nodes renew each few seconds.
MOVING = ("events", "leases", "componentstatuses")
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
# kubectl keeps a cache in the home directory, which would be a change of the host.
HOME = "export HOME=$(mktemp -d -p /dev/shm)\ntrap 'rm -r $HOME' EXIT"
# What is declared. Of an object with a generation the server counts that up with each change of what is declared; its version counts what is reported, too.
DECLARED = "{.metadata.uid} {.metadata.generation} {.metadata.labels} {.metadata.annotations}"
OBJECT = '{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{"\\t"}%s{"\\t"}{.metadata.resourceVersion}{"\\n"}{end}' % DECLARED
# Of a node a kubelet renews the state and the annotations, of a pod its controllers do; they have no generation.
REPORTED = ("Node", "Pod")

Moment = dict[str, str]


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """A line for each thing that is new, gone or other. A unit that its timer has started meanwhile is as it should be."""
    found = []
    for what in sorted({*before, *after}):
        old, new = before.get(what, "(not there)"), after.get(what, "(not there)")
        place, _colon, name = what.partition(": ")
        timer = f"{place}: timer of {name.removeprefix('unit ')}"
        if old == new or name.startswith("timer of ") or before.get(timer) != after.get(timer):
            continue
        found.append(f"{what}: {old} -> {new}")
    return found


def container(lab: str, host: str) -> str:
    """As lab/lablib/config.py names it: those of the default lab as in the inventory."""
    return host if lab == "lab" else f"{lab}-{host}"


def on(lab: str, host: str, words: list[str], text: str) -> str:
    """A command on a host, or the end with what it said."""
    env = {**os.environ, "CONTAINERS_CONF": str(TOP / "lab/containers.conf")}
    done = subprocess.run(
        ["podman", "exec", "--interactive", container(lab, host), *words], input=text, capture_output=True, text=True, env=env, timeout=120, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)} on {host}: {done.stderr[-600:]}"
    return done.stdout


def of_host(lab: str, host: str) -> Moment:
    """Files, units, sockets, database."""
    seen = json.loads(on(lab, host, ["python3", "-"], (HERE / "on_host.py").read_text(encoding="utf-8")))
    return {f"{host}: {what}": state for what, state in seen.items()}


def of_cluster(lab: str, host: str) -> Moment:
    """Every object of the cluster and its version."""
    skipped = "|".join(f"{name}([.].*)?" for name in MOVING)
    script = f"""set -e
{HOME}
kinds=$({KUBECTL} api-resources --verbs=list -o name | grep -Exv '{skipped}' | paste -sd,)
{KUBECTL} get "$kinds" -A -o jsonpath='{OBJECT}'
"""
    found = {}
    for line in on(lab, host, ["sh"], script).splitlines():
        name, declared, version = line.split("\t")
        uid, generation, *_others = declared.split(" ")
        found[f"cluster: {name}"] = uid if name.startswith(REPORTED) else declared if generation else version
    return found


def of_controller(*places: pathlib.Path) -> Moment:
    """The controller's files of the site: secrets, certificates, kubeconfig, tools."""
    remote = program()
    found = {}
    for place in places:
        for path in sorted([place, *place.rglob("*")]):
            state = remote.of_file(str(path))
            if path.is_file():
                state += f" {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
            found[f"controller: {path}"] = state
    return found


def program() -> ModuleType:
    """The host's program, for its functions."""
    spec = importlib.util.spec_from_file_location("on_host", HERE / "on_host.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def of_site(lab: str, hosts: list[str], control_plane: str, *places: pathlib.Path) -> Moment:
    """All of it, host beside host."""
    with ThreadPoolExecutor() as pool:
        parts = [pool.submit(of_host, lab, host) for host in hosts]
        parts += [pool.submit(of_cluster, lab, control_plane)] if control_plane else []
        parts.append(pool.submit(of_controller, *places))
        return {what: state for part in parts for what, state in part.result().items()}
