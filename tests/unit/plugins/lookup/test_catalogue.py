# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookups with variables that are templates themselves, and once from a real playbook."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.onprem.wandb.plugins.lookup import catalogue, catalogue_image
from ansible_collections.onprem.wandb.plugins.plugin_utils import _catalogue

SHA = "a" * 64


def run(plugin: t.Any, terms: list[t.Any], variables: dict[str, t.Any], **kwargs: t.Any) -> list[t.Any]:
    name = "onprem.wandb." + plugin.__name__.rsplit(".", 1)[-1]
    constants.config.initialize_plugin_configuration_definitions("lookup", name, yaml.safe_load(plugin.DOCUMENTATION)["options"])
    lookup = plugin.LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), variables))
    lookup._load_name = name
    return lookup.run(terms, variables, **kwargs)


def find(*terms: str, variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> t.Any:
    (value,) = run(catalogue, list(terms), variables or {}, **kwargs)  # one value: what lookup() makes of it is the list itself
    return value


def test_one_name_is_a_list_too() -> None:
    found = find("runc", versions={"runc": "1.4.3"})
    assert [one["name"] for one in found] == ["runc"]
    assert found[0]["url"] == "https://github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64"


def test_order_and_names_from_versions() -> None:
    versions = {"runc": "1.4.3", "kubeadm": "1.36.4", "kubelet": "1.36.4"}
    assert [one["name"] for one in find("kubelet", "runc", versions=versions)] == ["kubelet", "runc"]
    assert [one["name"] for one in find(versions=versions)] == ["runc", "kubeadm", "kubelet"]


def test_variables_are_templates() -> None:
    variables = {
        "host": "mirror.lab.test",
        "checksum": SHA,
        "artifacts_mirror": trust_as_template("http://{{ host }}:8080"),
        "artifacts_overrides": {"mysql": {"url": "/files/lab/mysql-{version}.tar.xz", "versions": {"9.7.4": trust_as_template("{{ checksum }}")}}},
    }
    found = find("mysql", versions={"mysql": "9.7.4"}, variables=variables)[0]
    assert (found["url"], found["sha256"], found["strip_components"]) == ("http://mirror.lab.test:8080/files/lab/mysql-9.7.4.tar.xz", SHA, 1)


def test_known_versions() -> None:
    found = find("kubeadm", "new", known=True, variables={"artifacts_overrides": {"new": {"url": "https://x.org", "versions": {"1": SHA}}}})
    assert "1.36.4" in found["kubeadm"]
    assert found["new"] == ["1"]


@pytest.mark.parametrize(
    ("terms", "options", "variables", "part"),
    [
        (["runc"], {}, {}, "was not told the version of runc: write versions={'runc': '1.2.3'} after the names"),
        (["runc"], {"versions": {"run": "1"}}, {}, "was not told the version of runc"),
        ([], {}, {}, "was not told the version of any artifact"),
        (["rnc"], {"versions": {"rnc": "1"}}, {}, "Artifact 'rnc' is not in the catalogue"),
        (["runc"], {"versions": {"runc": "0"}}, {}, "Artifact runc has no checksum for version 0. Known versions: 1.4.3"),
        (["runc"], {"versions": {"runc": 1.4}}, {}, "the number 1.4: put it in quotes"),
        (["runc"], {"versions": {"runc": "1.4.3"}}, {"artifacts_mirror": "mirror"}, "artifacts_mirror must be an http://"),
        (["runc"], {"versions": {"runc": "1.4.3"}}, {"artifacts_overrides": ["x"]}, "artifacts_overrides must be a mapping"),
    ],
)
def test_errors_are_sentences(terms: list[str], options: dict[str, t.Any], variables: dict[str, t.Any], part: str) -> None:
    with pytest.raises(AnsibleError) as caught:
        find(*terms, variables=variables, **options)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("term", "options", "part"),
    [
        ("traefik", {}, "was not told the version of traefik: write version='1.2.3'"),
        ("traefik", {"version": 3.10}, "the number 3.1: put it in quotes"),
        ("trafik", {"version": "3"}, "Image 'trafik' is not in the catalogue"),
    ],
)
def test_image_errors(term: str, options: dict[str, t.Any], part: str) -> None:
    with pytest.raises(AnsibleError) as caught:
        run(catalogue_image, [term], {}, **options)
    assert part in str(caught.value)


def test_image() -> None:
    assert run(catalogue_image, ["traefik"], {}, version="3.7.13") == ["docker.io/library/traefik:v3.7.13"]
    overrides = {"images": {"traefik": "registry.example.com/traefik:{version}"}}
    assert run(catalogue_image, ["traefik"], {"artifacts_overrides": overrides}, version="3") == ["registry.example.com/traefik:3"]


def test_from_a_playbook(tmp_path: pathlib.Path) -> None:
    """By its full name, with a template as version, without a warning."""
    command = pathlib.Path(sys.executable).parent / "ansible-playbook"
    root = next(path.parent for path in pathlib.Path(_catalogue.__file__).parents if path.name == "ansible_collections")
    tasks = [
        {
            "name": "Look",
            "ansible.builtin.copy": {
                "content": "{{ [artifacts, image] | to_json }}",
                "dest": f"{tmp_path}/out",
                "mode": "0600",
            },
        }
    ]
    variables = {
        "v": "{{ w }}",
        "w": "1.4.3",
        "artifacts": "{{ lookup('onprem.wandb.catalogue', 'runc', versions={'runc': v}) }}",
        "image": "{{ lookup('onprem.wandb.catalogue_image', 'traefik', version='3') }}",
    }
    play = [{"name": "Test", "hosts": "localhost", "gather_facts": False, "connection": "local", "vars": variables, "tasks": tasks}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
    (tmp_path / "ansible.cfg").touch()
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(root), "ANSIBLE_CONFIG": f"{tmp_path}/ansible.cfg"}
    environment["ANSIBLE_PYTHON_INTERPRETER"] = sys.executable
    done = subprocess.run([str(command), "-i", "localhost,", str(tmp_path / "play.yml")], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    artifacts, image = json.loads((tmp_path / "out").read_text())
    assert [one["name"] for one in artifacts] == ["runc"]
    assert image == "docker.io/library/traefik:v3"
