# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`--check` tells the plan and changes nothing: every playbook, on a finished site, whose hosts, cluster and controller are compared before and after.

In the short form the layers are tried as parts of site.yml; with LONG=1 each also alone.
"""

from __future__ import annotations

import pytest
from cases import CASES, alone
from conftest import Lab
from judge import judge


@pytest.mark.parametrize("name", alone())
def test_check_changes_nothing_and_tells_the_plan(lab: Lab, name: str) -> None:
    case = CASES[name]
    code, output = lab.check(name, case.variables)
    judge(name, case, code, output, lab.differences())
