# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What role mysql asks of its variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...module_utils._mysql import settings as declared
from ...module_utils._mysql.accounts import NAME
from .. import _addresses
from .._preflight.model import SITE, Finding
from .._preflight.rules import credentials
from .._preflight.rules.endpoint import ENDPOINT, EXPECTED, is_ipv4
from .model import Place, number

PAIR = "two hosts on separate machines: primary and standby"
PASSWORD = "mysql_app_password"
SOCKET = re.compile(r"(/var)?/run/[^/]+/[^/]+\Z")
ACCOUNTS = ("mysql_app_user", "mysql_replication_user", "mysql_clone_user")
ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,32}")
EVERYWHERE = ("*", "0.0.0.0", "::")
FILES = {
    "mysql_tls_certificate_file": "the server's certificate",
    "mysql_tls_private_key_file": "the server's private key",
    "mysql_tls_ca_file": "the CA certificates",
}


def members(place: Place) -> list[str]:
    """The hosts of the pair; a host alone when the role runs without the group."""
    return place.groups.get("mysql") or [place.host.name]


def group(place: Place) -> Iterator[Finding]:
    """A primary and one hot standby: RA-12."""
    names = members(place)
    if len(names) > 2:
        remedy = "W&B uses no read replicas, so leave two hosts in the group; ansible-inventory -i <inventory> --graph mysql"
        yield Finding(SITE, "group mysql", ", ".join(names), PAIR, remedy)
    if len(names) == 1 and not place.says("mysql_accept_single_host"):
        remedy = "add a standby on a separate machine; to run without one: mysql_accept_single_host: true"
        yield Finding(SITE, "group mysql", names[0], PAIR, remedy)


def primary(place: Place) -> Iterator[Finding]:
    """The primary is a member of the group."""
    names = members(place)
    name = place.host.text("mysql_primary", names[0])
    if name not in names:
        remedy = "a host of group mysql as it is called in the inventory; mysql_primary: %s" % names[0]
        yield Finding(SITE, "mysql_primary", name, "one of %s" % ", ".join(names), remedy)


def settings(place: Place) -> Iterator[Finding]:
    """Settings of mysqld: reserved ones, named time zones, and, where the host was measured, what its data were not made with."""
    for one in declared.problems(place.host.variables.get("mysql_settings"), place.host.measured.get("mysql_data")):
        yield Finding(place.host.name, "mysql_settings.%s" % one.name, one.value, one.expected, one.remedy)


def names(place: Place) -> Iterator[Finding]:
    """Names that stand in statements, and accounts that are one another."""
    host = place.host
    taken: dict[str, str] = {}
    database = host.text("mysql_database")
    if database and not NAME.fullmatch(database):
        yield Finding(host.name, "mysql_database", database, "letters, digits, _ and -, at most 64", "mysql_database: wandb_local")
    for variable in ACCOUNTS:
        name = host.text(variable)
        if name and not (ACCOUNT.fullmatch(name) and name not in ("root", *taken)):
            expected = "an account of its own, of letters, digits, _ and -, at most 32"
            seen = "%s, which is that of %s, too" % (name, taken[name]) if name in taken else name
            yield Finding(host.name, variable, seen, expected, "%s: <name>" % variable)
        taken.setdefault(name, variable)


def socket(place: Place) -> Iterator[Finding]:
    """The unit makes its directory, and the role guard may enter no other."""
    value = place.host.text("mysql_socket")
    if value and not SOCKET.match(value):
        expected = "/run/<directory>/<file>: the unit makes that directory, and the role guard may enter no other"
        yield Finding(place.host.name, "mysql_socket", value, expected, "mysql_socket: /run/mysqld/mysqld.sock")


def password(place: Place) -> Iterator[Finding]:
    """W&B puts it into a URL. The inventory's, else the one in the file; one that is still to be made is good."""
    directory = place.host.text("mysql_secrets_dir").rstrip("/")
    if place.host.text(PASSWORD):
        yield from credentials.characters(place.host, PASSWORD)
    elif directory:
        yield from credentials.content("%s/%s" % (directory, PASSWORD), place.read_file)


# Not only "make them": a colleague's machine that lacks the site's directory of secrets has no certificates either.
REMEDY_FILES = (
    "ansible-playbook onprem.wandb.certificates -i <inventory>; where the hosts serve already they were set up with the files of another directory of "
    "secrets: put that one back first"
)


def files(place: Place) -> Iterator[Finding]:
    """What an earlier layer, or the operator, puts onto the controller."""
    for variable, what in FILES.items():
        path = place.host.text(variable) if place.installing else ""
        if path and place.read_file(path) is None:
            expected = "%s; there is no such file on the controller" % what
            yield Finding(place.host.name, variable, path, expected, REMEDY_FILES)


def endpoint(place: Place) -> Iterator[Finding]:
    """The address that follows the primary: keepalived takes IPv4 addresses, of the members, too, and the server has to listen there."""
    host, value = place.host, place.host.text(ENDPOINT)
    if not value:
        return
    if is_ipv4(value):
        router = number(host.variables.get("mysql_endpoint_router_id"))
        if router is not None and router not in range(1, 256):
            remedy = "a number that no other keepalived of the network has; mysql_endpoint_router_id: <number>"
            yield Finding(host.name, "mysql_endpoint_router_id", str(router).removesuffix(".0"), "a number from 1 to 255", remedy)
    else:
        yield Finding(host.name, ENDPOINT, value, EXPECTED, "an address, no name, no prefix length; %s: 192.0.2.30" % ENDPOINT)
    bind = host.text("mysql_bind_address")
    if bind and bind not in EVERYWHERE:
        yield Finding(host.name, "mysql_bind_address", bind, "* or 0.0.0.0: the server has to listen on the endpoint", 'mysql_bind_address: "*"')
    address = host.text("mysql_address") or _addresses.reached(host.name, {name: host.variables.get(name) for name in _addresses.SITE})
    for name, own in {**host.mapping("__mysql_addresses"), host.name: address}.items():
        if not is_ipv4(str(own)):
            yield Finding(name, "mysql_address", str(own), "an IPv4 address: the endpoint needs it", "in host_vars of the host host_address: <its address>")


def interface(place: Place) -> Iterator[Finding]:
    """Where keepalived puts the endpoint. The default comes from the facts, which preflight may not have."""
    host = place.host
    known = "all_ipv4_addresses" in host.mapping("ansible_facts") or host.variables.is_supplied("mysql_endpoint_interface")
    if known and host.text(ENDPOINT) and not host.text("mysql_endpoint_interface"):
        expected = "an interface: that of the default route does not hold %s" % (host.text("mysql_address") or host.name)
        remedy = "in host_vars/%s.yml mysql_endpoint_interface: <name>; ip -br address on the host shows them" % host.name
        yield Finding(host.name, "mysql_endpoint_interface", "empty", expected, remedy)


RULES = (group, primary, settings, names, socket, password, files, endpoint, interface)
