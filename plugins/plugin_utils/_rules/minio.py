# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What role minio asks of its variables."""

from __future__ import annotations

from collections.abc import Iterator

from .. import _addresses, _minio_volumes
from .._preflight.model import Finding
from .buckets import named
from .model import Place


def one_store(place: Place) -> Iterator[Finding]:
    """Several hosts make one object store only by addresses: with directories alone each would be a store of its own."""
    servers, volumes = place.groups.get("minio", []), place.host.texts("minio_volumes")
    if len(servers) > 1 and any("://" not in volume for volume in volumes):
        expected = "addresses in all of them, as group minio has %d hosts: each would be an object store of its own" % len(servers)
        remedy = "in group_vars/minio.yml minio_volumes: [https://store{1...4}.example.com:9000/mnt/disk1/minio]"
        yield Finding(place.host.name, "minio_volumes", ", ".join(volumes), expected, remedy)


def directories(place: Place) -> Iterator[Finding]:
    """Every host of the object store has a directory in it."""
    host, volumes = place.host, place.host.texts("minio_volumes")
    address = next((host.text(name) for name in _addresses.SITE if host.text(name)), host.name)
    try:
        if volumes:
            _minio_volumes.drives(volumes, host.texts("minio_host_names") or [host.name, address])
    except ValueError as error:
        remedy = "in group_vars/minio.yml minio_volumes: [<directory>], or in host_vars minio_host_names: [<its name there>]"
        yield Finding(host.name, "minio_volumes", ", ".join(volumes), "directories of this host. %s" % str(error).rstrip("."), remedy)


def license_file(place: Place) -> Iterator[Finding]:
    """The licence lies on the controller."""
    path = place.host.text("minio_license_file")
    if path and place.read_file(path) is None:
        remedy = "put the licence there, or minio_license_file: <where it is>"
        yield Finding(place.host.name, "minio_license_file", path, "a file on the controller; there is none that can be read", remedy)


def retired(place: Place) -> Iterator[Finding]:
    """A key that is used and taken away by the same run."""
    host = place.host
    key = host.text("minio_access_key") if host.variables.is_supplied("minio_access_key") else ""
    if key and key in host.texts("minio_retired_access_keys"):
        remedy = "take it out of minio_retired_access_keys: []"
        yield Finding(host.name, "minio_retired_access_keys", key, "keys that W&B no longer has: this one is minio_access_key", remedy)


def bucket(place: Place) -> Iterator[Finding]:
    """One for all servers: all who use it read what the first of them says."""
    if place.groups.get("minio", [])[:1] == [place.host.name]:
        yield from named(place.host, place.host.name, "minio_bucket", "minio_region")


RULES = (one_store, directories, license_file, retired, bucket)
