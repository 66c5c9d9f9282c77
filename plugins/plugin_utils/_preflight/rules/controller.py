# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machine that Ansible runs on: the Python packages that layers ask for after others have changed."""

from __future__ import annotations

from collections.abc import Iterator

from ....module_utils._host.offered import fits
from ..model import CONTROLLER, Finding, Site

# Python package to the oldest version that will do, and the group without which nobody needs it.
LIBRARIES = {"cryptography": ("42", ""), "boto3": ("1.34", ""), "minio": ("7.2.15", "minio"), "PyMySQL": ("1.0", "")}


def libraries(site: Site) -> Iterator[Finding]:
    """All in one line, as they are installed by one."""
    wanted = {name: oldest for name, (oldest, group) in LIBRARIES.items() if not group or site.has(group)}
    lacking = {name: oldest for name, oldest in wanted.items() if not fits(site.libraries.get(name, ""), {"oldest": oldest})}
    if site.libraries and lacking:
        value = ", ".join("%s %s" % (name, site.libraries.get(name) or "is missing") for name in lacking)
        expected = ", ".join("%s %s or newer" % (name, oldest) for name, oldest in lacking.items())
        remedy = "pip install %s in the environment that Ansible runs from" % " ".join('"%s>=%s"' % item for item in lacking.items())
        yield Finding(CONTROLLER, "Python packages", value, expected, remedy)


RULES = (libraries,)
