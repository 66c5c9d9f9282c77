# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What role redis asks of its variables."""

from __future__ import annotations

from collections.abc import Iterator

from .._preflight.model import Finding
from .model import Place

SETTINGS = "redis_extra_settings"
# They would be shown: redis.conf is public here, and what runs is compared with it.
SECRETS = ("requirepass", "masterauth", "tls-key-file-pass", "tls-client-key-file-pass", "user")


def secrets(place: Place) -> Iterator[Finding]:
    """Secrets where they would be shown."""
    names = [name for name in place.host.mapping(SETTINGS) if str(name).lower() in SECRETS]
    if names:
        expected = "no secret there: redis.conf is shown in differences and compared with the running server"
        remedy = "for W&B redis_password: <password>, for others redis_extra_users: [{name: <user>, ...}], and a key file without a passphrase"
        yield Finding(place.host.name, SETTINGS, "(hidden) with %s" % ", ".join(map(str, names)), expected, remedy)


RULES = (secrets,)
