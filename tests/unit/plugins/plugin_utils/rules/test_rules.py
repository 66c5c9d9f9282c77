# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of the roles: each has a place that passes and one that is refused; preflight and role ask the same function."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import CONTROLLER, Host, PlainVariables, Site
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import roles as preflight
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules import ROLES, judge, kubernetes, wandb
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules.model import Place, sentence

TOP = pathlib.Path(__file__).parents[5]
GROUPS = {"kube_control_plane": ["cp1"], "kube_node": ["node1"], "mysql": ["db1", "db2"], "redis": ["store1"], "minio": ["store1"]}


def place(
    name: str = CONTROLLER, files: dict[str, bytes] | None = None, groups: dict[str, list[str]] | None = None, installing: bool = False, **given: Any
) -> Place:
    return Place(Host(name, variables=PlainVariables(given)), GROUPS if groups is None else groups, (files or {}).get, installing)


@pytest.mark.parametrize("names", [["cp1"]])
def test_one_control_plane_host(names: list[str]) -> None:
    assert not list(kubernetes.control_plane(place(groups={"kube_control_plane": names})))


@pytest.mark.parametrize(("names", "seen"), [([], "empty"), (["cp1", "cp2", "cp3"], "cp1, cp2, cp3")])
def test_no_control_plane_host_and_several(names: list[str], seen: str) -> None:
    (finding,) = kubernetes.control_plane(place(groups={"kube_control_plane": names, "kube_node": ["node1"]}))
    assert (finding.variable, finding.value) == ("group kube_control_plane", seen)


@pytest.mark.parametrize("name", ["node1", "node-1.example.com", "a" * 63])
def test_names_that_kubernetes_takes(name: str) -> None:
    assert not list(kubernetes.node_name(place("node1", kubernetes_node_name=name)))


@pytest.mark.parametrize(
    ("name", "better"), [("k8s_node1", "k8s-node1"), ("Node1", "node1"), ("-x-", "x"), ("a" * 64, "a" * 63), ("___", "node1"), ("node1\n", "node1")]
)
def test_names_that_it_does_not(name: str, better: str) -> None:
    (finding,) = kubernetes.node_name(place("node1", kubernetes_node_name=name))
    assert finding.host == "node1" and finding.remedy.endswith("kubernetes_node_name: " + better)
    assert not list(kubernetes.node_name(place("node1", kubernetes_node_name=better)))


@pytest.mark.parametrize("value", ["104857600", "", True, {"valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}])
def test_environment_that_the_charts_keep(value: Any) -> None:
    assert not list(wandb.environment(place(wandb_extra_env={"SOME_BYTES": value})))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (104857600, 'wandb_extra_env: {SOME_BYTES: "104857600"}'),
        (0.5, 'SOME_BYTES: "0.5"'),
        (None, 'SOME_BYTES: "<text>"'),
        (["hunter2"], 'SOME_BYTES: "<text>"'),
        ({"value": "hunter2"}, 'SOME_BYTES: "<text>"'),
    ],
)
def test_environment_that_the_charts_would_change(value: Any, words: str) -> None:
    (finding,) = wandb.environment(place(wandb_extra_env={"SOME_BYTES": value}))
    assert finding.variable == "wandb_extra_env.SOME_BYTES" and words in finding.remedy
    assert "hunter2" not in finding.value + finding.remedy


@pytest.mark.parametrize("value", ["k8s.example.com:6443", "cp1:6443", ""])
def test_endpoints_of_the_api(value: str) -> None:
    assert not list(kubernetes.endpoint(place(kubernetes_control_plane_endpoint=value)))


@pytest.mark.parametrize(
    "value",
    ["192.0.2.11:6443", "k8s.example.com", "https://k8s.example.com:6443", "k8s.example.com:6443/", "k8s:6443\n", "localhost:6443"],
)
def test_endpoints_that_are_refused(value: str) -> None:
    (finding,) = kubernetes.endpoint(place(kubernetes_control_plane_endpoint=value))
    assert finding.value == value


@pytest.mark.parametrize("value", ["5m0s", "90s", "1h", "1h30m", "10m"])
def test_how_long_kubeadm_waits(value: str) -> None:
    assert not list(kubernetes.timeouts(place(kubernetes_kubeadm_timeouts={"kubernetesAPICall": value, "tlsBootstrap": value})))
    assert not list(kubernetes.timeouts(place()))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("kubernetesApiCall", "5m0s", "one of kubeadm's names"),
        ("kubernetesAPICall", "5", "a duration with its unit"),
        ("kubernetesAPICall", 300, "a duration with its unit"),
        ("kubernetesAPICall", "0s", "a duration with its unit"),
        ("kubernetesAPICall", "", "a duration with its unit"),
        ("kubernetesAPICall", "5 minutes", "a duration with its unit"),
    ],
)
def test_limits_that_kubeadm_would_not_have(name: str, value: Any, words: str) -> None:
    (finding,) = kubernetes.timeouts(place(kubernetes_kubeadm_timeouts={name: value}))
    assert finding.variable == "kubernetes_kubeadm_timeouts.%s" % name and words in finding.expected and "5m0s" in finding.remedy


def test_kubeadm_is_told_its_limits_by_init_and_by_join() -> None:
    told = yaml.safe_load((TOP / "roles/kubernetes/vars/main.yml").read_text())
    for name in ("__kubernetes_init_configuration", "__kubernetes_join_configuration"):
        assert told[name]["timeouts"] == "{{ kubernetes_kubeadm_timeouts }}"


@pytest.mark.parametrize(("group", "first"), [("mysql", "wandb_mysql_host"), ("redis", "wandb_redis_host"), ("minio", "wandb_bucket_access_key")])
def test_an_external_service_without_its_variables(group: str, first: str) -> None:
    findings = list(wandb.external(place(groups={name: hosts for name, hosts in GROUPS.items() if name != group})))
    assert findings[0].variable == first and "group %s is empty" % group in findings[0].expected


def test_an_external_service_with_its_variables() -> None:
    groups = {name: hosts for name, hosts in GROUPS.items() if name != "mysql"}
    assert not list(wandb.external(place(groups=groups, wandb_mysql_host="db.example.com", wandb_mysql_password="abc")))
    assert not list(wandb.external(place()))


@pytest.mark.parametrize(
    ("role", "host", "variable", "bad", "words", "good"),
    [
        ("wandb", CONTROLLER, "wandb_bucket_name", "bucket/team-a", "has a path in it", "team-a"),
        ("wandb", CONTROLLER, "wandb_bucket_name", "", "no name of S3", "wandb-files"),
        ("wandb", CONTROLLER, "wandb_bucket_region", "", "the region is ''", "us-east-1"),
        ("minio", "store1", "minio_bucket", "a b", "no name of S3", "models"),
        ("minio", "store1", "minio_region", "us east", "the region is 'us east'", "eu-west-1"),
        ("mysql_backup", "db1", "mysql_backup_bucket", "mysql/backup", "has a path in it", "mysql-backup"),
    ],
)
def test_names_of_buckets(role: str, host: str, variable: str, bad: str, words: str, good: str) -> None:
    def found(value: str) -> list[tuple[str, str, str]]:
        judged = judge(role, place(host, minio_volumes=["/mnt/disk1"], **{variable: value}))
        return [(one.host, one.value, one.expected) for one in judged if one.variable == variable]

    ((where, seen, expected),) = found(bad)
    assert (where, seen) == (host, bad or "empty") and words in expected
    assert found(good) == []


def test_the_bucket_of_several_servers_is_one_finding() -> None:
    groups = {**GROUPS, "minio": ["store1", "store2"]}
    places = [place(name, groups=groups, minio_volumes=["https://store{1...2}:9000/mnt/disk1"], minio_bucket="a b") for name in groups["minio"]]
    assert [one.host for each in places for one in judge("minio", each) if one.variable == "minio_bucket"] == ["store1"]


@pytest.mark.parametrize("name", wandb.CREDENTIALS)
def test_characters_of_credentials(name: str) -> None:
    (finding,) = wandb.characters(place(**{name: "p/ss word"}))
    assert finding.variable == name and "ss" not in finding.value and "/" in finding.value
    assert not list(wandb.characters(place(**{name: "abcXYZ019"})))


@pytest.mark.parametrize("value", ["https://wandb.example.com", ""])
def test_where_users_reach_wandb(value: str) -> None:
    assert not list(wandb.address(place(wandb_host=value)))


@pytest.mark.parametrize("value", ["http://w.example.com", "https://w.example.com/", "https://w.example.com:8443", "w.example.com", "https://a b"])
def test_where_they_do_not(value: str) -> None:
    (finding,) = wandb.address(place(wandb_host=value))
    assert finding.value == value


def test_an_address_without_a_name_is_told_by_preflight_as_the_empty_name_and_refused_by_the_role() -> None:
    assert not list(wandb.address(place(wandb_host="https://")))
    assert [finding.variable for finding in wandb.address(place(wandb_host="https://", installing=True))] == ["wandb_host"]


def test_names_of_extra_secrets() -> None:
    assert not list(wandb.extra_secrets(place(wandb_extra_secrets={"mail": {"PASSWORD": "x"}})))
    (finding,) = wandb.extra_secrets(place(wandb_extra_secrets={"mail": {}, "wandb-ext-mysql": {}, "wandb-bucket": {}}))
    assert finding.value == "wandb-ext-mysql, wandb-bucket"


def test_files_of_earlier_layers_are_asked_for_by_the_role_and_not_by_preflight() -> None:
    paths = {name: "/secrets/%s" % name for name in wandb.FILES}
    there = dict.fromkeys(paths.values(), b"x")
    assert not list(wandb.files(place(files=there, installing=True, **paths)))
    assert [finding.variable for finding in wandb.files(place(installing=True, **paths))] == list(wandb.FILES)
    assert not list(wandb.files(place(**paths)))


def test_the_role_and_preflight_ask_the_same_function() -> None:
    hosts = {name: Host(name, frozenset([group]), PlainVariables({"kubernetes_node_name": "Node_1"})) for group, name in (("kube_node", "node1"),)}
    site = Site(hosts, Host(CONTROLLER, variables=PlainVariables({"wandb_host": "x"})), {**GROUPS, "kube_node": ["node1"]})
    alone = [finding for role, host in (("kubernetes", hosts["node1"]), ("wandb", site.controller)) for finding in judge(role, Place(host, site.groups))]
    assert {finding.variable for finding in alone} == {"kubernetes_node_name", "wandb_host"}
    assert sorted(preflight.roles(site), key=repr) == sorted(alone, key=repr)


def test_a_finding_alone_is_a_sentence() -> None:
    (finding,) = kubernetes.endpoint(place(kubernetes_control_plane_endpoint="x"))
    assert sentence(finding) == (
        "site: kubernetes_control_plane_endpoint is x; expected a DNS name that the other machines know, a colon and a port, without https://. "
        "Correction: in group_vars/all.yml a name of yours, kubernetes_control_plane_endpoint: k8s.example.com:6443. "
        "Next: ansible-playbook onprem.wandb.preflight -i <inventory>"
    )


@pytest.mark.parametrize("role", ROLES)
def test_a_role_with_rules_runs_them_first(role: str) -> None:
    """Before anything is measured or changed: in the first task of main.yml, or of the first file that it takes in."""
    tasks = TOP / "roles" / role / "tasks"
    first = yaml.safe_load((tasks / "main.yml").read_text())[0]
    inner = [value for key, value in first.items() if key.endswith((".import_tasks", ".include_tasks"))]
    if inner:
        first = yaml.safe_load((tasks / str(inner[0])).read_text())[0]
    assert first.get("onprem.wandb.check_variables") == {"role": role}


def test_no_role_judges_in_jinja_what_has_rules() -> None:
    for role in ROLES:
        texts = [path.read_text() for path in (TOP / "roles" / role).rglob("*.yml") if path.parent.name in ("vars", "tasks")]
        assert not any("_complaints:" in text or "_problems:" in text for text in texts), role
