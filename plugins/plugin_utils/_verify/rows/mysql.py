# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows about MySQL: our own pair, measured on its hosts, or an external server, measured from the controller."""

from __future__ import annotations

from collections.abc import Iterator

from ....module_utils._mysql.drift import sentence
from ..._mysql.report import TAKE_BACK
from ..._mysql.series import series_problem
from ..model import FAIL, NOT_APPLICABLE, PASS, Facts, Measurement, Row, failed, of_probes, reason, verdict

VALIDATED = "the seven settings of W&B"
EXTERNAL = "an external server: ask whoever runs it"


def running(measurement: Measurement) -> str:
    """Why a server says nothing; empty when it does."""
    if failed(measurement):
        return reason(measurement)
    return "" if measurement.get("running") else "no server answers: %s" % measurement.get("problem", "")


def pair(facts: Facts) -> dict[str, Measurement]:
    """mysql_replica_info of every host of the group."""
    return {name: facts.of(name, "mysql") for name in facts.members("mysql")}


def silent(found: dict[str, Measurement]) -> list[str]:
    return ["%s: %s" % (name, running(info)) for name, info in found.items() if running(info)]


def version(facts: Facts) -> Iterator[Row]:
    """RA-10."""
    row = ("RA-10", "MySQL version", "8.0.32 or newer, 8.4.x, 9.7.x")
    if not facts.has("mysql"):
        yield of_probes(row, facts.here("mysql_check"), ["connect", "version"])
        return
    found = pair(facts)
    wrong = silent(found)
    wrong += ["%s: %s" % (name, info["version"]) for name, info in found.items() if not running(info) and series_problem(str(info["version"]))]
    good = ", ".join("%s %s" % (name, info.get("version")) for name, info in found.items())
    yield Row(*row, "; ".join(wrong) or good, verdict(not wrong))


def topology(facts: Facts) -> Iterator[Row]:
    """RA-12: one writable primary, one standby that follows it, on separate machines."""
    row = ("RA-12", "primary and hot standby", "one writable primary; a read-only standby that lacks nothing, on another machine")
    if not facts.has("mysql"):
        yield Row(*row, EXTERNAL, NOT_APPLICABLE)
        return
    found = pair(facts)
    wrong = silent(found)
    if len(found) == 1 and not wrong and facts.settings.get("single_mysql"):
        yield Row(*row, "one host, accepted by mysql_accept_single_host", NOT_APPLICABLE)
        return
    if not wrong:
        wrong = shape(found) + bold(found) + apart(facts, list(found)) + [text for name, info in found.items() for text in standby_problems(name, info)]
    good = ", ".join("%s %s" % (name, info.get("role")) for name, info in found.items())
    lag = max((float(info.get("lag_seconds") or 0) for info in found.values()), default=0.0)
    yield Row(*row, "; ".join(wrong) or "%s, lag %.1f s" % (good, lag), verdict(not wrong))


def shape(found: dict[str, Measurement]) -> list[str]:
    """Exactly one of each."""
    roles = [str(info.get("role")) for info in found.values()]
    wrong = [] if sorted(roles) == ["primary", "replica"] else ["roles are %s" % ", ".join("%s: %s" % (n, i.get("role")) for n, i in found.items())]
    writable = [name for name, info in found.items() if not info.get("super_read_only") and not info.get("read_only")]
    return wrong + (["writable: %s" % (", ".join(writable) or "none")] if len(writable) != 1 else [])


def bold(found: dict[str, Measurement]) -> list[str]:
    """Whose next boot may make a second primary."""
    names = [name for name, info in found.items() if info.get("boots_without_peer")]
    return ["%s boots without asking its standby (mysql_boot_without_peer): %s" % (name, TAKE_BACK) for name in names]


def apart(facts: Facts, names: list[str]) -> list[str]:
    """Two hosts with one machine-id are one machine."""
    ids = [(facts.of(name, "host").get("measured") or {}).get("machine_id") for name in names]
    known = [item for item in ids if item]
    return ["both are the machine %s" % known[0]] if len(known) > 1 and len(set(known)) < len(known) else []


def standby_problems(name: str, info: Measurement) -> list[str]:
    """What keeps a standby from being able to take over now."""
    channel = info.get("channel") or {}
    if info.get("role") != "replica":
        return []
    wrong = []
    for part in ("receiver", "applier"):
        if str(channel.get(part)).upper() != "ON":
            wrong.append("%s: %s is %s %s" % (name, part, channel.get(part), channel.get(part + "_error") or ""))
    if info.get("gtid_state") not in ("IDENTICAL", "RECOVERABLE"):
        wrong.append("%s: GTID state %s" % (name, info.get("gtid_state") or "unknown, because %s" % unasked(name, info)))
    if info.get("errant"):
        wrong.append("%s has transactions that the primary has not: %s" % (name, info["errant"]))
    if not info.get("super_read_only"):
        wrong.append("%s is not read-only" % name)
    return [text.strip() for text in wrong]


def unasked(name: str, info: Measurement) -> str:
    """Why a standby could not compare itself with its source."""
    channel = info.get("channel") or {}
    source = "%s:%s" % (channel.get("host"), channel.get("port"))
    asked = {peer.get("address"): peer for peer in info.get("peers") or []}
    if source not in asked:
        return "its source %s is none of the pair (%s)" % (source, ", ".join(map(str, asked)) or "nobody was asked")
    answer = asked[source]
    return "%s cannot ask %s, which is %s: %s" % (name, source, answer.get("state"), answer.get("detail") or "no reason given")


def stream(facts: Facts) -> Iterator[Row]:
    """Our own: a row written on the primary arrives."""
    row = ("EX-10", "a row written on the primary is read on the standby", "it arrives")
    found = pair(facts)
    if len(found) < 2:
        yield Row(*row, "one host" if found else EXTERNAL, NOT_APPLICABLE)
        return
    primaries = [info for info in found.values() if info.get("role") == "primary"]
    lost = silent(found)
    if not primaries or lost:
        yield Row(*row, "; ".join(lost) or "there is no primary", FAIL)
        return
    seen = (primaries[0].get("measured") or {}).get("seconds") or {}
    if not seen and not primaries[0].get("measure_problem") and facts.settings.get("check_mode"):
        yield Row(*row, "not written in check mode", NOT_APPLICABLE)
        return
    text = ", ".join("%s after %.3f s" % item for item in seen.items())
    yield Row(*row, primaries[0].get("measure_problem") or text or "not measured", verdict(bool(seen)))


def disks(facts: Facts) -> Iterator[Row]:
    """RA-14: by the server's own measurement."""
    row = ("RA-14", "fast disks for MySQL", "the redo log is durable within %g ms on average" % float(facts.settings.get("sync_milliseconds", 10)))
    yield from per_host(facts, row, ["sync"])


def schema(facts: Facts) -> Iterator[Row]:
    """RA-17: as the account of W&B sees it."""
    row = ("RA-17", "database and account of W&B", "utf8mb4 / utf8mb4_general_ci; ALL on its database with grant option")
    yield from per_host(facts, row, ["connect", "schema", "grants"])


def per_host(facts: Facts, row: tuple[str, str, str], names: list[str]) -> Iterator[Row]:
    """mysql_check of every host in one row: the first bad one counts."""
    if not facts.has("mysql"):
        yield of_probes(row, facts.here("mysql_check"), names)
        return
    rows = {name: of_probes(row, facts.of(name, "mysql_check"), names) for name in facts.members("mysql")}
    for result in (FAIL, NOT_APPLICABLE):
        for name, found in rows.items():
            if found.result == result:
                yield Row(*row, "%s: %s" % (name, found.measured), result)
                return
    yield Row(*row, "; ".join("%s: %s" % (name, found.measured) for name, found in rows.items()), "pass")


def settings(facts: Facts) -> Iterator[Row]:
    """RA-18: on primary and standby alike, or a takeover changes them."""
    row = ("RA-18", "MySQL settings", VALIDATED + ", on every host")
    if not facts.has("mysql"):
        yield of_probes(row, facts.here("mysql_check"), ["settings"])
        return
    found = pair(facts)
    wrong = silent(found)
    for name, info in found.items():
        wrong += ["%s: %s" % (name, sentence({key: value})) for key, value in (info.get("differing_variables") or {}).items()]
        wrong += ["%s: %s is persisted in mysqld-auto.cnf" % (name, key) for key in info.get("persisted_variables") or []]
        wrong += ["%s: no settings were read" % name] if not running(info) and not info.get("variables") else []
    yield Row(*row, "; ".join(wrong) or "as validated on %s" % ", ".join(found), verdict(not wrong))


def semi_sync(facts: Facts) -> Iterator[Row]:
    """Our own: a commit that W&B was told of is on both hosts."""
    row = ("EX-11", "semi-synchronous replication", "ON at the primary with a standby attached, and at the standby")
    found = pair(facts)
    if len(found) < 2:
        yield Row(*row, "one host" if found else EXTERNAL, NOT_APPLICABLE)
        return
    wrong = silent(found)
    for name, info in found.items() if not wrong else ():
        wrong += semi_sync_problems(name, info)
    if not wrong and not {"primary", "replica"} <= {info.get("role") for info in found.values()}:
        wrong = ["there is no pair"]
    yield Row(*row, "; ".join(wrong) or "ON on %s" % " and ".join(found), verdict(not wrong))


def semi_sync_problems(name: str, info: Measurement) -> list[str]:
    """What is missing on one side."""
    state = info.get("semisync") or {}
    degraded = info.get("degraded")
    if degraded:
        return ["%s: degraded since %s (%s); mysql_rejoin or mysql_undegrade ends it" % (name, degraded.get("since"), degraded.get("reason"))]
    if info.get("role") == "primary":
        status = str(state.get("source_status")).upper()
        attached = int(state.get("attached") or 0)
        return [] if status == "ON" and attached > 0 else ["%s: status %s, %d standbys attached" % (name, state.get("source_status"), attached)]
    status = str(state.get("replica_status")).upper()
    return [] if status == "ON" else ["%s: status %s" % (name, state.get("replica_status"))]


def endpoint(facts: Facts) -> Iterator[Row]:
    """Our own: what W&B connects to follows the primary."""
    row = ("EX-12", "one address for MySQL's primary", "on the primary and nowhere else; it takes W&B's account, with a certificate for that address")
    address = str(facts.settings.get("mysql_endpoint") or "")
    found = pair(facts)
    if not found or not address:
        yield Row(*row, "no mysql_endpoint_address, so W&B is told another address" if found else EXTERNAL, NOT_APPLICABLE)
        return
    primaries = [name for name, info in found.items() if not running(info) and info.get("role") == "primary"]
    holders = [name for name in facts.hosts if address in addresses(facts.of(name, "host"))]
    if len(primaries) != 1 or holders != primaries:
        yield Row(*row, "%s is on %s; primary: %s" % (address, ", ".join(holders) or "no host", ", ".join(primaries) or "none"), FAIL)
        return
    for name in found:
        way = of_probes(row, facts.of(name, "mysql_endpoint"), ["connect", "schema"])
        if way.result != PASS:
            yield Row(*row, "from %s: %s" % (name, way.measured), FAIL)
            return
    yield Row(*row, "%s is on %s, asked from %s" % (address, holders[0], " and ".join(found)), PASS)


def addresses(measurement: Measurement) -> list[str]:
    """Addresses of a host's interfaces, without prefix length."""
    return [str(address).partition("/")[0] for address in (measurement.get("measured") or {}).get("addresses") or []]


RULES = (version, topology, disks, schema, settings, stream, semi_sync, endpoint)
