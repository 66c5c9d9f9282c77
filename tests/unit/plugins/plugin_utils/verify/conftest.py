# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measurements of a finished, healthy site, as they were recorded of real services; a test breaks one thing in them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify import pod_network
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.model import Facts
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.host import node_directory
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.kubernetes import cluster_objects
from ansible_collections.onprem.wandb.tests.unit.plugins.modules import node_traffic
from ansible_collections.onprem.wandb.tests.unit.plugins.plugin_utils.preflight.conftest import measurements
from ansible_collections.onprem.wandb.tests.unit.recorded import recording

GROUPS = {"kube_control_plane": ["cp1"], "kube_node": ["node1", "node2", "node3"], "mysql": ["db1", "db2"], "redis": ["store1"], "minio": ["store1"]}
HOST = "localhost"  # where W&B was when it was recorded


def host(name: str, number: int) -> dict[str, Any]:
    return {"measured": {**measurements(name, number), "machine_id": "m%d" % number}, "error": ""}


PRIMARY, REPLICA = (recording.changed(recording.read(f"mysql_{name}"), {"version": "8.4.11"}) for name in ("primary", "standby"))
MYSQL_CHECK = recording.read("mysql_check")
REDIS = recording.read("redis_check")
BUCKET = recording.read("s3_bucket_check")
HEALTH = recording.changed(recording.read("minio_info")["health"], {"used_percent": 40.0, "quota": 10**12})
MIRROR = recording.read("minio_backup_info")["mirror"]
WAY = recording.read("ingress_check")
CLUSTER = recording.read("cluster_info")
INSTANCE = recording.read("wandb_instance_info")
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
    hosts: dict[str, dict[str, Any]] = {name: {"host": host(name, number)} for number, name in enumerate(names)}
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
        "bucket": BUCKET,
        "minio": {"health": HEALTH},
        "way": WAY,
    }
    return copy.deepcopy(Facts(GROUPS, hosts, controller, SETTINGS))
