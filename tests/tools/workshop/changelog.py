"""antsibull-changelog: fragments and changelog are well-formed, and CHANGELOG.rst is what they say."""

from __future__ import annotations

import re

from .base import TOP, CheckFailed, files, run, some
from .collection import load
from .unit import plugin_names


def changelog() -> str:
    """Lint the fragments, the changelog and the version they are about."""
    fragments = files(".yml", under=["changelogs/fragments"])
    some([*files("changelog.yaml", under=["changelogs"]), *fragments], "changelog")
    run(["antsibull-changelog", "lint"])
    run(["antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml"])
    version = re.search(r"^version: *(\S+)", (TOP / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    released = re.findall(r"^  (\d+\.\d+\.\d+\S*):$", (TOP / "changelogs/changelog.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    if not version or (version[1] not in released and not fragments):
        raise CheckFailed(
            f"galaxy.yml says version {version[1] if version else '?'}, changelogs/changelog.yaml knows {released or 'none'}, and there is no fragment."
        )
    if released:
        before = (TOP / "CHANGELOG.rst").read_text(encoding="utf-8")
        made = run(["antsibull-changelog", "generate", "--output", "/dev/stdout", "--output-format", "rst"], quiet=True)
        if made.strip() != before.strip():
            raise CheckFailed("CHANGELOG.rst is not what changelogs/changelog.yaml says: run `antsibull-changelog generate`.")
        plugins_listed("" if version and version[1] in released else str(version and version[1]))
    return f"{len(fragments)} fragments, {len(released)} releases"


def plugins_listed(coming: str) -> None:
    """Every plugin that carries documentation stands in the release that brought it, or says that it comes with the version that is not released yet."""
    listed: set[str] = set()
    for release in load(TOP / "changelogs/changelog.yaml")["releases"].values():
        for entries in [release.get("modules") or [], *(release.get("plugins") or {}).values()]:
            listed |= {entry["name"] for entry in entries}
    present = {name.rsplit(".", 1)[-1] for names in plugin_names().values() for name in names}
    if coming:
        present -= {name for name in present - listed if any(f"version_added: {coming}\n" in text for text in sources(name))}
    if listed != present:
        raise CheckFailed(
            f"the changelog does not list the plugins there are: missing {sorted(present - listed) or 'none'}, gone {sorted(listed - present) or 'none'}."
            " Run `make changelog`."
        )


def sources(name: str) -> list[str]:
    """The texts of the plugins of that name."""
    return [path.read_text(encoding="utf-8") for path in (TOP / "plugins").glob(f"*/{name}.py")]
