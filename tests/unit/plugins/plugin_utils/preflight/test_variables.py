# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Required variables, types, names."""

from __future__ import annotations

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight import types
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import evaluate, variables

SPECS = {
    "mysql": {
        "mysql_port": {"type": "int"},
        "mysql_accept_single_host": {"type": "bool"},
        "mysql_version": {"type": "str"},
        "mysql_app_password": {"type": "str", "no_log": True},
        "mysql_packages": {"type": "list", "elements": "str"},
        "mysql_mode": {"type": "str", "choices": ["a", "b"]},
        "mysql_tree": {"type": "dict", "options": {"size": {"type": "int", "required": True}, "on": {"type": "bool"}}},
    },
    "wandb": {"wandb_thing": {"type": "str", "required": True, "description": ["What O(wandb_name) is for. More."]}},
}


@pytest.mark.parametrize("value", [..., "", None, "  "])
@pytest.mark.parametrize("name", ["site_name", "wandb_fqdn"])
def test_required_variable_missing_or_empty(site, found, name, value):
    assert ("localhost", name, "problem") in found(variables.required(site({name: value}, specs=SPECS)))


def test_required_variable_says_what_it_is(site):
    (finding,) = variables.required(site(specs=SPECS))
    assert (finding.variable, finding.value, finding.expected) == ("wandb_thing", "not set", "What wandb_name is for")


@pytest.mark.parametrize(
    ("name", "value", "path", "remedy"),
    [
        ("mysql_port", "3307", "mysql_port", "{\"mysql_port\": 3307}"),
        ("mysql_port", 33.5, "mysql_port", "an integer"),
        ("mysql_port", True, "mysql_port", "an integer"),
        ("mysql_accept_single_host", "yes", "mysql_accept_single_host", "{\"mysql_accept_single_host\": true}"),
        ("mysql_accept_single_host", "false", "mysql_accept_single_host", "{\"mysql_accept_single_host\": false}"),
        ("mysql_accept_single_host", "true", "mysql_accept_single_host", "in an INI file write mysql_accept_single_host=True"),
        ("mysql_accept_single_host", "no", "mysql_accept_single_host", "in an INI file write mysql_accept_single_host=False"),
        ("mysql_version", "8.4\0", "mysql_version", "mysql_version: <text>"),
        ("mysql_packages", ["a", "\ud800"], "mysql_packages[1]", "<text>"),
        ("mysql_accept_single_host", 1, "mysql_accept_single_host", "true or false"),
        ("mysql_version", 8.4, "mysql_version", 'mysql_version: "8.4"'),
        ("mysql_version", ["8.4.9"], "mysql_version", "text"),
        ("mysql_packages", "a,b", "mysql_packages", "a list"),
        ("mysql_packages", ["a", 1], "mysql_packages[1]", "quotes"),
        ("mysql_mode", "c", "mysql_mode", "mysql_mode: a"),
        ("mysql_tree", {"size": "1"}, "mysql_tree.size", "JSON"),
        ("mysql_tree", {"on": True}, "mysql_tree.size", "add the key"),
        ("mysql_tree", {"size": 1, "of": True}, "mysql_tree.of", "remove or correct"),
        ("artifacts_overrides", [], "artifacts_overrides", "a mapping"),
    ],
)
def test_wrong_types(site, name, value, path, remedy):
    findings = list(variables.types(site({name: value}, specs=SPECS)))
    assert findings and {item.variable for item in findings} == {path}
    assert remedy in findings[0].remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [("mysql_port", 3307), ("mysql_accept_single_host", False), ("mysql_version", "8.4"), ("mysql_mode", "a"), ("mysql_tree", {"size": 1})],
)
def test_right_types(site, name, value):
    assert not list(variables.types(site({name: value}, specs=SPECS)))


def test_a_secret_of_the_wrong_type_is_not_printed_anywhere(site):
    for finding in variables.types(site({"mysql_app_password": 987654}, specs=SPECS)):
        assert "987654" not in "%s %s %s" % (finding.value, finding.expected, finding.remedy)


def test_misspelt_variable(site):
    (finding, *_more) = variables.unknown(site({"mysql_verison": "8.4.9"}, specs=SPECS))
    assert finding.severity == "warning" and "mysql_version" in finding.remedy


def test_own_variables_are_left_alone(site):
    assert not list(variables.unknown(site({"company_name": "x", "mysql_backup_window_of_the_company": "y"}, specs=SPECS)))


def test_a_template_that_fails_is_one_finding(site):
    broken = site()
    broken.controller.variables.errors["wandb_fqdn"] = "'domain' is undefined"
    findings = list(evaluate(broken))
    assert [(item.variable, item.remedy) for item in findings] == [
        ("wandb_fqdn", "'domain' is undefined; ansible-inventory -i <inventory> --host localhost shows where it stands")
    ]


@pytest.mark.parametrize(("value", "empty"), [(None, True), ("", True), (" ", True), ([], True), ({}, True), (0, False), (False, False), ("x", False)])
def test_emptiness(value, empty):
    assert types.is_empty(value) is empty


@pytest.mark.parametrize(("written", "seen"), [("true", "true"), ("True", True), ("False", False), ("3307", 3307)])
def test_the_words_of_an_ini_file_mean_what_the_remedy_says(tmp_path, written, seen):
    """Beside a host and below [group:vars] alike."""
    (tmp_path / "hosts.ini").write_text(f"[mysql]\ndb1 beside={written}\n[mysql:vars]\nbelow={written}\n", encoding="utf-8")
    inventory = InventoryManager(loader=DataLoader(), sources=[str(tmp_path / "hosts.ini")])
    assert inventory.hosts["db1"].vars["beside"] == inventory.groups["mysql"].vars["below"] == seen
