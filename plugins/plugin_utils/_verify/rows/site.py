# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows about the site as a whole, and those that a measurement cannot answer."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import FAIL, NOT_APPLICABLE, PASS, Facts, Row, failed, of_probes, reason, verdict
from .kubernetes import said

# id, requirement, why it is not measured
ORGANISATIONAL = (
    ("RA-01", "the customer owns and runs everything below W&B", "a matter of organisation; docs/requirements.md"),
    ("RA-03", "cluster autoscaling", "there is no node autoscaler on bare metal: plan headroom (RA-33)"),
    ("RA-07", "OpenShift", "this cluster is kubeadm's"),
    ("RA-11", "managed MySQL is recommended", "self-managed is accepted under RA-12 to RA-18"),
    ("RA-13", "MySQL backups in a separate facility", "rows EX-13 to EX-16 measure them; whether their place is another facility only the site knows"),
    ("RA-15", "watch the CPU load of MySQL", "the monitoring role is not part of this release"),
    ("RA-16", "size MySQL for growth", "needs the history of a site; see RA-33 for its size today"),
    ("RA-29", "TLS inside the cluster by a mesh", "optional; not installed"),
    ("RA-32", "infrastructure by Terraform", "this collection is what fills that gap on bare metal"),
)
EGRESS = ("deploy.wandb.ai", "charts.wandb.ai", "quay.io")


def organisational(_facts: Facts) -> Iterator[Row]:
    for identifier, requirement, why in ORGANISATIONAL:
        yield Row(identifier, requirement, "-", why, NOT_APPLICABLE)


def architecture(facts: Facts) -> Iterator[Row]:
    """RA-09 on every host, and on every node as Kubernetes sees it."""
    seen, missing = {}, []
    for name in facts.hosts:
        measurement = facts.of(name, "host")
        if failed(measurement) or measurement.get("error"):
            missing.append("%s: %s" % (name, measurement.get("error") or reason(measurement)))
        else:
            seen[name] = str(measurement["measured"]["architecture"])
    for node in facts.here("cluster").get("nodes") or []:
        seen["node " + node["name"]] = {"amd64": "x86_64"}.get(node["architecture"], node["architecture"])
    wrong = ["%s: %s" % (name, kind) for name, kind in seen.items() if kind != "x86_64"]
    good = "%d hosts and nodes are x86_64" % len(seen)
    yield Row("RA-09", "Intel or AMD 64-bit", "x86_64 everywhere", "; ".join(missing + wrong) or good, verdict(bool(seen) and not missing + wrong))


def egress(facts: Facts) -> Iterator[Row]:
    """RA-21: an online site reaches W&B's hosts; a mirrored one must not need to."""
    expected = "TCP 443 to %s from the nodes" % ", ".join(EGRESS)
    if facts.settings.get("mirror"):
        text = "everything comes from the mirror %s" % facts.settings["mirror"]
        yield Row("RA-21", "egress of an online site", expected, text, NOT_APPLICABLE)
        return
    bad, good = [], 0
    for name in facts.hosts:
        asked = [one for one in (facts.of(name, "host").get("measured") or {}).get("endpoints", []) if one["name"] == "egress"]
        good += sum(1 for one in asked if not one["error"])
        bad += ["%s: %s" % (name, one["error"]) for one in asked if one["error"]]
        # What one node reaches says nothing of another, behind another rule of the firewall.
        if not asked and name in [*facts.members("kube_control_plane"), *facts.members("kube_node")]:
            bad.append("%s: not measured" % name)
    if not bad and not good:
        bad = ["not measured on any node"]
    yield Row("RA-21", "egress of an online site", expected, "; ".join(bad) or "%d connections opened" % good, verdict(not bad))


def air_gap(facts: Facts) -> Iterator[Row]:
    """RA-31: where nothing comes from outside, the operator knows it and the images were there."""
    requirement, expected = "air gap by the operator's guide", "operator with airgapped, charts and images from the mirror"
    if not facts.settings.get("airgapped"):
        yield Row("RA-31", requirement, expected, "an online site", NOT_APPLICABLE)
        return
    instance = facts.here("instance")
    if failed(instance):
        yield Row("RA-31", requirement, expected, reason(instance), FAIL)
        return
    release = (instance.get("operator") or {}).get("release")
    if release is None:
        # Nothing is known of the operator's values, which is not the same as a wrong value.
        why = said(instance, "api", "operator") or ["the operator's release was not read"]
        yield Row("RA-31", requirement, expected, "not measured: " + "; ".join(why), FAIL)
        return
    pulls = [problem["message"] for problem in instance.get("problems") or [] if "ImagePull" in problem["message"] or "ErrImage" in problem["message"]]
    wrong = [] if release.get("airgapped") is True else ["the operator's value airgapped is %s" % release.get("airgapped")]
    yield Row("RA-31", requirement, expected, "; ".join(wrong + pulls) or "airgapped, every image was pulled", verdict(not wrong + pulls))


def capacity(facts: Facts) -> Iterator[Row]:
    """RA-33: the sizes that preflight asks for."""
    size = str(facts.settings.get("size", "production"))
    expected = "CPU, memory and disk of every host (size %s)" % size
    lost = [name for name in facts.hosts if failed(facts.of(name, "host")) or facts.of(name, "host").get("error")]
    wrong = ["%s: not measured" % name for name in lost] + list(facts.capacity)
    good = "%d hosts are large enough" % len(facts.hosts)
    yield Row("RA-33", "capacity of hosts and MySQL", expected, "; ".join(wrong) or good, verdict(bool(facts.hosts) and not wrong))


def clocks(facts: Facts) -> Iterator[Row]:
    """Our own: presigned URLs, certificates and replication need one time."""
    clocks_seen = {name: (facts.of(name, "host").get("measured") or {}).get("clock") or {} for name in facts.hosts}
    wrong = ["%s: not measured" % name for name, clock in clocks_seen.items() if "offset" not in clock] + list(facts.clocks)
    offsets = [abs(float(clock.get("offset", 0))) for clock in clocks_seen.values()]
    good = "largest offset from the controller %.2f s" % max(offsets, default=0)
    yield Row("EX-01", "clocks agree", "at most 1 s apart", "; ".join(wrong) or good, verdict(bool(offsets) and not wrong))


def reachable(facts: Facts) -> Iterator[Row]:
    """RA-22: where experiments run, both W&B and the object store must answer. The controller stands for such a machine."""
    requirement, expected = "clients reach W&B and the object store", "both answer over TLS from the controller"
    texts, good = [], True
    for check, asked, what in (("way", ["certificate", "page"], "W&B"), ("bucket", ["connect", "tls"], "object store")):
        measurement = facts.here(check)
        found = of_probes(("", "", ""), measurement, asked)
        good = good and found.result == PASS
        texts.append("%s answers" % what if found.result == PASS else "%s does not answer (%s)" % (what, found.measured))
    yield Row("RA-22", requirement, expected, "; ".join(texts), verdict(good))


RULES = (organisational, architecture, egress, air_gap, capacity, clocks, reachable)
