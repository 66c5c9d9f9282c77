# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases, accounts and grants: what is there against what is declared. PRIVATE to the collection."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from . import sha2
from .server import Statement

ALL = "ALL PRIVILEGES"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
TARGET = re.compile(r"(\*|[A-Za-z0-9_-]{1,64})\.(\*|[A-Za-z0-9_-]{1,64})")
PRIVILEGE = re.compile(r"[A-Z][A-Z_ ]*")
GRANT = re.compile(r"^GRANT (?P<privileges>.+) ON (?P<target>\S+) TO (?P<rest>.+)$")


@dataclass(frozen=True)
class Rights:
    """Privileges on one target."""

    privileges: frozenset[str]
    grant_option: bool = False


def quoted(name: str) -> str:
    """An identifier; names are checked before, the back ticks are for the hyphen."""
    return f"`{name}`"


def quoted_target(target: str) -> str:
    """db.* as the server writes it."""
    return ".".join(part if part == "*" else quoted(part) for part in target.split(".", 1))


def normal(privileges: t.Iterable[str]) -> frozenset[str]:
    """Upper case, ALL by its long name."""
    words = {" ".join(one.upper().split()) for one in privileges}
    return frozenset(ALL if one == "ALL" else one for one in words)


def parse_grants(lines: t.Iterable[str]) -> dict[str, Rights]:
    """SHOW GRANTS, as target: rights. USAGE is no privilege; roles are not looked at."""
    found: dict[str, Rights] = {}
    for line in lines:
        match = GRANT.match(line)
        if not match:
            continue
        target = match.group("target").replace("`", "")
        privileges = frozenset(re.split(r",\s*(?![^(]*\))", match.group("privileges"))) - {"USAGE"}
        option = match.group("rest").endswith("WITH GRANT OPTION")
        if not privileges and not option:
            continue
        old = found.get(target, Rights(frozenset()))
        found[target] = Rights(old.privileges | privileges, old.grant_option or option)
    return found


def wanted_grants(grants: t.Iterable[dict[str, t.Any]]) -> dict[str, Rights]:
    """The declared grants, as target: rights."""
    found: dict[str, Rights] = {}
    for one in grants:
        old = found.get(one["target"], Rights(frozenset()))
        found[one["target"]] = Rights(old.privileges | normal(one["privileges"]), old.grant_option or one["grant_option"])
    return found


def grant_statements(user: str, host: str, seen: dict[str, Rights], wanted: dict[str, Rights]) -> list[Statement]:
    """What makes the grants exactly the declared ones: an account that may do more than declared is the one that misleads."""
    statements = []
    for target, rights in seen.items():
        extra = rights.privileges - wanted.get(target, Rights(frozenset())).privileges
        if extra:
            statements.append(Statement(f"REVOKE {', '.join(sorted(extra))} ON {quoted_target(target)} FROM %s@%s", (user, host)))
        if rights.grant_option and not wanted.get(target, Rights(frozenset())).grant_option:
            statements.append(Statement(f"REVOKE GRANT OPTION ON {quoted_target(target)} FROM %s@%s", (user, host)))
    for target, rights in wanted.items():
        have = seen.get(target, Rights(frozenset()))
        missing = rights.privileges - have.privileges
        if missing or (rights.grant_option and not have.grant_option):
            option = " WITH GRANT OPTION" if rights.grant_option else ""
            statements.append(Statement(f"GRANT {', '.join(sorted(missing or rights.privileges))} ON {quoted_target(target)} TO %s@%s{option}", (user, host)))
    return statements


def user_statements(user: dict[str, t.Any], seen: t.Optional[dict[str, t.Any]]) -> list[Statement]:
    """CREATE or ALTER USER where something differs. seen: plugin, stored (bytes), ssl_type, locked."""
    tls = "REQUIRE SSL" if user["require_ssl"] else "REQUIRE NONE"
    name = (user["name"], user["host"])
    if user.get("socket_user"):
        return socket_statements(name, user["socket_user"], seen)
    identified = f"USER %s@%s IDENTIFIED WITH caching_sha2_password BY %s {tls}"
    if seen is None:
        return [Statement(f"CREATE {identified}", (*name, user["password"]), (2,))]
    if seen["plugin"] != "caching_sha2_password" or not sha2.matches(user["password"], seen["stored"]):
        return [Statement(f"ALTER {identified}", (*name, user["password"]), (2,))]
    if (seen["ssl_type"] == "ANY") != user["require_ssl"] or (seen["ssl_type"] not in ("", "ANY")):
        return [Statement(f"ALTER USER %s@%s {tls}", name)]
    return []


def socket_statements(name: tuple[str, str], system_user: str, seen: t.Optional[dict[str, t.Any]]) -> list[Statement]:
    """CREATE or ALTER USER for a system user on the socket; there is no password and nothing to encrypt."""
    identified = "USER %s@%s IDENTIFIED WITH auth_socket AS %s REQUIRE NONE"
    if seen is None:
        return [Statement(f"CREATE {identified}", (*name, system_user))]
    if (seen["plugin"], seen["stored"], seen["ssl_type"]) != ("auth_socket", system_user.encode(), ""):
        return [Statement(f"ALTER {identified}", (*name, system_user))]
    return []


def database_statements(database: dict[str, t.Any], seen: t.Optional[dict[str, t.Any]]) -> list[Statement]:
    """CREATE or ALTER DATABASE. Dropping is never declared."""
    form = f"{quoted(database['name'])} CHARACTER SET {database['character_set']} COLLATE {database['collation']}"
    if seen is None:
        return [Statement(f"CREATE DATABASE {form}")]
    if (seen["character_set"], seen["collation"]) != (database["character_set"], database["collation"]):
        return [Statement(f"ALTER DATABASE {form}")]
    return []


def mistakes(databases: t.Iterable[dict[str, t.Any]], users: t.Iterable[dict[str, t.Any]]) -> list[str]:
    """Names that cannot be written into a statement."""
    found = []
    for database in databases:
        for key in ("name", "character_set", "collation"):
            if not NAME.fullmatch(database[key]):
                found.append(f"database {key} {database[key]!r}: expected letters, digits, _ and -")
    for user in users:
        if user.get("socket_user"):
            if user.get("password") or user["require_ssl"] or user["host"] != "localhost":
                found.append(f"user {user['name']!r}: socket_user goes with host localhost and without password and require_ssl")
        elif not user.get("password"):
            found.append(f"user {user['name']!r}: the password is empty")
        for grant in user["grants"]:
            if not TARGET.fullmatch(grant["target"]):
                found.append(f"user {user['name']!r}: target {grant['target']!r}, expected *.*, database.* or database.table")
            found += [f"user {user['name']!r}: privilege {one!r}" for one in grant["privileges"] if not PRIVILEGE.fullmatch(one.upper())]
    return found
