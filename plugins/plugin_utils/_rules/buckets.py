# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a bucket and its region may be called, whichever role names them."""

from __future__ import annotations

from collections.abc import Iterator

from ...module_utils._object_store import names
from .._preflight.model import Finding, Host

CHECK = "correct it, then: ansible-playbook onprem.wandb.preflight -i <inventory>"


def named(host: Host, where: str, bucket: str, region: str = "") -> Iterator[Finding]:
    """The variables of a bucket's name and region that cannot work. A default that nobody replaced is the store's own."""
    for variable, judge in ((bucket, names.bucket_problem), (region, names.region_problem)):
        if variable and host.variables.is_supplied(variable):
            value = host.variables.get(variable)
            problem = "" if variable in host.variables.errors else judge(str(value if value is not None else ""))
            if problem:
                yield Finding(where, variable, str(value or "") or "empty", problem.rstrip("."), CHECK)
