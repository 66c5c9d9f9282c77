"""References that lead nowhere."""

from __future__ import annotations

import pytest
from workshop import references

NAMES = ["roles/cake/tasks/main.yml", "plugins/module_utils/_oven/heat.py", "docs/code-map.md", "inventories/lab/hosts.yml"]
CODE = 'STATE = "/var/lib/cake/status.json"\n__cake_removed = 1\nKNOWN_GROUPS = 2\n'


@pytest.mark.parametrize(
    "line",
    [
        "`roles/<layer>/tasks/main.yml`, `heat.py`, `_oven/*.py`, `../inventories/lab/hosts.yml`, `/etc/cake.json`",
        "`status.json` is made by a run, `__cake_removed` and `KNOWN_GROUPS` are there, `a word` is none",
    ],
)
def test_what_is_there(line: str) -> None:
    assert not list(references.in_paper(line, NAMES, {"__cake_removed", "KNOWN_GROUPS"}, CODE))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("see `roles/cake/tasks/look.yml`", "roles/cake/tasks/look.yml"),
        ("see `cold.py`", "cold.py"),
        ("in `__cake_sizes`", "__cake_sizes"),
        ("in `ROLE_TARGETS`", "ROLE_TARGETS"),
    ],
)
def test_what_is_not_there(line: str, what: str) -> None:
    ((number, told),) = references.in_paper(f"\n{line}", NAMES, {"__cake_removed"}, CODE)
    assert (number, told.split()[0]) == (2, what)


def test_comments_of_programs() -> None:
    text = "# as module_utils/_oven/heat.py and module_utils/_oven.py do\npath = '/opt/plugins/x.py'  # inventories/mysite/hosts.yml\n"
    assert list(references.in_code(text, NAMES)) == [(1, "module_utils/_oven.py is no file of the project")]
