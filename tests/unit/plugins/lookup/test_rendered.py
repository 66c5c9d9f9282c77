# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup rendered says what ansible.builtin.template says, and copies nothing."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

TEXT = "{% for name in names %}\n{{ name }}={{ site }} {{ more | default('none') }}\n{% endfor %}\n{{ template_path is defined }}\n"


class Uncopied(dict[str, str]):
    """A variable that must not be copied: on a host it is one of some thousand."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Uncopied:
        raise AssertionError("copied")


def rendered(directory: pathlib.Path, expression: str, **variables: Any) -> Any:
    (directory / "x.j2").write_text(TEXT)
    known = {"names": ["a", "b"], "site": trust_as_template("{{ 'lab' }}"), "path": str(directory / "x.j2"), **variables}
    return Templar(DataLoader(), variables=known).template(trust_as_template("{{ %s }}" % expression))


@pytest.mark.parametrize("arguments", ["path", "path, template_vars={'more': 'x', 'site': 'other'}"])
def test_the_same_text(tmp_path: pathlib.Path, arguments: str) -> None:
    ours = rendered(tmp_path, f"lookup('onprem.wandb.rendered', {arguments})")
    assert ours == rendered(tmp_path, f"lookup('template', {arguments})")
    assert ours.startswith("a=lab none\n" if "more" not in arguments else "a=other x\n") and ours.endswith("True\n")


def test_what_a_template_is_given_is_not_left_in_the_variables(tmp_path: pathlib.Path) -> None:
    assert rendered(
        tmp_path, "lookup('onprem.wandb.rendered', path, template_vars={'more': 'x'}) ~ (more | default('!')) ~ (template_path | default('?'))"
    ).endswith("!?")


def test_nothing_is_copied(tmp_path: pathlib.Path) -> None:
    facts = Uncopied(a="b")
    assert "a=lab" in rendered(tmp_path, "lookup('onprem.wandb.rendered', path)", facts=facts)
    with pytest.raises(Exception, match="copied"):
        rendered(tmp_path, "lookup('template', path)", facts=facts)


def test_a_template_that_is_not_there_is_told(tmp_path: pathlib.Path) -> None:
    with pytest.raises(Exception, match="nosuch"):
        rendered(tmp_path, "lookup('onprem.wandb.rendered', 'nosuch.j2')")
