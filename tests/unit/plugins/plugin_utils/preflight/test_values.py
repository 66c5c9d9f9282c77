# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables templated on demand: what fails is a sentence, what would write a secret is never evaluated."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.template import Templar, trust_as_template
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight import values


@pytest.fixture
def make(tmp_path: pathlib.Path):
    """Variables from two dictionaries of templates."""

    def build(supplied, defaults=None):
        trusted = {key: trust_as_template(value) if isinstance(value, str) else value for key, value in supplied.items()}
        below = {key: trust_as_template(value) if isinstance(value, str) else value for key, value in (defaults or {}).items()}
        return values.TemplatedVariables(Templar(loader=DataLoader(), variables={}), trusted, below)

    return build


def test_supplied_values_come_before_defaults(make):
    variables = make({"a": "1", "b": "{{ c }}"}, {"a": "0", "c": "{{ a }}x"})
    assert (variables.get("a"), variables.get("b"), variables.get("c"), variables.get("none")) == ("1", "1x", "1x", None)
    assert variables.is_supplied("a") and not variables.is_supplied("c") and variables.errors == {}


def test_native_types_stay(make):
    variables = make({"a": "{{ 3 + 4 }}", "b": "{{ [1] }}", "c": True})
    assert (variables.get("a"), variables.get("b"), variables.get("c")) == (7, [1], True)


@pytest.mark.parametrize(
    "template",
    ["{{ no_such_variable }}", "{{ 1 / 0 }}", "{{ 'x' | no_such_filter }}", "{{ broken", "{{ lookup('ansible.builtin.file', '/no/such') }}"],
)
def test_what_cannot_be_evaluated_is_a_sentence(make, template):
    variables = make({"a": template})
    assert variables.get("a") is None
    assert variables.errors["a"] and "\n" not in variables.errors["a"] and "Traceback" not in variables.errors["a"]


def test_a_vault_without_its_password_is_a_sentence(tmp_path):
    """FC-61: a site's inventory on a machine that was not given the password."""
    encrypted = VaultLib([("default", VaultSecret(b"the password"))]).encrypt("abc").decode()
    (tmp_path / "all.yml").write_text("wandb_license: !vault |\n" + "".join(f"  {line}\n" for line in encrypted.splitlines()), encoding="utf-8")
    loader = DataLoader()
    raw = loader.load_from_file(str(tmp_path / "all.yml"))
    variables = values.TemplatedVariables(Templar(loader=loader, variables={}), raw, {"wandb_copy": trust_as_template("{{ wandb_license }}")})
    for name in ("wandb_license", "wandb_copy"):
        assert variables.get(name) is None
        assert "vault" in variables.errors[name].lower() and "Traceback" not in variables.errors[name]


def test_a_secret_is_never_generated(make, tmp_path):
    path = tmp_path / "secret"
    generating = "{{ lookup('ansible.builtin.password', '%s') }}" % path
    variables = make({"a": generating, "c": "{{ b }}"}, {"b": generating, "d": "{{ x | default(b) }}"})
    assert variables.get("a") == variables.get("c") == values.HIDDEN  # supplied: there will be one
    assert variables.get("b") is None and variables.get("d") is None
    assert not path.exists() and variables.errors == {}


def test_hostvars_are_not_walked_through(make):
    class Exploding(Mapping):
        def __getitem__(self, key):
            raise AssertionError("evaluated")

        def __iter__(self):
            return iter(["a"])

        def __len__(self):
            return 1

    variables = make({"a": "{{ 'hostvars' }}", "hostvars": Exploding()})
    assert variables.get("a") == "hostvars"


def test_names_of_ansible_are_not_the_operators(make):
    assert set(make({"a": 1, "ansible_host": "x", "__private": 1}).supplied()) == {"a"}


def test_options_of_all_entry_points():
    assert set(values.options({"argument_specs": {"main": {"options": {"a": {}}}, "reset": {"options": {"b": {}}}}})) == {"a", "b"}


def test_what_another_entry_point_requires_is_given_by_its_playbook():
    spec = {"main": {"options": {"a": {"required": True}}}, "switchover": {"options": {"a": {}, "b": {"required": True, "type": "str"}}}}
    assert values.options({"argument_specs": spec}) == {"a": {"required": True}, "b": {"required": False, "type": "str"}}
