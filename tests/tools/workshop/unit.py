"""pytest, on the development Ansible and on the oldest and newest ansible-core that the collection supports."""

from __future__ import annotations

import re
from pathlib import Path

from .base import LAB, ROLES, TOP, CheckFailed, environment, files, run, some


def unit() -> str:
    """The unit tests, in parallel."""
    return pytest(LAB / "venv", "tests/unit")


def cores() -> list[str]:
    """The other versions of ansible-core that this machine has a Python for; the development version is one of the three itself."""
    return [core for core in ("2.19", "2.21") if (LAB / f"venv-{core}/bin/python").exists()]


def compat(core: str) -> str:
    """On another ansible-core: the unit tests of the plugins, the syntax of every playbook, the documentation of every role and plugin."""
    venv = LAB / f"venv-{core}"
    env = environment(venv, ANSIBLE_DEPRECATION_WARNINGS="1")
    version = run(["ansible", "--version"], env=env, quiet=True).splitlines()[0]
    if f"core {core}." not in version:
        raise CheckFailed(f"{venv} holds {version}, expected ansible-core {core}. Run `make env-compat`.")
    playbooks = some([name for name in files(".yml", under=["playbooks"]) if name.parent.name == "playbooks"], "playbook")
    text = run(["ansible-playbook", "--syntax-check", "--inventory", "inventories/sample", *playbooks], env=env, quiet=True)
    if "[DEPRECATION" in text or "[ERROR" in text:
        raise CheckFailed(f"the syntax check of the playbooks on ansible-core {core} is not quiet:\n{text}")
    roles = some(sorted(Path(spec.parent.parent.name) for spec in ROLES.glob("*/meta/argument_specs.yml")), "role with an argument_specs.yml")
    for kind, names in {"role": [f"onprem.wandb.{role}" for role in roles], **plugin_names()}.items():
        run(["ansible-doc", "--type", kind, "--json", *names], env=env, quiet=True)
    return f"{version.split('[')[1].rstrip(']')}, {len(playbooks)} playbooks, {len(roles)} roles, {pytest(venv, 'tests/unit', '--ignore=tests/unit/tools')}"


def plugin_names() -> dict[str, list[str]]:
    """Full names of the plugins that carry documentation, by ansible-doc's types."""
    kinds = {"module": "modules", "lookup": "lookup", "filter": "filter", "callback": "callback", "test": "test"}
    found = {kind: [f"onprem.wandb.{path.stem}" for path in sorted((TOP / "plugins" / folder).glob("[!_]*.py"))] for kind, folder in kinds.items()}
    return {kind: names for kind, names in found.items() if names}


def pytest(venv: Path, folder: str, *arguments: str) -> str:
    """pytest with one worker per core; no test at all is a failure."""
    text = run(["python", "-m", "pytest", "-q", "-n", "auto", "--no-header", "-p", "no:cacheprovider", folder, *arguments], env=environment(venv), quiet=True)
    passed = re.search(r"(\d+) passed", text)
    if not passed:
        raise CheckFailed(f"pytest reports no passed test in {folder}: {text[-300:]}")
    if re.search(r"\d+ (skipped|xfailed|xpassed)", text):
        raise CheckFailed(f"pytest left tests out: {text.strip().splitlines()[-1]}. A test that does not run proves nothing.")
    return f"{passed[1]} tests"
