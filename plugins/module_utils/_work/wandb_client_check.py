# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is W&B what its users need, asked from this machine by W&B's own SDK."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Finding, Prober, findings
from ansible_collections.onprem.wandb.plugins.module_utils._say import with_next
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.client import ask, client_of

SPEC: dict[str, t.Any] = {
    "url": {"type": "str", "required": True},
    "api_key": {"type": "str", "required": True, "no_log": True},
    "ca_pem": {"type": "str", "default": ""},
    "python": {"type": "path"},
    "index_url": {"type": "str", "no_log": True},  # it may hold a password
    "sdk_version": {"type": "str", "default": ""},
    "base_python": {"type": "str", "default": "/usr/bin/python3"},
    "timeout": {"type": "int", "default": 10},
    "deadline": {"type": "int", "default": 600},
}
ERRORS = (OSError, ValueError, http.client.HTTPException, subprocess.SubprocessError)


def explain(error: Exception) -> Finding:
    """An error that no question expects."""
    return Finding(with_next(f"{type(error).__name__}: {error}"), error=type(error).__name__)


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    params = module.params
    try:
        Endpoint(params["url"])  # before anything is made
        home = Path(tempfile.mkdtemp(prefix="onprem-wandb-accept-"))
    except (ValueError, OSError) as error:
        module.fail_json(msg=with_next(error))
    try:
        # Each program gets all of the time, and no question is begun after it.
        prober = Prober(params["deadline"], explain, ERRORS)
        ask(client_of(params, home), prober, params["deadline"], module.check_mode)
    except (ValueError, OSError) as error:
        module.fail_json(msg=with_next(error))
    finally:
        # What a program that was killed still writes is no reason to fail.
        shutil.rmtree(home, ignore_errors=True)
    module.exit_json(changed=False, probes=prober.results, findings=findings(prober.results))
