# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measurements of a finished, healthy site; a test breaks one thing in them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify import pod_network
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.model import Facts
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.host import node_directory
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.kubernetes import cluster_objects
from ansible_collections.onprem.wandb.tests.unit.plugins.modules import mysql_look, node_traffic

GROUPS = {"kube_control_plane": ["cp1"], "kube_node": ["node1", "node2", "node3"], "mysql": ["db1", "db2"], "redis": ["store1"], "minio": ["store1"]}
HOST = "wandb.example.com"


def probe(name: str, verdict: str = "pass", **evidence: Any) -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "evidence": evidence, "milliseconds": 1.0, "remedy": "" if verdict == "pass" else "Mend it."}


def host(number: int) -> dict[str, Any]:
    return {"measured": {"architecture": "x86_64", "machine_id": "m%d" % number, "clock": {"offset": 0.01, "uncertainty": 0.02}, "endpoints": []}, "error": ""}


def node(name: str, **other: Any) -> dict[str, Any]:
    return {"name": name, "ready": True, "schedulable": True, "version": "v1.36.4", "architecture": "amd64", "problems": [], **other}


PRIMARY, REPLICA = mysql_look.looked("db1"), mysql_look.looked("db2")
MYSQL_CHECK = {
    "probes": [
        probe("connect", address="192.0.2.21:3306"),
        probe("version", version="8.4.11"),
        probe("settings", sync_binlog="1"),
        probe("schema", database="wandb_local"),
        probe("grants", grants=["GRANT ALL"]),
        probe("sync", milliseconds=1.2),
    ]
}
REDIS = {
    "probes": [
        probe("connect", address="192.0.2.31:6379"),
        probe("certificate", protocol="TLSv1.3", not_after="Nov 23 20:00:00 2027 GMT"),
        probe("ping", answer="PONG"),
        probe("password_required", without="NOAUTH"),
        probe("version", redis_version="7.2.16"),
        probe("settings"),
        probe("memory", used=1),
        probe("write_and_read"),
    ]
}
BUCKET = ("resolve", "connect", "tls", "credentials", "presigned_put", "presigned_get", "presigned_head", "multipart", "cors_preflight", "cors_response")
BUCKET = (*BUCKET, "public_access", "wrong_signature", "confined")
HEALTH = {
    "version": "2026-09-16T00:00:00Z",
    "servers": 4,
    "servers_away": [],
    "drives": 4,
    "drives_away": [],
    "healing": [],
    "parity": 2,
    "bytes": 10**9,
    "objects": 306,
    "used_percent": 40.0,
    "bucket": "wandb-files",
    "quota": 10**12,
}
MIRROR = {"configured": True, "age_hours": 3.0, "max_age_hours": 26, "problem": "", "compared": 306, "read_back": 12}
WAY = ("resolution", "reach", "certificate", "recognised", "page", "redirect", "large_body")
CLUSTER = {
    "version": "v1.36.4",
    "nodes": [node("cp1", schedulable=False), node("node1"), node("node2"), node("node3")],
    "storage_classes": [{"name": "local-path", "default": True, "provisioner": "rancher.io/local-path"}],
    "ingress_classes": [{"name": "traefik", "default": True, "controller": "traefik.io/ingress-controller"}],
    "pending_claims": [],
    "bound_claims": 1,
    "ingresses": [{"name": "wandb", "class": "traefik", "release": "wandb", "hosts": [HOST], "tls_secrets": ["wandb-tls"], "tls_hosts": [HOST]}],
    "images": ["docker.io/wandb/megabinary:0.83.0", "registry.example.com:5000/x@sha256:" + "a" * 64],
    "helm": "v3.21.3",
}
CHECKS = ("api", "resource", "operator", "release", "workloads", "routes", "readiness")
INSTANCE = {
    "ready": True,
    "checks": dict.fromkeys(CHECKS, True),
    "problems": [],
    "resource": {"redis": {"host": "192.0.2.31", "port": 6379, "tls": True, "ca": "/etc/ssl/certs/redis_ca.pem"}},
    "operator": {"release": {"chart": "operator", "chart_version": "1.4.8", "airgapped": True}},
    "release": {"chart": "operator-wandb", "chart_version": "0.43.8"},
    "workloads": [{"name": "wandb-app-bc"}],
    "routes": [{"path": "/", "service": "wandb-app", "port": 8080, "ok": True}, {"path": "/api", "service": "wandb-api", "port": 8081, "ok": True}],
    "readiness": [{"service": "wandb-app", "status": 200}],
}
SETTINGS = {"host": HOST, "name": "wandb", "ingress_class": "traefik", "mirror": "http://mirror.example.com", "airgapped": True, "nodes": 3, "own_ca": True}
SETTINGS.update(mysql_endpoint="192.0.2.20", redis_tls=True)
SETTINGS.update(namespace="wandb", kubeconfig="/secrets/kubeconfig", dns_domain="cluster.local")


def traffic(name: str, pods: dict[str, Any], **sockets: Any) -> dict[str, Any]:
    """What is measured on a node, by the arguments that the topic hands out."""
    check = pod_network.host_checks({**SETTINGS, "node": name}, {"pods": pods})[pod_network.TRAFFIC]
    return node_traffic.measured(check["args"], **sockets)


PODS = cluster_objects.Api().look()
POD_NETWORK = node_directory.measured()
TRAFFIC = {name: traffic(name, PODS) for name in [*GROUPS["kube_control_plane"], *GROUPS["kube_node"]]}


@pytest.fixture
def facts() -> Facts:
    names = list(dict.fromkeys(name for members in GROUPS.values() for name in members))
    hosts: dict[str, dict[str, Any]] = {name: {"host": host(number)} for number, name in enumerate(names)}
    hosts["db1"].update(mysql=PRIMARY, mysql_check=MYSQL_CHECK)
    hosts["db2"].update(mysql=REPLICA, mysql_check=MYSQL_CHECK)
    for name, held in (("db1", ["192.0.2.21/24", "192.0.2.20/32"]), ("db2", ["192.0.2.22/24"])):
        hosts[name]["host"]["measured"]["addresses"] = held
        hosts[name]["mysql_endpoint"] = MYSQL_CHECK
    hosts["store1"]["redis"] = REDIS
    for name, between in TRAFFIC.items():
        hosts[name]["host"]["measured"]["pod_network"] = POD_NETWORK
        hosts[name]["traffic"] = between
    controller = {
        "pods": PODS,
        "cluster": CLUSTER,
        "instance": INSTANCE,
        "bucket": {"probes": [probe(name) for name in BUCKET]},
        "minio": {"health": copy.deepcopy(HEALTH)},
        "way": {"probes": [probe(name) for name in WAY]},
    }
    return copy.deepcopy(Facts(GROUPS, hosts, controller, SETTINGS))
