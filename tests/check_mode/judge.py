# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a run with --check was one: it told its plan, ended as it should, warned of nothing, and the site is what it was."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cases import Case, one_line


def judge(name: str, case: Case, code: int, output: str, changed: Sequence[str]) -> None:
    """Fails with what is wrong. changed: what differs between the site before and after."""
    assert not changed, f"{name} --check has changed {len(changed)} things:\n" + "\n".join(changed[:40])
    assert (code != 0) == case.refused, f"{name} --check ended with {code}:\n{output[-4000:]}"
    missing = [pattern for pattern in case.says if not re.search(pattern, one_line(output))]
    assert not missing, f"{name} --check does not say {missing}:\n{output[-4000:]}"
    shown = [line for line in output.splitlines() if line.startswith(("[WARNING]", "[DEPRECATION"))]
    assert not shown, f"{name} --check warns: {shown}"
