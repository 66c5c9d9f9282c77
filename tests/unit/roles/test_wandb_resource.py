# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role wandb renders from variables: the resource, the operator's values, the objects. One Ansible run for all cases."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import jsonschema
import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[3]
ROLE = TOP / "roles/wandb"
STANDIN = TOP / "lab/standin/charts"

HOSTS = {
    "kube_control_plane": {"hosts": {"cp1": {"ansible_host": "192.0.2.11"}}},
    "kube_node": {"hosts": {"node1": {"ansible_host": "192.0.2.12", "host_address": "10.0.0.12"}, "node2": {}}},
    "mysql": {"hosts": {"db1": {"ansible_host": "192.0.2.21"}, "db2": {"ansible_host": "192.0.2.22", "mysql_port": 3307}}},
    "redis": {"hosts": {"store1": {"ansible_host": "192.0.2.31", "host_address": "10.0.0.31"}}},
    "minio": {"hosts": {"store1": {}}},
}
EXTERNAL = {
    "wandb_mysql_host": "mysql.example.com",
    "wandb_mysql_password": "externalmysql1",
    "wandb_redis_host": "redis.example.com",
    "wandb_redis_password": "externalredis1",
    "wandb_bucket_access_key": "AKIAEXTERNAL",
    "wandb_bucket_secret_key": "externalsecret1",
}

CASES: dict[str, dict[str, t.Any]] = {
    "groups": {},
    "second_primary": {"mysql_primary": "db2", "artifacts_mirror": "http://mirror.example.com:8080"},
    # After a switchover the inventory still names db1; what the hosts said counts.
    "switched": {"host_vars": {"db1": {"mysql_serves": False}, "db2": {"mysql_serves": True}}},
    # group_vars/mysql.yml does not reach the controller; a new pair, nobody was asked.
    "named_in_the_group": {"host_vars": {"db1": {"mysql_primary": "db2"}, "db2": {"mysql_primary": "db2"}}},
    "endpoint": {"site_vars": {"mysql_endpoint_address": "192.0.2.20"}, "own_ca": True},
    # wandb_mysql_host is a name of the operator, whose certificate the collection does not know.
    "endpoint_by_name": {"site_vars": {"mysql_endpoint_address": "192.0.2.20"}, "own_ca": True, "wandb_mysql_host": "db.example.com"},
    "secrets_changed": {"wandb_redis_password": "another1"},
    "external": {"groups_empty": True, **EXTERNAL, "wandb_bucket_endpoint": "s3.example.com:443", "wandb_bucket_name": "models"},
    "amazon": {"groups_empty": True, **EXTERNAL, "wandb_bucket_name": "models"},
    "everything": {
        "wandb_components": ["anaconda2", "api", "console", "executor", "filemeta", "frontend", "glue", "mcp-server", "parquet", "weave", "weave-trace"],
        "wandb_redis_tls": True,
        "wandb_mysql_ca_file": "{{ playbook_dir }}/ca.crt",
        "wandb_ca_file": "{{ playbook_dir }}/ca.crt",
        "wandb_ingress_class": "nginx-internal",
        "wandb_additional_hosts": ["wandb.corp.example.com"],
        "wandb_extra_env": {"ENABLE_REGISTRY_UI": "true"},
        "wandb_extra_secrets": {"wandb-ext-smtp": {"password": "smtpsecret1"}},
        "wandb_values": {
            "global": {"email": {"smtp": {"host": "smtp", "password": {"valueFrom": {"secretKeyRef": {"name": "wandb-ext-smtp", "key": "password"}}}}}},
            "console": {"image": {"tag": "own"}},
        },
        "wandb_image_repository_prefix": "registry.example.com/mirror",
        "wandb_image_pull_secrets": ["regcred", "other"],
        "wandb_chart_repository": "oci://registry.example.com/charts",
        "wandb_operator_values": {"image": {"pullPolicy": "Always"}},
    },
}

CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars_files: [{role}/defaults/main.yml, {role}/vars/main.yml, "{{{{ playbook_dir }}}}/case.yml"]
  vars:
    inventory_dir: "{{{{ playbook_dir }}}}"
    site_secrets_dir: "{{{{ playbook_dir }}}}/secrets"
    wandb_fqdn: wandb.example.com
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
  tasks:
    - ansible.builtin.copy:
        dest: "{{{{ playbook_dir }}}}/out.json"
        mode: "0600"
        content: >-
          {{{{ {{'resource': __wandb_definition, 'operator': __wandb_operator_wanted, 'objects': __wandb_objects,
                'nobody': __wandb_mysql_nobody | bool, 'addresses': wandb_ingress_addresses}} | to_json }}}}
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    """Every case in a directory of its own; all runs side by side."""
    # No ansible.cfg lies beside the plays.
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    running = {}
    for name, variables in CASES.items():
        directory = tmp_path_factory.mktemp(name)
        (directory / "templates").symlink_to(ROLE / "templates")
        (directory / "ca.crt").write_text(CA)
        (directory / "play.yml").write_text(PLAY.format(role=ROLE))
        case = {"wandb_license": "thelicence", **variables}
        children = {} if case.pop("groups_empty", False) else HOSTS
        for secret_name in ("mysql_app_password", "redis_password", "minio_secret_key") if children else ():
            (directory / "secrets").mkdir(exist_ok=True)  # the layers have made theirs; W&B's role makes none
            (directory / "secrets" / secret_name).write_text(f"{secret_name}Of{name}".replace("_", "") + "\n")
        if case.pop("own_ca", False):
            (directory / "secrets/certificates").mkdir()
            (directory / "secrets/certificates/ca-bundle.crt").write_text(CA)
        site_vars = case.pop("site_vars", {})
        own = case.pop("host_vars", {})
        children = {group: {"hosts": {host: {**(given or {}), **own.get(host, {})} for host, given in of["hosts"].items()}} for group, of in children.items()}
        (directory / "case.yml").write_text(yaml.safe_dump(case))
        (directory / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": children, "hosts": {"spare": None}, "vars": site_vars}}))
        command = ["ansible-playbook", "-i", "hosts.yml", "play.yml"]
        running[name] = (directory, subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    results = {}
    for name, (directory, process) in running.items():
        output, _nothing = process.communicate(timeout=120)
        assert process.returncode == 0, output
        assert "WARNING" not in output and "DEPRECAT" not in output, output
        results[name] = json.loads((directory / "out.json").read_text())
        results[name]["secrets"] = {path.name: path.read_text().strip() for path in directory.glob("secrets/*") if path.is_file()}
    return results


def values(rendered: dict[str, t.Any], case: str) -> dict[str, t.Any]:
    return rendered[case]["resource"]["spec"]["values"]  # type: ignore[no-any-return]


def secret(rendered: dict[str, t.Any], case: str, name: str) -> dict[str, str]:
    (found,) = [item for item in rendered[case]["objects"] if item["kind"] == "Secret" and item["metadata"]["name"] == name]
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


@pytest.mark.parametrize("case", [name for name in CASES if name != "everything"])
def test_the_stand_ins_strict_schema_accepts_what_is_rendered(rendered: dict[str, t.Any], case: str) -> None:
    jsonschema.validate(values(rendered, case), json.loads((STANDIN / "operator-wandb/values.schema.json").read_text()))
    jsonschema.validate(rendered[case]["operator"], json.loads((STANDIN / "operator/values.schema.json").read_text()))


def test_every_component_is_known_to_the_stand_in(rendered: dict[str, t.Any]) -> None:
    jsonschema.validate(values(rendered, "everything"), json.loads((STANDIN / "operator-wandb/values.schema.json").read_text()))


@pytest.mark.parametrize("case", list(CASES))
def test_no_secret_stands_in_the_resource_or_in_the_operators_values(rendered: dict[str, t.Any], case: str) -> None:
    text = json.dumps([rendered[case]["resource"], rendered[case]["operator"]])
    known = {value for item in rendered[case]["objects"] if item["kind"] == "Secret" for value in secret(rendered, case, item["metadata"]["name"]).values()}
    assert "thelicence" in known and len(known) >= 5
    assert [value for value in known if value in text and "CERTIFICATE" not in value] == []


@pytest.mark.parametrize("case", list(CASES))
def test_every_reference_has_its_secret(rendered: dict[str, t.Any], case: str) -> None:
    found = values(rendered, case)["global"]
    assert found["licenseSecret"]["key"] in secret(rendered, case, found["licenseSecret"]["name"])
    assert found["mysql"]["passwordSecret"]["passwordKey"] in secret(rendered, case, found["mysql"]["passwordSecret"]["name"])
    assert found["redis"]["secret"]["secretKey"] in secret(rendered, case, found["redis"]["secret"]["secretName"])
    bucket = found["bucket"]["secret"]
    assert {bucket["accessKeyName"], bucket["secretKeyName"]} == set(secret(rendered, case, bucket["secretName"]))


def test_the_groups_of_the_inventory_are_wired(rendered: dict[str, t.Any]) -> None:
    found = values(rendered, "groups")["global"]
    assert found["host"] == "https://wandb.example.com"
    assert (found["mysql"]["host"], found["mysql"]["port"]) == ("192.0.2.21", 3306)
    assert found["redis"]["host"] == "10.0.0.31"
    assert (found["bucket"]["name"], found["bucket"]["path"]) == ("s3.example.com:9000", "wandb-files?forcePathStyle=true&tls=true")
    assert rendered["groups"]["addresses"] == ["192.0.2.11", "10.0.0.12", "node2"]
    assert secret(rendered, "groups", "wandb-ext-mysql")["MYSQL_PASSWORD"] == rendered["groups"]["secrets"]["mysql_app_password"]
    assert rendered["groups"]["operator"]["airgapped"] is False
    assert rendered["groups"]["resource"]["spec"]["chart"]["url"] == "https://charts.wandb.ai"


def test_the_primary_and_the_mirror_of_the_site(rendered: dict[str, t.Any]) -> None:
    found = rendered["second_primary"]
    mysql = values(rendered, "second_primary")["global"]["mysql"]
    assert (mysql["host"], mysql["port"]) == ("192.0.2.22", 3307)
    assert found["resource"]["spec"]["chart"] == {"url": "http://mirror.example.com:8080/charts", "name": "operator-wandb", "version": "0.43.8"}
    assert found["operator"]["airgapped"] is True


@pytest.mark.parametrize(
    ("case", "host", "asked"),
    [
        ("switched", "192.0.2.22", True),
        ("named_in_the_group", "192.0.2.22", False),
        ("groups", "192.0.2.21", False),
        ("second_primary", "192.0.2.22", False),
        ("endpoint", "192.0.2.20", True),
        ("endpoint_by_name", "db.example.com", True),
        ("external", "mysql.example.com", True),
    ],
)
def test_wandb_is_led_to_the_server_that_takes_writes(rendered: dict[str, t.Any], case: str, host: str, asked: bool) -> None:
    """review-1 10: without an endpoint each later run led W&B back to the inventory's primary. Whoever did not ask is refused."""
    assert values(rendered, case)["global"]["mysql"]["host"] == host
    assert rendered[case]["nobody"] is not asked
    tasks = yaml.safe_load((ROLE / "tasks/main.yml").read_text())
    assert "not __wandb_mysql_nobody" in [one["ansible.builtin.assert"]["that"] for one in tasks if "ansible.builtin.assert" in one]


def test_wandb_follows_the_address_of_the_endpoint_and_verifies_it(rendered: dict[str, t.Any]) -> None:
    mysql = values(rendered, "endpoint")["global"]["mysql"]
    assert (mysql["host"], mysql["port"], mysql["caCert"]) == ("192.0.2.20", 3306, CA.rstrip())


def test_a_name_that_is_in_no_certificate_of_ours_is_not_verified(rendered: dict[str, t.Any]) -> None:
    mysql = values(rendered, "endpoint_by_name")["global"]["mysql"]
    assert (mysql["host"], mysql["caCert"]) == ("db.example.com", "")


def test_external_services(rendered: dict[str, t.Any]) -> None:
    found = values(rendered, "external")["global"]
    assert (found["mysql"]["host"], found["redis"]["host"]) == ("mysql.example.com", "redis.example.com")
    assert (found["bucket"]["name"], found["bucket"]["path"]) == ("s3.example.com:443", "models?forcePathStyle=true&tls=true")
    assert rendered["external"]["secrets"] == {}
    assert rendered["external"]["addresses"] == []
    amazon = values(rendered, "amazon")["global"]["bucket"]
    assert (amazon["name"], amazon["path"]) == ("models", "")


def test_a_changed_secret_replaces_the_pods(rendered: dict[str, t.Any]) -> None:
    checksums = [values(rendered, case)["global"]["pod"]["annotations"]["onprem.wandb/checksum"] for case in ("groups", "secrets_changed")]
    assert checksums[0] != checksums[1]


def test_every_image_is_pinned(rendered: dict[str, t.Any]) -> None:
    for case in CASES:
        tags = {name: part["image"]["tag"] for name, part in values(rendered, case).items() if isinstance(part, dict) and "image" in part}
        assert set(tags) >= {"app", "api", "console", "executor", "glue", "parquet", "weave", "weave-trace", "frontend", "filemeta", "anaconda2", "mcp-server"}
        assert "latest" not in tags.values() and "" not in tags.values()


def test_everything_at_once(rendered: dict[str, t.Any]) -> None:
    found, operator = values(rendered, "everything"), rendered["everything"]["operator"]
    assert rendered["everything"]["resource"]["spec"]["chart"] == {"url": "oci://registry.example.com/charts/operator-wandb", "version": "0.43.8"}
    assert found["global"]["redis"]["params"] == {"tls": "true", "caCertPath": "/etc/ssl/certs/redis_ca.pem"}
    assert "REDIS_CA_CERT" in secret(rendered, "everything", "wandb-ext-redis")
    assert found["global"]["mysql"]["caCert"].startswith("-----BEGIN CERTIFICATE-----")
    assert found["global"]["imagePullSecrets"] == [{"name": "regcred"}, {"name": "other"}]
    assert found["ingress"]["annotations"] == {"nginx.ingress.kubernetes.io/proxy-body-size": "0"}
    assert found["ingress"]["tls"][0]["hosts"] == ["wandb.example.com", "wandb.corp.example.com"]
    # The operator's own values come last, and leave the rest alone.
    assert found["console"] == {"install": True, "image": {"tag": "own"}}
    assert found["global"]["email"]["smtp"]["host"] == "smtp"
    assert (operator["image"]["repository"], operator["image"]["pullPolicy"]) == ("registry.example.com/mirror/wandb/controller", "Always")
    config_maps = {item["metadata"]["name"]: item["data"] for item in rendered["everything"]["objects"] if item["kind"] == "ConfigMap"}
    assert all(key.endswith(".crt") for key in config_maps[found["global"]["caCertsConfigMap"]])


def test_namespaces_come_first(rendered: dict[str, t.Any]) -> None:
    kinds = [item["kind"] for item in rendered["groups"]["objects"]]
    assert kinds[:2] == ["Namespace", "Namespace"] and "Namespace" not in kinds[2:]
