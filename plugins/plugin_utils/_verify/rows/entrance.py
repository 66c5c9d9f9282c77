# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows about the way in: name, ingress, routes, TLS."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import FAIL, NOT_APPLICABLE, PASS, Facts, Row, failed, of_probes, probes, reason, verdict
from .kubernetes import said


def name(facts: Facts) -> Iterator[Row]:
    """RA-23."""
    host = facts.settings.get("host", "")
    yield of_probes(("RA-23", "DNS", "%s resolves to the ingress" % host), facts.here("way"), ["resolution"])


def ingress(facts: Facts) -> Iterator[Row]:
    """RA-24: every address of the ingress takes connections, and W&B answers by way of each."""
    yield of_probes(("RA-24", "ingress reachable from clients", "W&B answers at every address; HTTP and HTTPS"), facts.here("way"), ["reach", "page"])


def routes(facts: Facts) -> Iterator[Row]:
    """RA-25: each path, at each node, leads to its service."""
    row = ("RA-25", "routing by path", "each path reaches its service at every node")
    instance = facts.here("instance")
    if failed(instance):
        yield Row(*row, reason(instance), FAIL)
        return
    found = instance.get("routes") or []
    problems = said(instance, "api", "resource", "routes") or ([] if found else ["no route was asked for"])
    paths = ", ".join(dict.fromkeys("%s to %s:%s" % (item["path"], item["service"], item["port"]) for item in found if item["ok"]))
    yield Row(*row, "; ".join(problems) or paths, verdict(not problems and all(item["ok"] for item in found)))


def certificate(facts: Facts) -> Iterator[Row]:
    """RA-27: valid for the name, in time, with a complete chain; ended at the ingress."""
    yield of_probes(("RA-27", "TLS with a valid certificate, ended at the ingress", "chain, name and dates are accepted"), facts.here("way"), ["certificate"])


def recognised(facts: Facts) -> Iterator[Row]:
    """RA-28: a CA of one's own is outside W&B's statement, though the chart supports it."""
    row = ("RA-28", "certificate of a recognised CA", "accepted by the CAs of the system")
    way = facts.here("way")
    probe = probes(way).get("recognised")
    if probe is None or probe["verdict"] == "skip":
        yield of_probes(row, way, ["recognised"])
    elif probe["verdict"] == "pass":
        yield Row(*row, "accepted", PASS)
    else:
        own = bool(facts.settings.get("own_ca"))
        text = "a CA of the site's own: %s" % (probe["evidence"].get("ca_file") or probe["evidence"].get("error"))
        yield Row(*row, text + "; W&B supports it by the chart's CA settings only", NOT_APPLICABLE if own else FAIL)


def redirect(facts: Facts) -> Iterator[Row]:
    """Our own."""
    yield of_probes(("EX-04", "plain HTTP leads to HTTPS", "a redirect at every address"), facts.here("way"), ["redirect"])


def large_body(facts: Facts) -> Iterator[Row]:
    """Our own: W&B's check_large_post."""
    yield of_probes(("EX-05", "large request bodies pass", "a POST of more than 10 MB is not refused"), facts.here("way"), ["large_body"])


RULES = (name, ingress, routes, certificate, recognised, redirect, large_body)
