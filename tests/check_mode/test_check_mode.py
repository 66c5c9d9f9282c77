# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`--check` tells the plan and changes nothing: every playbook, on a finished site, whose hosts, cluster and controller are compared before and after.

In the short form the layers are tried as parts of site.yml; with LONG=1 each also alone.
"""

from __future__ import annotations

import os
import re

import pytest
from cases import CASES, imported, one_line, playbooks
from conftest import Lab

ALONE = sorted(set(playbooks()) - ({"none"} if os.environ.get("LONG") else imported("site")))


@pytest.mark.parametrize("name", ALONE)
def test_check_changes_nothing_and_tells_the_plan(lab: Lab, name: str) -> None:
    case = CASES[name]
    code, output = lab.check(name, case.variables)
    changed = lab.differences()
    assert not changed, f"{name} --check has changed {len(changed)} things:\n" + "\n".join(changed[:40])
    assert (code != 0) == case.refused, f"{name} --check ended with {code}:\n{output[-4000:]}"
    missing = [pattern for pattern in case.says if not re.search(pattern, one_line(output))]
    assert not missing, f"{name} --check does not say {missing}:\n{output[-4000:]}"
    shown = [line for line in output.splitlines() if line.startswith(("[WARNING]", "[DEPRECATION"))]
    assert not shown, f"{name} --check warns: {shown}"
