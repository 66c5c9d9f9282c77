# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role writes is what the program reads; anything else is refused with a sentence."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from mysql_backup.base import Problem
from mysql_backup.config import CONFIG, Config, load

from .given import entries

ROLE = pathlib.Path(__file__).parents[4] / "roles/mysql_backup"
SITE = {"site_name": "berlin", "inventory_hostname": "db1", "mysql_backup_repository": "s3:https://s3/b", "mysql_backup_ca_file": "/ca", "ansible_facts": {}}


def rendered(**variables: t.Any) -> str:
    """The role's template with its defaults."""
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    known = {key: trust_as_template(value) if isinstance(value, str) else value for key, value in defaults.items()}
    known["__mysql_backup_config_dir"] = "/etc/onprem-wandb/mysql-backup"
    template = (ROLE / "templates/config.json.j2").read_text()
    found = Templar(DataLoader(), variables={**known, **SITE, **variables}).template(trust_as_template(template))
    return found if isinstance(found, str) else json.dumps(found)


def written(place: pathlib.Path, content: t.Any) -> str:
    (place / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return str(place / "config.json")


def refusal(place: pathlib.Path, content: t.Any) -> str:
    with pytest.raises(Problem) as raised:
        load(written(place, content))
    assert str(raised.value).endswith("Nothing was done. Next: ansible-playbook onprem.wandb.backups -i <inventory>")
    return str(raised.value)


def test_what_the_role_writes_is_read(tmp_path: pathlib.Path) -> None:
    found = load(written(tmp_path, rendered()))
    assert (found.home.site, found.home.host, found.store.address) == ("berlin", "db1", "s3:https://s3/b")
    assert found.store.environment_file == str(pathlib.Path(CONFIG).parent / "environment")
    assert found.home.full_max_age == json.loads(rendered())["full_max_age_hours"] * 3600
    assert found.home.state_dir == found.data.state_dir == found.workplace.state_dir
    assert 1 <= found.store.threads == found.workplace.threads <= 4


def test_a_name_that_looks_like_a_number_is_a_name(tmp_path: pathlib.Path) -> None:
    assert load(written(tmp_path, rendered(site_name=42))).home.site == "42"


def test_every_entry_is_read_and_none_is_for_nothing(tmp_path: pathlib.Path) -> None:
    names = json.loads(rendered())
    assert set(names) == set(entries(tmp_path))
    for name in names:
        assert f": {name} is missing; expected " in refusal(tmp_path, {key: value for key, value in entries(tmp_path).items() if key != name})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("socket", 3, "socket is of the type int; expected a text."),
        ("ship_interval", "60", "ship_interval is of the type str; expected a whole number."),
        ("ship_interval", 1.5, "ship_interval is of the type float; expected a whole number."),
        ("keep_min", True, "keep_min is of the type bool; expected a whole number."),
        ("retention_days", None, "retention_days is of the type NoneType; expected a number."),
        ("append_only", "yes", "append_only is of the type str; expected true or false."),
        ("restic_options", "-o x", "restic_options is of the type str; expected a list of texts."),
        ("restic_options", [1], "restic_options holds something else than texts; expected a list of texts."),
        ("repository", ["rest:https://u:s3cret@h/"], "repository is of the type list; expected a text."),
    ],
)
def test_a_wrong_type_is_named_and_its_value_is_not(tmp_path: pathlib.Path, name: str, value: t.Any, words: str) -> None:
    said = refusal(tmp_path, entries(tmp_path, **{name: value}))
    assert words in said and "s3cret" not in said


@pytest.mark.parametrize(("content", "words"), [("{", "cannot be read: "), ("[]", "is of the type list; expected an object.")])
def test_a_file_that_is_none(tmp_path: pathlib.Path, content: str, words: str) -> None:
    assert words in refusal(tmp_path, content)
    with pytest.raises(Problem, match="none.json cannot be read: .* expected the file that the role writes"):
        load(str(tmp_path / "none.json"))


def test_no_part_is_raw() -> None:
    """Each part has a type of its own, and no mapping of everything is left to be handed on."""
    hints = t.get_type_hints(Config)
    assert len({*hints.values()}) == len(hints) and dict not in hints.values()
