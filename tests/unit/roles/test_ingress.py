"""What Traefik is given: the namespaces that it watches, and the Secrets that it may read there and nowhere else."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from .test_mysql_my_cnf import trusted

ROLE = pathlib.Path(__file__).parents[3] / "roles/ingress"


def objects(**given: Any) -> list[dict[str, Any]]:
    variables = {
        **yaml.safe_load((ROLE / "defaults/main.yml").read_text()),
        **yaml.safe_load((ROLE / "vars/main.yml").read_text()),
        **{"ingress_traefik_image": "traefik", "ingress_namespaces": ["wandb"], **given},
    }
    text = Templar(DataLoader(), variables=trusted(variables)).template(trust_as_template((ROLE / "templates/traefik.yml.j2").read_text()))
    return [entry for entry in yaml.safe_load_all(text) if entry]


def readers(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Kind and namespace of each role that lets somebody read Secrets."""
    named = [entry for entry in found if entry["kind"] in ("Role", "ClusterRole")]
    return [(entry["kind"], entry["metadata"].get("namespace", "")) for entry in named if any("secrets" in rule["resources"] for rule in entry["rules"])]


def arguments(found: list[dict[str, Any]]) -> list[str]:
    (daemon,) = [entry for entry in found if entry["kind"] == "DaemonSet"]
    return daemon["spec"]["template"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize(
    ("namespaces", "expected", "watched"),
    [
        (["wandb"], [("Role", "wandb")], ["--providers.kubernetesingress.namespaces=wandb"]),
        (["wandb", "notes"], [("Role", "wandb"), ("Role", "notes")], ["--providers.kubernetesingress.namespaces=wandb,notes"]),
        ([], [("ClusterRole", "")], []),
    ],
)
def test_secrets_are_readable_where_ingress_objects_are_served_and_nowhere_else(
    namespaces: list[str], expected: list[tuple[str, str]], watched: list[str]
) -> None:
    found = objects(ingress_namespaces=namespaces)
    assert readers(found) == expected
    assert [word for word in arguments(found) if ".namespaces=" in word] == watched
    assert [entry["metadata"]["name"] for entry in found if entry["kind"] == "Namespace"] == ["traefik", *namespaces]
    bound = [entry["metadata"]["namespace"] for entry in found if entry["kind"] == "RoleBinding"]
    assert bound == namespaces
