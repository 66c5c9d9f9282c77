# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What role wandb asks of its variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .._preflight.interface import EXTERNAL
from .._preflight.model import CONTROLLER, Finding
from .._preflight.rules.credentials import EXPECTED, REASON, SAFE, bad_characters
from .._preflight.types import is_empty
from .buckets import named
from .model import Place

CREDENTIALS = ("wandb_mysql_password", "wandb_redis_password", "wandb_bucket_access_key", "wandb_bucket_secret_key")
ADDRESS = re.compile(r"https://[^/:\s]+\Z")
# The role makes the first four, the charts the others.
RESERVED = (
    *("wandb-ext-license", "wandb-ext-mysql", "wandb-ext-redis", "wandb-ext-bucket"),
    *("wandb-mysql", "wandb-license", "wandb-bucket", "wandb-redis-secret"),
)
# variable with a path -> what lies there, what makes it
FILES = {
    "wandb_tls_certificate_file": ("a certificate", "ansible-playbook onprem.wandb.certificates -i <inventory>"),
    "wandb_tls_key_file": ("a private key", "ansible-playbook onprem.wandb.certificates -i <inventory>"),
    "wandb_ca_file": ("the CA certificates that W&B trusts", "put the file there, or wandb_ca_file: <where it is>"),
}


def external(place: Place) -> Iterator[Finding]:
    """An empty group means an external service, whose variables are then required."""
    for group, (what, required, _endpoint) in EXTERNAL.items():
        for variable in required if place.empty(group) else ():
            if variable in place.host.variables.errors or is_empty(place.host.variables.get(variable)):
                remedy = "in group_vars/all.yml %s: <value>, or put hosts into group %s" % (variable, group)
                yield Finding(CONTROLLER, variable, "not set", "required: group %s is empty, so %s is external" % (group, what), remedy)
                place.host.variables.errors.pop(variable, None)


def characters(place: Place) -> Iterator[Finding]:
    """W&B puts them into URLs."""
    for name in CREDENTIALS:
        value = place.host.variables.get(name)
        if isinstance(value, str) and value and not SAFE.match(value):
            yield Finding(CONTROLLER, name, "(hidden) contains %s" % bad_characters(value), EXPECTED, REASON)


def address(place: Place) -> Iterator[Finding]:
    """Where users reach W&B: no port, no path, no http."""
    value = place.host.text("wandb_host")
    if value == "https://" and not place.installing:
        return  # follows from an empty wandb_fqdn, which has a finding of its own in preflight
    if value and not ADDRESS.match(value):
        remedy = "leave wandb_host out, and the name alone in wandb_fqdn: wandb.example.com"
        yield Finding(CONTROLLER, "wandb_host", value, "https://<host name>, without port and path", remedy)


def extra_secrets(place: Place) -> Iterator[Finding]:
    """Secrets of the site beside those of the role and the charts."""
    taken = [name for name in place.host.mapping("wandb_extra_secrets") if name in RESERVED]
    if taken:
        remedy = "wandb_extra_secrets: {<another name>: {...}}"
        yield Finding(CONTROLLER, "wandb_extra_secrets", ", ".join(taken), "names of your own: the role or the chart makes these", remedy)


def environment(place: Place) -> Iterator[Finding]:
    """The charts print a number as floating point: 104857600 arrives as 1.048576e+08."""
    for name, value in place.host.mapping("wandb_extra_env").items():
        good = isinstance(value, (str, bool)) or (isinstance(value, Mapping) and set(value) == {"valueFrom"})
        if not good:
            figure = isinstance(value, (int, float))
            remedy = 'wandb_extra_env: {%s: "%s"}' % (name, value if figure else "<text>")
            # Values may be secrets: a number is what the message is about, anything else is not shown.
            seen = "the number %s" % value if figure else "neither text nor a reference"
            yield Finding(CONTROLLER, "wandb_extra_env.%s" % name, seen, "text in quotes, or a mapping with valueFrom alone", remedy)


def files(place: Place) -> Iterator[Finding]:
    """What earlier layers, or the operator, put onto the controller."""
    for variable, (what, remedy) in FILES.items():
        path = place.host.text(variable) if place.installing else ""
        if path and place.read_file(path) is None:
            yield Finding(CONTROLLER, variable, path, "%s; there is no such file" % what, remedy)


def bucket(place: Place) -> Iterator[Finding]:
    """An external one, or the name that W&B is told instead of that of the site's own."""
    yield from named(place.host, CONTROLLER, "wandb_bucket_name", "wandb_bucket_region")


RULES = (external, characters, address, extra_secrets, environment, files, bucket)
