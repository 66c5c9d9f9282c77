# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever the inventory says, preflight ends with its report: no value of any variable of a role, or of the site, breaks a rule."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight import report
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.gather import data_paths
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.interface import SITE_OPTIONS
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import Site, joined
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import RULES, credentials, evaluate
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules.network import external_endpoints, mirror_endpoint
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules.pod_network import boot_settings, measured_against
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.values import load_options
from ansible_collections.onprem.wandb.tests.unit.plugins.modules.wrong_values import junk, value_of
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

SPECS = load_options()
OPTIONS: dict[str, t.Any] = {**SITE_OPTIONS, **{name: option for options in SPECS.values() for name, option in options.items()}}
SHAPES = ({}, {"groups": {"kube_control_plane": ["cp1"], "kube_node": ["node1"]}}, {"groups": {"mysql": ["db1"]}})
EXAMPLES = 3000 if os.environ.get("LONG") else 200


@st.composite
def variables(draw: st.DrawFn) -> dict[str, t.Any]:
    """A handful of variables with values that cannot be meant, most of them of the right type."""
    names = draw(st.lists(st.sampled_from(sorted(OPTIONS)), min_size=1, max_size=6, unique=True))
    return {name: draw(st.one_of(value_of(name, OPTIONS[name], ["/nowhere"]), junk())) for name in names}


def told(site: Site) -> None:
    """All that preflight asks of variables: what hosts are asked, the rules, the report."""
    for host in site.hosts.values():
        data_paths(host), mirror_endpoint(host), boot_settings(host), measured_against(host, site.hosts.values(), site.controller)
    external_endpoints(site.groups, site.controller)
    findings = joined(evaluate(site), len(site.hosts))
    assert all(finding.expected and finding.remedy for finding in findings)
    text = report.text(findings, credentials.to_generate(site), credentials.directory(site), len(site.hosts), len(RULES))
    assert "Traceback" not in text and report.data(findings, [])


def test_no_value_breaks_the_report(site: t.Callable[..., Site]) -> None:
    @settings(max_examples=EXAMPLES, derandomize=EXAMPLES < 3000, database=None, suppress_health_check=list(HealthCheck))
    @given(variables(), st.sampled_from(SHAPES))
    @example({"wandb_mysql_host": "https://h:x/"}, SHAPES[1])
    def ask(supplied: dict[str, t.Any], shape: dict[str, t.Any]) -> None:
        told(site(supplied, specs=SPECS, **shape))

    ask()
