# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: the rules of preflight, one file per topic. A rule is a function of the site that yields findings."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Rule, Site
from . import before, certificates, controller, credentials, endpoint, firewall, hosts, identity
from . import network, object_store, packages, pod_network, roles, topology, upstream, variables, versions

_HOSTS = (hosts, packages, before, identity, network, upstream, pod_network, firewall)
TOPICS = (variables, controller, topology, endpoint, object_store, versions, *_HOSTS, credentials, certificates, roles)
RULES: tuple[Rule, ...] = tuple(rule for topic in TOPICS for rule in topic.RULES)


def evaluate(site: Site) -> Iterator[Finding]:
    """All findings of all rules; last the variables that turned out not to be evaluable while the rules asked for them."""
    for rule in RULES:
        yield from rule(site)
    yield from variables.templates(site)
