# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What role accept asks of its variables, on each machine that it asks from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._preflight.model import CONTROLLER, Finding
from .model import Place

KEY, GROUPS, INDEX = "accept_api_key", "accept_groups", "accept_index_url"
KEYS = re.compile(r"[\x21-\x7e]{40,}")  # the SDK itself refuses shorter ones


def here(place: Place) -> bool:
    """Whether the machine is the controller, where what is wrong for all is said once."""
    return place.host.name in (CONTROLLER, "localhost")


def address(place: Place) -> Iterator[Finding]:
    """Where W&B is."""
    value = place.host.text("accept_url")
    if here(place) and not re.fullmatch(r"https?://[^/\s]+/?", value):
        yield Finding(place.host.name, "accept_url", value or "empty", "https:// and the name of W&B", "in group_vars/all.yml wandb_fqdn: wandb.example.com")


def key(place: Place) -> Iterator[Finding]:
    """Whose key; it is never shown."""
    value = place.host.text(KEY)
    if here(place) and not KEYS.fullmatch(value):
        seen = "(hidden), %d characters" % len(value) if value else "empty"
        remedy = "ansible-vault encrypt_string --stdin-name %s, or export WANDB_API_KEY from a file that only you may read" % KEY
        yield Finding(place.host.name, KEY, seen, "an API key of a user of W&B: 40 characters or more, without blanks", remedy)


def groups(place: Place) -> Iterator[Finding]:
    """Hosts beside the controller."""
    for name in place.host.texts(GROUPS) if here(place) else []:
        if not place.groups.get(str(name)):
            known = ", ".join(sorted(group for group, hosts in place.groups.items() if hosts and group not in ("all", "ungrouped"))) or "none"
            yield Finding(place.host.name, GROUPS, str(name), "groups of the inventory with hosts: %s" % known, "%s: [<group>]" % GROUPS)


def program(place: Place) -> Iterator[Finding]:
    """Where the machine has the SDK from."""
    variable = "accept_controller_python" if here(place) else "accept_python"
    value = place.host.text(variable)
    if value and not value.startswith("/"):
        yield Finding(place.host.name, variable, value, "an absolute path", "%s: /opt/training/venv/bin/python" % variable)
    if not value and not place.host.text(INDEX):
        expected = "the path of a Python with W&B's SDK (package wandb) on this machine, or %s, an index of Python packages to install it from" % INDEX
        yield Finding(place.host.name, variable, "empty", expected, "%s: /opt/training/venv/bin/python" % variable)


RULES = (address, key, groups, program)
