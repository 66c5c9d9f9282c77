# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What README.md tells a first operator, read out of it: commands and variables. Nothing of it is written here again."""

from __future__ import annotations

import re
from collections.abc import Iterator

FIRST_PAGE_ENDS = "## Sizes and sandboxes"


def first_page(text: str) -> str:
    """What somebody reads before the first run."""
    page, found, _rest = text.partition(FIRST_PAGE_ENDS)
    if not found:
        raise ValueError(f"README.md has no heading {FIRST_PAGE_ENDS!r}, where its first page ends")
    return page


def block(text: str, begin: str, end: str) -> str:
    """What stands between <!-- begin --> and <!-- end -->."""
    found = re.search(rf"<!-- {begin} -->\n(.*?)<!-- {end} -->", text, re.DOTALL)
    if not found:
        raise ValueError(f"there is no block <!-- {begin} --> that ends with <!-- {end} -->")
    return found[1]


def install_commands(text: str) -> list[str]:
    """The lines that install the collection and make an inventory."""
    return [line for line in block(text, "install:begin", "install:end").splitlines() if line and not line.startswith("```")]


def variables(text: str) -> set[str]:
    """Every name that the first page has in code style: what an operator may set by its words."""
    return {name for quoted in re.findall(r"`([^`\n]+)`", first_page(text)) for name in re.findall(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b", quoted)}


def rows(text: str) -> Iterator[list[str]]:
    """Cells of the rows of a table, without its head."""
    for line in [line for line in text.splitlines() if line.startswith("|")][2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def tuesday(text: str) -> list[str]:
    """Every command of the table of a Tuesday: playbook and its arguments."""
    section = re.search(r"^## What you do on a Tuesday$(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"`(onprem\.wandb\.[^`]+)`", "\n".join(row[-1] for row in rows(section[1]))) if section else []
