# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a host has one home, and two meanings: where others reach it, and what it can bind to."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.onprem.wandb.plugins.plugin_utils import _addresses

ROOT = pathlib.Path(__file__).parents[4]
FACTS = {"all_ipv4_addresses": ["192.0.2.31", "10.0.0.31"], "default_ipv4": {"address": "192.0.2.31"}}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "store1"),
        ({"ansible_host": "198.51.100.7"}, "198.51.100.7"),
        ({"ansible_host": "198.51.100.7", "host_address": "10.0.0.31"}, "10.0.0.31"),
        ({"host_address": "10.0.0.31", "redis_address": "10.9.9.9"}, "10.9.9.9"),
        ({"host_address": "", "ansible_host": None}, "store1"),
    ],
)
def test_where_others_reach_it(variables: dict[str, t.Any], expected: str) -> None:
    assert _addresses.reached("store1", variables, "redis_address") == expected
    assert _addresses.reached("store1", {**variables, "mysql_address": "x"}, "redis_address") == expected


@pytest.mark.parametrize(
    ("variables", "facts", "expected"),
    [
        ({}, FACTS, "192.0.2.31"),
        ({"ansible_host": "10.0.0.31"}, FACTS, "10.0.0.31"),
        ({"ansible_host": "198.51.100.7"}, FACTS, "192.0.2.31"),  # a translated address: no interface has it
        ({"ansible_host": "store1.example.com"}, FACTS, "192.0.2.31"),
        ({"ansible_host": "198.51.100.7", "host_address": "10.0.0.31"}, FACTS, "10.0.0.31"),
        ({"ansible_host": "198.51.100.7", "redis_address": "10.9.9.9"}, FACTS, "192.0.2.31"),
        ({"ansible_host": "198.51.100.7"}, {}, "198.51.100.7"),
        ({"ansible_host": "store1.example.com"}, {}, "store1"),
        ({"ansible_host": "store1"}, {"default_ipv6": {"address": "2001:db8::31"}, "all_ipv6_addresses": ["2001:db8::31"]}, "2001:db8::31"),
    ],
)
def test_what_it_can_bind_to(variables: dict[str, t.Any], facts: dict[str, t.Any], expected: str) -> None:
    assert _addresses.held("store1", variables, facts) == expected


def looked_up(expression: str, **variables: t.Any) -> t.Any:
    return Templar(loader=DataLoader(), variables=variables).template(trust_as_template("{{ %s }}" % expression))


SITE = {
    "inventory_hostname": "db1",
    "host_address": trust_as_template("{{ net }}.21"),
    "net": "10.0.0",
    "hostvars": {"db1": {"ansible_host": "x"}, "db2": {"ansible_host": "192.0.2.22", "mysql_address": "10.0.0.22"}},
}


def test_the_lookup() -> None:
    assert looked_up("lookup('onprem.wandb.address')", **SITE) == "10.0.0.21"  # templated, and the play's variables count
    assert looked_up("query('onprem.wandb.address', 'db1', 'db2', layer='mysql')", **SITE) == ["10.0.0.21", "10.0.0.22"]
    assert looked_up("lookup('onprem.wandb.address', 'db2', layer='redis')", **SITE) == "192.0.2.22"
    assert looked_up("lookup('onprem.wandb.address', held=true)", **{**SITE, "ansible_facts": FACTS, "host_address": ""}) == "192.0.2.31"
    with pytest.raises(AnsibleError, match="db3 is no host of the inventory"):
        looked_up("lookup('onprem.wandb.address', 'db3')", **SITE)


SPELLINGS = re.compile(
    r"(host_address['\"\]\s]*\s*\|\s*default)|(ansible_host['\"\]\s]*\s*\|\s*default)|default\((hostvars\[[^]]*\]\[')?ansible_host|'ansible_host'"
)


def second_spellings() -> list[str]:
    found = []
    for folder, kinds in (("roles", ("*.yml", "*.j2")), ("playbooks", ("*.yml",)), ("plugins", ("*.py",))):
        for path in sorted(one for kind in kinds for one in (ROOT / folder).rglob(kind)):
            text = path.read_text(encoding="utf-8")
            quoted = re.findall(r"\"host_address\"[^\n]*\"ansible_host\"", text) if folder == "plugins" else []
            if path.name != "_addresses.py" and (quoted or SPELLINGS.search(text)):
                found.append(str(path.relative_to(ROOT)))
    return found


def test_there_is_no_second_spelling() -> None:
    assert second_spellings() == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ host_address | default(ansible_host) | default(inventory_hostname) }}",
        "{{ hostvars[one]['host_address'] | default(hostvars[one]['ansible_host']) }}",
        "{{ hosts | map(attribute='ansible_host', default='') }}",
        "{{ hostvars[one].ansible_host | default(one) }}",
    ],
)
def test_a_second_spelling_would_be_found(text: str) -> None:
    assert SPELLINGS.search(text)


def test_the_site_variable_is_documented() -> None:
    assert "| `host_address` |" in (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert "gets `host_address` in the inventory" in (ROOT / "README.md").read_text(encoding="utf-8")
