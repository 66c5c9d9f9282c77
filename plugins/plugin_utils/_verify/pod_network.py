# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the cluster lives on, and whether its pods reach each other: the measurements, and the rows about them right below.

How a topic of this kind is read: `controller_checks` and `host_checks` name modules and arguments for the action verify_measure; what they return
stands in Facts under the same name; RULES make rows of it. `settings` are those of the role (vars/main.yml, __verify_settings).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.onprem.wandb.plugins.module_utils._host.pod_traffic import REFUSED
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.report import masked

from .. import _pod_network as network
from .model import FAIL, NOT_APPLICABLE, Facts, Measurement, Row, failed, reason, verdict

KUBE_GROUPS = ("kube_control_plane", "kube_node")
# Where our own roles put what the cluster lives on.
NAMESPACES = ("kube-system", "kube-flannel", "local-path-storage", "traefik")
# Without these no cluster of ours works; everything else is looked at where it is.
EXPECTED = ("Deployment kube-system/coredns", "DaemonSet kube-system/kube-proxy", "DaemonSet kube-flannel/kube-flannel-ds")
PODS, TRAFFIC = "pods", "traffic"
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"  # no host has one where kubectl looks by itself
NOT_OURS = "the nodes of the cluster are no hosts of this inventory"


# --- measured ---------------------------------------------------------------------------------------------------------------------------------------


def controller_checks(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Modules that run on the controller, with their arguments, by the name of their result."""
    arguments = {"kubeconfig": settings["kubeconfig"], "namespaces": list(NAMESPACES), "wandb_namespace": settings["namespace"], "wandb_name": settings["name"]}
    return {PODS: {"module": "onprem.wandb.cluster_pods_info", "args": arguments}}


def host_checks(settings: Mapping[str, Any], here: Mapping[str, Measurement]) -> dict[str, dict[str, Any]]:
    """Modules that run on a host; `here` is what was measured on the controller. Without a cluster there is nobody to talk to."""
    pods = here.get(PODS) or {"failed": True}
    if not settings.get("node") or failed(pods):
        return {}
    arguments = {
        "node": settings["node"],
        "partners": pods["partners"],
        "dns_address": pods["dns"]["address"],
        "dns_pods": [{"name": pod["name"], "address": pod["address"]} for pod in pods["dns"]["pods"]],
        "cluster_names": ["kubernetes.default.svc.%s" % settings["dns_domain"]],
        "names": pods["names"],
    }
    return {TRAFFIC: {"module": "onprem.wandb.pod_network_check", "args": arguments}}


# --- judged -----------------------------------------------------------------------------------------------------------------------------------------


def kube_hosts(facts: Facts) -> list[str]:
    return list(dict.fromkeys(host for group in KUBE_GROUPS for host in facts.members(group)))


def host_of(facts: Facts, node: str) -> str:
    """The host of the inventory that is a node."""
    for host in kube_hosts(facts):
        if facts.of(host, TRAFFIC).get("node") == node:
            return host
    return next((host for host in kube_hosts(facts) if host.lower() == node), node)


def troubles(facts: Facts, hosts: list[str], kinds: tuple[str, ...]) -> list[str]:
    """What some hosts have against their pods, in sentences."""
    found = []
    for host in dict.fromkeys(hosts):
        measured = (facts.of(host, "host").get("measured") or {}).get("pod_network") or {}
        found += ["%s: %s" % (host, item.sentence()) for item in network.troubles(measured) if item.kind in kinds]
    return found


def workloads(facts: Facts) -> Iterator[Row]:
    """EX-21: what the cluster itself lives on is rolled out, and no pod of it crashes."""
    row = ("EX-21", "the cluster's own workloads are ready", "rolled out, no pod waiting or crashing: %s" % ", ".join(NAMESPACES))
    pods = facts.here(PODS)
    if failed(pods):
        yield Row(*row, reason(pods), FAIL)
        return
    seen = {item["name"] for item in pods["workloads"]}
    missing = ["%s does not exist" % name for name in EXPECTED if name not in seen] if kube_hosts(facts) else []
    sick = [item for item in pods["workloads"] if item["problem"]]
    nodes = [host_of(facts, node) for item in sick for node in item["nodes"]]
    # Where no pod says on which node it is missing, every node is asked.
    causes = troubles(facts, nodes or kube_hosts(facts), (network.CNI, network.RESOLVER, network.FORWARDING)) if sick else []
    texts = [masked("%s: %s" % (item["name"], "; ".join([item["problem"], *item["details"]]))) for item in sick]
    wrong = [*missing, *(["cause on %s" % cause for cause in causes]), *texts]
    yield Row(*row, "; ".join(wrong) or "%d workloads" % len(seen), verdict(bool(seen) and not wrong))


def dns_spread(facts: Facts) -> Iterator[Row]:
    """EX-22: cluster DNS does not go with one node."""
    row = ("EX-22", "cluster DNS survives the loss of a node", "pods of CoreDNS on two nodes or more")
    pods = facts.here(PODS)
    if failed(pods):
        yield Row(*row, reason(pods), FAIL)
        return
    found = [pod for pod in pods["dns"]["pods"] if pod["ready"]]
    nodes = sorted({pod["node"] for pod in found})
    text = ", ".join("%s on %s" % (pod["name"], pod["node"]) for pod in found) or "no pod of CoreDNS is ready"
    if len(pods["nodes"]) < 2 and len(nodes) == 1:
        yield Row(*row, "the cluster has one node that is ready", NOT_APPLICABLE)
        return
    if len(nodes) < 2:
        text += f"; when it goes, no name resolves. Next: on the control plane: {KUBECTL} -n kube-system rollout restart deployment coredns"
    yield Row(*row, text, verdict(len(nodes) > 1))


def names(facts: Facts) -> Iterator[Row]:
    """EX-23: names resolve in a pod on every node."""
    row = ("EX-23", "names resolve in pods", "the cluster's names and those of database, queue and bucket, in a pod on every node")
    hosts, lost = measured_hosts(facts)
    if lost is not None:
        yield Row(*row, lost, NOT_APPLICABLE if lost == NOT_OURS else FAIL)
        return
    wrong, good, sick = [], 0, []
    for host in hosts:
        traffic = facts.of(host, TRAFFIC)
        if failed(traffic):
            wrong.append("%s: %s" % (host, reason(traffic)))
            continue
        asked = [item for item in traffic["names"] if item["role"] != "upstream"]
        good += sum(1 for item in asked if not item["error"])
        bad = [item for item in asked if item["error"]]
        wrong += ["%s: %s" % (host, said_of_name(facts, traffic, item)) for item in bad]
        sick += [host] if bad or not asked else []
        wrong += ["%s: no cluster DNS was asked: service kube-dns in kube-system has no address" % host] if not asked else []
    homes = [(host_of(facts, pod["node"]), pod["ready"]) for pod in facts.here(PODS)["dns"]["pods"]] if wrong else []
    causes = troubles(facts, [*sick, *(home for home, _ready in homes)], network.CUTS_TRAFFIC)
    causes += troubles(facts, [home for home, ready in homes if not ready], (network.RESOLVER,))
    shown = ", ".join(["cluster", *facts.here(PODS)["names"]])
    text = "; ".join([*("cause on %s" % cause for cause in dict.fromkeys(causes)), *dict.fromkeys(wrong)])
    yield Row(*row, text or "%d answers from pods on %d nodes (%s)" % (good, len(hosts), shown), verdict(not wrong))


def said_of_name(facts: Facts, traffic: Measurement, item: Mapping[str, Any]) -> str:
    """One name that did not resolve, with who is to blame."""
    who = "CoreDNS pod %s" % item["server"] if item["role"] == "pod" else "cluster DNS %s" % item["server"]
    text = "%s: %s says %s" % (item["name"], who, item["error"])
    state = next((pod for pod in facts.here(PODS)["dns"]["pods"] if item["role"] == "pod" and pod["name"] == item["server"]), None)
    if state and not state["ready"]:
        return "%s: it is not ready on %s" % (text, state["node"])
    above = [other for other in traffic["names"] if other["role"] == "upstream" and other["name"] == item["name"]]
    if above and all(other["error"] for other in above):
        servers = ", ".join("%s (%s)" % (other["server"], other["error"]) for other in above)
        return "%s; so do the host's nameservers %s: mend the DNS record or the nameserver" % (text, servers)
    if above and item["error"] != "no answer in time":
        return f"{text}; the host's nameservers know it: look on the control plane at {KUBECTL} -n kube-system get configmap coredns -o yaml"
    return text


def measured_hosts(facts: Facts) -> tuple[list[str], str | None]:
    """Hosts of the cluster, or why nothing is measured between them."""
    hosts = kube_hosts(facts)
    if not hosts:
        return [], NOT_OURS
    pods = facts.here(PODS)
    return hosts, reason(pods) if failed(pods) else None


def between_nodes(facts: Facts) -> Iterator[Row]:
    """EX-24: a pod on each node reaches a pod on each other node."""
    row = ("EX-24", "pods reach pods on other nodes", "TCP between every two nodes, both ways")
    yield from traffic_row(facts, row, "from_pod", one_node="the cluster has one node")


def nodes_to_pods(facts: Facts) -> Iterator[Row]:
    """EX-25: each node reaches a pod on each node: probes, webhooks, and what comes in by the address of a node."""
    row = ("EX-25", "nodes reach pods on every node", "TCP from every node to a pod on each")
    yield from traffic_row(facts, row, "from_node", one_node="")


def traffic_row(facts: Facts, row: tuple[str, str, str], way: str, one_node: str) -> Iterator[Row]:
    hosts, lost = measured_hosts(facts)
    if lost is not None:
        yield Row(*row, lost, NOT_APPLICABLE if lost == NOT_OURS else FAIL)
        return
    if one_node and len(hosts) == 1:
        yield Row(*row, one_node, NOT_APPLICABLE)
        return
    wrong, notes, involved, lost_ways, refusing, good = [], [], [], [], [], 0
    for host in hosts:
        traffic = facts.of(host, TRAFFIC)
        if failed(traffic):
            wrong.append("%s: %s" % (host, reason(traffic)))
            involved.append(host)
            continue
        if way == "from_pod" and not traffic["source"]:
            notes.append("%s: %s" % (host, traffic["source_problem"]))
        for item in traffic[way]:
            good += not item["error"]
            if item["error"]:
                wrong.append("%s to %s: %s (%s, %s:%s)" % (host, item["node"], item["error"], item["pod"], item["address"], item["port"]))
                involved += [host, host_of(facts, item["node"])]
                if item["error"] == REFUSED:
                    refusing.append(item["pod"])
                else:
                    lost_ways += [host, host_of(facts, item["node"])]
    causes = troubles(facts, involved, network.CUTS_TRAFFIC)
    if not causes:
        causes = [refusal(pod) for pod in dict.fromkeys(refusing)]
        causes += [unexplained(facts, lost_ways)] if lost_ways else []
    silent = [] if wrong or good else ["no connection was tried: no node has a pod that listens"]
    # Causes first: a terminal shows the beginning. A node without a pod of its own has nobody to ask from, which is worth a word and no failure.
    text = "; ".join([*causes, *silent, *wrong, *notes]) if wrong or silent else "; ".join(["%d connections" % good, *notes])
    yield Row(*row, text, verdict(not wrong and not silent))


def refusal(pod: str) -> str:
    """A refused connection came to the pod and back: the network is in order, the program is not there."""
    namespace, _slash, name = pod.partition("/")
    seen = f"{pod} refuses connections: it was reached, and nothing listens in it, as while it starts"
    return f"{seen}. Next: on the control plane: {KUBECTL} -n {namespace} describe pod {name}"


def unexplained(facts: Facts, hosts: list[str]) -> str:
    """The hosts themselves are as they should be, as far as that can be seen."""
    blind = [host for host in dict.fromkeys(hosts) if not ((facts.of(host, "host").get("measured") or {}).get("pod_network") or {}).get("filter")]
    seen = " (packet filter not read on %s: nft is missing)" % ", ".join(blind) if blind else ""
    place = "the tunnel's UDP port 8472 and, for host-gw, the pods' own addresses"
    text = "forwarding, packet filter and tunnel of these hosts are in order%s: what is between them drops %s" % (seen, place)
    return text + ". Next: tcpdump -ni any udp port 8472"


def lasting(facts: Facts) -> Iterator[Row]:
    """EX-26: the next boot and the next pod find what today's find. Preflight refuses the same."""
    row = ("EX-26", "nodes keep their pod network", "forwarding, packet filter, CNI configuration, resolver, also after a boot")
    hosts = kube_hosts(facts)
    if not hosts:
        yield Row(*row, NOT_OURS, NOT_APPLICABLE)
        return
    wrong: list[str] = []
    notes: list[str] = []
    for host in hosts:
        measured = (facts.of(host, "host").get("measured") or {}).get("pod_network")
        if not measured:
            wrong.append("%s: %s" % (host, facts.of(host, "host").get("error") or reason(facts.of(host, "host"))))
            continue
        for item in network.troubles(measured):
            (wrong if item.serious else notes).append("%s: %s" % (host, item.sentence()))
    yield Row(*row, "; ".join([*wrong, *notes]) or "%d nodes" % len(hosts), verdict(not wrong))


RULES = (workloads, dns_spread, names, between_nodes, nodes_to_pods, lasting)
