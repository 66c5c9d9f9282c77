# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows about Redis and the object store."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import FAIL, NOT_APPLICABLE, PASS, Facts, Measurement, Row, evidence, failed, of_probes, probes, reason

PRESIGNED = ("presigned_put", "presigned_get", "presigned_head", "multipart")
CORS = ("cors_preflight", "cors_response")


def redis_measurement(facts: Facts) -> Measurement:
    """Measured on the host when Redis is ours, else from the controller."""
    members = facts.members("redis")
    return facts.of(members[0], "redis") if members else facts.here("redis")


def redis(facts: Facts) -> Iterator[Row]:
    """RA-19: one Redis 7, reachable, writable."""
    row = ("RA-19", "one single-node Redis 7", "7.x, answers, takes writes")
    members = facts.members("redis")
    if len(members) > 1:
        yield Row(*row, "%d hosts: %s" % (len(members), ", ".join(members)), FAIL)
        return
    measurement = redis_measurement(facts)
    found = of_probes(row, measurement, ["connect", "ping", "version", "role", "persistence"])
    if found.result == PASS:
        # Not written in check mode, which says nothing against the server.
        written = of_probes(row, measurement, ["write_and_read", "commands"])
        found = written if written.result == FAIL else found
    if found.result == PASS:
        version = (probes(measurement)["version"].get("evidence") or {}).get("redis_version", "")
        found = Row(*row, "Redis %s" % version, found.result)
    yield found


def redis_password(facts: Facts) -> Iterator[Row]:
    """Our own. A check that has no password asks nobody whether one is needed, and is answered: that is the open door."""
    row = ("EX-06", "Redis asks for a password", "refused without one")
    probe = probes(redis_measurement(facts)).get("password_required", {})
    if probe.get("verdict") == "notice":
        yield Row(*row, "it answers without a password. %s" % probe["remedy"], FAIL)
        return
    yield of_probes(row, redis_measurement(facts), ["password_required"])


def redis_policy(facts: Facts) -> Iterator[Row]:
    """Our own: any other policy drops jobs without a word."""
    row = ("EX-07", "Redis never evicts W&B's jobs", "maxmemory-policy noeviction, memory left")
    yield of_probes(row, redis_measurement(facts), ["settings", "memory"])


def redis_tls(facts: Facts) -> Iterator[Row]:
    """Our own: the resource says rediss://, and the server shows a certificate that its CA has signed."""
    row = ("EX-20", "W&B reaches Redis through TLS", "rediss:// in the resource, a trusted certificate")
    if not facts.settings.get("redis_tls"):
        yield Row(*row, "plain connections by redis_tls", NOT_APPLICABLE)
        return
    instance = facts.here("instance")
    told = (instance.get("resource") or {}).get("redis") or {}
    scheme = "rediss" if told.get("tls") else "redis"
    words = "the resource says %s://%s:%s, CA %s" % (scheme, told.get("host"), told.get("port"), told.get("ca") or "of the image")
    if failed(instance) or not told:
        yield Row(*row, reason(instance), FAIL)
    elif not told.get("tls"):
        yield Row(*row, words + ": run onprem.wandb.wandb", FAIL)
    else:
        served = probes(redis_measurement(facts)).get("certificate", {})
        yield of_probes(row, redis_measurement(facts), ["connect", "certificate"], "%s; %s" % (words, evidence(served, "protocol", "not_after")))


def presigned(facts: Facts) -> Iterator[Row]:
    """RA-20, first half."""
    yield of_probes(("RA-20", "object storage: presigned URLs", "PUT, GET, HEAD and multipart work"), facts.here("bucket"), PRESIGNED, ", ".join(PRESIGNED))


def cors(facts: Facts) -> Iterator[Row]:
    """RA-20, second half: for the origin of W&B, with ETag exposed."""
    origin = "https://%s" % facts.settings.get("host", "")
    yield of_probes(("RA-20", "object storage: CORS", "%s may GET, HEAD, PUT and read ETag" % origin), facts.here("bucket"), CORS)


def private(facts: Facts) -> Iterator[Row]:
    """Our own: nobody reads the bucket without a signature."""
    yield of_probes(("EX-08", "the bucket is private", "refused without or with a wrong signature"), facts.here("bucket"), ["public_access", "wrong_signature"])


def confined(facts: Facts) -> Iterator[Row]:
    """Our own: W&B's key opens nothing but its bucket. Some servers do not tell."""
    row = ("EX-09", "W&B's key cannot leave its bucket", "access denied on another bucket")
    probe = probes(facts.here("bucket")).get("confined", {})
    if probe.get("verdict") == "notice":
        yield Row(*row, "not told (%s). %s" % (evidence(probe), probe["remedy"]), NOT_APPLICABLE)
        return
    yield of_probes(row, facts.here("bucket"), ["confined"])


RULES = (redis, redis_password, redis_policy, redis_tls, presigned, cors, private, confined)
