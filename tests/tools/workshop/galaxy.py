"""The collection as Galaxy would publish it: built from a clean copy, read by galaxy-importer, installed, and used by its full name."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path

from .base import LAB, ROLES, TOP, CheckFailed, environment, files, run, some

PLACE = LAB / "galaxy"
NEVER = re.compile(
    r"^(lab|molecule|tests|requirements|\.ci|\.config|\.lab|\.git|\.ansible)(/|$)"
    r"|(^|/)(secrets/|__pycache__|kubeconfig$)|^(Makefile|pyproject\.toml|ansible\.cfg)$|\.pyc$"
)
ALWAYS = ("README.md", "LICENSE", "CHANGELOG.rst", "meta/runtime.yml", "meta/catalogue.yml", "playbooks/site.yml", "playbooks/verify.yml", "inventories/sample")


def galaxy() -> str:
    """Build, look inside, import, install, and check the syntax of every playbook outside this checkout."""
    tarball = build()
    names = contents(tarball)
    importer(tarball)
    playbooks = installed(tarball)
    return f"{tarball.name}, {len(names)} entries, {playbooks} playbooks by full name"


def build() -> Path:
    """The tarball of a clean clone: only files that git knows."""
    tree = PLACE / "tree"
    shutil.rmtree(PLACE, ignore_errors=True)
    for name in some(files(), "file"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, tree / name, follow_symlinks=False)
    run(["ansible-galaxy", "collection", "build", "--output-path", PLACE, "--force", tree], quiet=True)
    return next(PLACE.glob("onprem-wandb-*.tar.gz"))


def contents(tarball: Path) -> list[str]:
    """What must be inside, and what must not."""
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
        private = [member.name for member in archive if member.isfile() and holds_key(archive, member)]
    wrong = [name for name in names if NEVER.search(name)]
    if wrong:
        raise CheckFailed(f"{tarball.name} holds what is no part of the collection: {', '.join(wrong[:8])}. Add it to build_ignore in galaxy.yml.")
    if private:
        raise CheckFailed(f"{tarball.name} holds private keys: {', '.join(private)}.")
    roles = [f"roles/{path.parent.parent.name}/README.md" for path in ROLES.glob("*/meta/main.yml")]
    missing = [name for name in [*ALWAYS, *roles] if name not in names]
    if missing:
        raise CheckFailed(f"{tarball.name} lacks {', '.join(missing)}.")
    return names


def holds_key(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bool:
    """Whether a file holds a PEM private key with a body."""
    content = archive.extractfile(member)
    return bool(content and re.search(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{60}", content.read()))


def importer(tarball: Path) -> None:
    """galaxy-importer, with ansible-doc; ansible-lint has a check of its own here, and `ansible-test` too."""
    config = PLACE / "galaxy-importer.cfg"
    settings = ["CHECK_CHANGELOG = True", "RUN_ANSIBLE_DOC = True", "RUN_ANSIBLE_LINT = False", "RUN_ANSIBLE_TEST = False"]
    config.write_text("\n".join(["[galaxy-importer]", *settings, ""]), encoding="utf-8")
    env = environment(GALAXY_IMPORTER_CONFIG=str(config))
    text = run(["python", "-m", "galaxy_importer.main", tarball], cwd=PLACE, env=env, quiet=True)
    bad = [line for line in text.splitlines() if line.startswith(("ERROR", "WARNING", "CRITICAL"))]
    if bad or "Importer processing completed successfully" not in text:
        raise CheckFailed("galaxy-importer is not content:\n  " + "\n  ".join(bad or text.splitlines()[-10:]))


def installed(tarball: Path) -> int:
    """Install the tarball where nothing else of ours is, and check the syntax of its playbooks by full name."""
    target = PLACE / "installed"
    env = environment(ANSIBLE_COLLECTIONS_PATH=str(target))
    run(["ansible-galaxy", "collection", "install", "--offline", "--no-deps", "--collections-path", target, tarball], cwd=PLACE, env=env, quiet=True)
    home = target / "ansible_collections/onprem/wandb"
    names = sorted(path.stem for path in (home / "playbooks").glob("*.yml"))
    some([Path(name) for name in names], "playbook in the tarball")
    command = ["ansible-playbook", "--syntax-check", "--inventory", home / "inventories/sample"]
    run([*command, *(f"onprem.wandb.{name}" for name in names)], cwd=PLACE, env=env, quiet=True)
    return len(names)
