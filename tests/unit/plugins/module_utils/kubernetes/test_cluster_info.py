# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects of the API in few words."""

from __future__ import annotations

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import cluster_info as info


def make_node(ready="True", **conditions):
    return {
        "metadata": {"name": "n1", "labels": {"node-role.kubernetes.io/control-plane": ""}},
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": ready, "message": "kubelet is posting"}, *({"type": k, "status": v} for k, v in conditions.items())],
            "nodeInfo": {"kubeletVersion": "v1.36.4", "architecture": "amd64", "containerRuntimeVersion": "containerd://2.3.4"},
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "Hostname", "address": "n1"}],
        },
    }


def test_a_good_node():
    found = info.node(make_node(MemoryPressure="False"))
    assert found["ready"] and found["schedulable"] and found["control_plane"] and found["problems"] == [] and found["addresses"] == ["10.0.0.1"]


def test_a_bad_node():
    assert info.node(make_node("Unknown"))["problems"] == ["not ready: kubelet is posting"]
    assert info.node(make_node(DiskPressure="True"))["problems"] == ["DiskPressure"]
    assert info.node({"metadata": {"name": "n"}})["problems"] == ["not ready: the kubelet does not report"]


def test_a_node_that_takes_no_pods():
    cordoned, tainted = make_node(), make_node()
    cordoned["spec"]["unschedulable"] = True
    tainted["spec"]["taints"] = [{"key": "x", "effect": "NoSchedule"}]
    assert not info.node(cordoned)["schedulable"] and not info.node(tainted)["schedulable"]


def claim(name, phase, storage_class, **annotations):
    return {"metadata": {"name": name, "namespace": "w", "annotations": annotations}, "spec": {"storageClassName": storage_class}, "status": {"phase": phase}}


def test_claims_that_wait_in_vain():
    classes = [{"metadata": {"name": "lazy"}, "volumeBindingMode": "WaitForFirstConsumer"}, {"metadata": {"name": "now"}, "volumeBindingMode": "Immediate"}]
    claims = [
        claim("bound", "Bound", "now"),
        claim("waits", "Pending", "now"),
        claim("unused", "Pending", "lazy"),
        claim("wanted", "Pending", "lazy", **{info.SELECTED_NODE: "n1"}),
        claim("unknown", "Pending", "gone"),
    ]
    assert info.pending_claims(claims, classes) == ["w/waits", "w/wanted", "w/unknown"]


def test_classes_and_ingress():
    assert info.storage_class({"metadata": {"name": "a", "annotations": {info.DEFAULT_STORAGE: "true"}}, "provisioner": "p"})["default"]
    assert not info.ingress_class({"metadata": {"name": "a"}, "spec": {"controller": "c"}})["default"]
    item = {
        "metadata": {"name": "wandb", "annotations": {info.RELEASE: "wandb"}},
        "spec": {"ingressClassName": "traefik", "rules": [{"host": "h"}], "tls": [{"secretName": "s", "hosts": ["h"]}]},
    }
    assert info.ingress(item) == {"name": "wandb", "class": "traefik", "release": "wandb", "hosts": ["h"], "tls_secrets": ["s"], "tls_hosts": ["h"]}


def test_images_of_all_containers():
    pod = {"initContainers": [{"image": "a:1"}], "containers": [{"image": "b:1"}, {"image": "a:1"}]}
    assert info.images([{"spec": {"template": {"spec": pod}}}, {}]) == ["a:1", "b:1"]
