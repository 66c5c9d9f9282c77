# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the machine that Ansible runs on must have for layers that come late."""

from __future__ import annotations

import pathlib
import re

from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight import gather
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import controller

COLLECTION = pathlib.Path(__file__).parents[5]
GOOD = {"cryptography": "50.0.2", "boto3": "1.44.5", "minio": "7.2.20", "PyMySQL": "1.2.4"}


def test_all_that_is_lacking_in_one_line(site):
    assert not list(controller.libraries(site(libraries=GOOD)))
    (finding,) = controller.libraries(site(libraries={**GOOD, "minio": "", "cryptography": "41.0.7"}))
    assert (finding.host, finding.value) == ("localhost", "cryptography 41.0.7, minio is missing")
    assert finding.remedy.startswith('pip install "cryptography>=42" "minio>=7.2.15"')


def test_minio_is_for_the_sites_own_store(site):
    groups = {"kube_control_plane": ["cp1"], "kube_node": ["cp1"], "mysql": ["db1"]}
    assert not list(controller.libraries(site(libraries={**GOOD, "minio": ""}, groups=groups)))


def test_what_the_modules_ask_for_is_asked_before():
    said = set()
    for path in (COLLECTION / "plugins").rglob("*.py"):
        said |= set(re.findall(r'missing_required_lib\("(\w+)(?: >= ([\d.]+))?"\)', path.read_text(encoding="utf-8")))
    assert {name for name, _oldest in said} == set(controller.LIBRARIES)
    assert {(name, oldest) for name, oldest in said if oldest} == {(name, controller.LIBRARIES[name][0]) for name in ("boto3", "cryptography", "minio")}


def test_this_python_has_them():
    found = gather.libraries([*controller.LIBRARIES, "no-such-package"])
    assert found["no-such-package"] == "" and found["cryptography"][0].isdigit()
