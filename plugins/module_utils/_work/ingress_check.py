# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a browser or the W&B SDK meets on its way in."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.ingress import Way
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Prober, findings

SPEC: dict[str, t.Any] = {
    "host": {"type": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "ca_file": {"type": "path"},
    "http_port": {"type": "int", "default": 80},
    "https_port": {"type": "int", "default": 443},
    "body_bytes": {"type": "int", "default": 11534336},
    "certificate_days": {"type": "int", "default": 14},
    "timeout": {"type": "float", "default": 10.0},
}


def ask(way: Way, prober: Prober, days: int, size: int) -> None:
    """All questions in their order."""
    prober.run("resolution", way.resolution)
    prober.run("reach", lambda: way.everywhere(way.reach))
    prober.run("certificate", lambda: way.everywhere(lambda address: way.certificate(address, days)), needs=["reach"])
    prober.run("recognised", lambda: way.everywhere(way.recognised), needs=["certificate"])
    prober.run("page", lambda: way.everywhere(way.page), needs=["reach"])
    prober.run("redirect", lambda: way.everywhere(way.redirect), needs=["reach"])
    prober.run("large_body", lambda: way.everywhere(lambda address: way.large_body(address, size)), needs=["certificate"])


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    params = module.params
    way = Way(params["host"], params["addresses"], params["ca_file"], (params["http_port"], params["https_port"]), params["timeout"])
    prober = Prober(deadline=14 * params["timeout"])
    ask(way, prober, params["certificate_days"], params["body_bytes"])
    module.exit_json(changed=False, probes=prober.results, findings=findings(prober.results))
