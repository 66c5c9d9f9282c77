# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Broken configurations of object storage, one at a time: the check names exactly the broken thing, and on a good site nothing."""

from __future__ import annotations

import datetime as dt
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import sign
from s3_proxy import After, Before, Reply, Request, refuse
from s3_server import BUCKET, DAY, NAME, SECRET, policy

ELSEWHERE = "https://elsewhere.storage.test"


@dataclass
class Fault:
    """One thing that is broken, the probes that must name it, and a word of the remedy of the first."""

    expected: list[str]
    words: str = ""
    before: Before | None = None
    after: After | None = None
    certificate: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    plant: Callable[[Any], Callable[[], None]] | None = None  # does something to the server, returns what undoes it


# --- a proxy that changes what passes -------------------------------------------------------------------------------------------


def other_host(wanted: Request) -> None:
    wanted.put("Host", "store1.internal:9000")


def without(*names: str) -> Before:
    return lambda wanted: wanted.drop(*names)


def cors_stripped(wanted: Request, reply: Reply) -> None:
    reply.headers = [(name, value) for name, value in reply.headers if not name.lower().startswith("access-control-")]


def exposed(value: str) -> After:
    return lambda wanted, reply: reply.put("Access-Control-Expose-Headers", value) if reply.get("Access-Control-Expose-Headers") else None


def cors_twice(wanted: Request, reply: Reply) -> None:
    if wanted.get("Origin"):
        reply.headers.append(("Access-Control-Allow-Origin", "*"))


def clock(minutes: int) -> After:
    """So far from the moment of the answer: the tests before this one may take longer than a minute."""
    ahead = dt.timedelta(minutes=minutes)
    return lambda wanted, reply: reply.put("Date", format_datetime(dt.datetime.now(dt.timezone.utc) + ahead, usegmt=True))


def when(condition: Callable[[Request], bool], status: int, code: str) -> Before:
    return lambda wanted: refuse(status, code) if condition(wanted) else None


def always_redirect(wanted: Request) -> Reply:
    return Reply(301, [("Location", ELSEWHERE + wanted.target)])


def presigned_redirect(wanted: Request) -> Reply | None:
    return Reply(307, [("Location", ELSEWHERE + wanted.target)]) if wanted.presigned and wanted.method != "OPTIONS" else None


def creates_upload(wanted: Request) -> bool:
    return wanted.method == "POST" and "uploads" in wanted.query


def signed_again(wanted: Request) -> None:
    """A gateway that signs everything by itself."""
    if wanted.method == "GET" and (wanted.presigned or not wanted.get("Authorization")) and unquote(wanted.path).count("/") > 1:
        path, more = unquote(wanted.path), {name: value for name, value in wanted.query.items() if name.startswith("response-")}
        wanted.target = sign.presign("GET", wanted.get("Host"), path, "wandbfiles", SECRET, "us-east-1", dt.datetime.now(dt.timezone.utc), 60, more)


def time_ignored(wanted: Request) -> None:
    """A server that does not look at the time in a URL."""
    if wanted.presigned and wanted.query["X-Amz-Date"] < (dt.datetime.now(dt.timezone.utc) - dt.timedelta(hours=1)).strftime("%Y%m%dT%H%M%SZ"):
        signed_again(wanted)


def plus_decoded(wanted: Request) -> None:
    """A proxy that decodes a plus sign in the path as forms do."""
    wanted.target = wanted.target.replace(wanted.path, wanted.path.replace("%2B", "%20").replace("+", "%20"))


def path_decoded(wanted: Request) -> Reply | None:
    """A proxy that decodes the path once: what is then no path any more is refused."""
    path = unquote(wanted.path)
    if path == wanted.path or not wanted.presigned:
        return None
    if any(ord(letter) < 33 or ord(letter) > 126 for letter in path):
        return refuse(400, "BadRequest")
    wanted.target = path + "?" + urlsplit(wanted.target).query
    return None


def disposition_ignored(wanted: Request, reply: Reply) -> None:
    reply.drop("Content-Disposition")


def bytes_changed(wanted: Request, reply: Reply) -> None:
    if wanted.method == "GET" and reply.status in (200, 206) and "list-type" not in wanted.query and len(reply.body) == 1024:
        reply.body = reply.body[:-1] + b"\n"


def etag_changed(wanted: Request, reply: Reply) -> None:
    if wanted.method == "HEAD" and reply.get("ETag"):
        reply.put("ETag", '"00000000000000000000000000000000-1"')


def range_dropped(wanted: Request) -> None:
    wanted.drop("Range")


def empty_refused(wanted: Request) -> Reply | None:
    return refuse(411, "MissingContentLength") if wanted.method == "PUT" and wanted.presigned and not wanted.body else None


def large_refused(wanted: Request) -> Reply | None:
    return Reply(413, [("Content-Type", "text/html")], b"<html>413 Request Entity Too Large</html>") if len(wanted.body) > 1024 * 1024 else None


def login_page(wanted: Request) -> Reply:
    return Reply(302, [("Location", "https://sso.storage.test/login")])


# --- what is done to the server -------------------------------------------------------------------------------------------------


def user(key: str, name: str, **changes: Any) -> Callable[[Any], Callable[[], None]]:
    """Another user with another policy."""

    def plant(site: Any) -> Callable[[], None]:
        site.minio.declare(key, name, policy(**changes))
        return lambda: None

    return plant


def disabled(site: Any) -> Callable[[], None]:
    site.minio.declare("disabled", "wandb-files", policy())
    site.minio.admin().admin.user_disable("disabled")
    return lambda: None


def public(site: Any) -> Callable[[], None]:
    root = site.minio.admin().root
    statement = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"], "Resource": [f"arn:aws:s3:::{BUCKET}/*"]}
    root.set_bucket_policy(bucket_name=BUCKET, policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return lambda: root.delete_bucket_policy(bucket_name=BUCKET)


def removes_all(site: Any) -> Callable[[], None]:
    from minio.commonconfig import ENABLED, Filter
    from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule

    root, before = site.minio.admin().root, site.minio.admin().root.get_bucket_lifecycle(bucket_name=BUCKET)
    rule = Rule(status=ENABLED, rule_id="tidy", rule_filter=Filter(prefix=""), expiration=Expiration(days=90))
    root.set_bucket_lifecycle(bucket_name=BUCKET, config=LifecycleConfig([rule]))
    return lambda: root.set_bucket_lifecycle(bucket_name=BUCKET, config=before)


WRITES = {"PUT", "POST"}
FAULTS = {
    # the way to the server
    "name without a record": Fault(["resolve"], "DNS record", params={"endpoint": "https://s3.storage.invalid:9000", "connect_to": ""}),
    "nobody listens": Fault(["connect"], "ss -ltn", params={"endpoint": f"https://{NAME}:1"}),
    "self-signed without CA": Fault(["tls"], "CA", certificate={"self_signed": True}),
    "CA not known": Fault(["tls"], "CA", params={"ca_file": None}),
    "certificate of another name": Fault(["tls"], "not for " + NAME, certificate={"names": ("store1.storage.test",)}),
    "certificate expired": Fault(["tls"], "expired", certificate={"begin": -9 * DAY, "end": -DAY}),
    "certificate not valid yet": Fault(["tls"], "clocks", certificate={"begin": DAY}),
    "certificate that ends soon": Fault(["tls"], "ends in", certificate={"end": 5 * DAY}),
    "intermediate missing": Fault(["tls"], "intermediates", certificate={"intermediate": "missing"}),
    "http at a port with TLS": Fault(["tls"], "use https://", params={"scheme": "http"}),
    "clock an hour ahead": Fault(["clock"], "chrony", after=clock(60)),
    "clock an hour behind": Fault(["clock"], "chrony", after=clock(-60)),
    "clock two minutes ahead": Fault(["clock"], "chrony", after=clock(2)),
    # the proxy
    "Host rewritten": Fault(["credentials"], "Host", before=other_host),
    "everything redirected": Fault(["addressing"], "elsewhere", before=always_redirect),
    "login page before the server": Fault(["addressing"], "elsewhere", before=login_page),
    "presigned requests redirected": Fault(["multipart", "presigned_put"], "unchanged", before=presigned_redirect),
    "Authorization dropped": Fault(["credentials"], "policy", before=without("Authorization")),
    "path-style refused": Fault(["addressing"], "virtual", before=when(lambda wanted: wanted.path.startswith("/" + BUCKET), 404, "NoSuchKey")),
    "body limit of 1 MB": Fault(["multipart"], "limit", before=large_refused),
    "Range ignored": Fault(["range"], "Range", before=range_dropped),
    "plus sign decoded": Fault(["names"], "decoded", before=plus_decoded),
    "path decoded": Fault(["names"], "decoded", before=path_decoded),
    "empty bodies refused": Fault(["empty"], "empty object", before=empty_refused),
    "PUT refused by a firewall": Fault(
        ["put", "presigned_put"], "", before=when(lambda wanted: wanted.method == "PUT", 405, "MethodNotAllowed")
    ),
    "DELETE refused by a firewall": Fault(
        ["multipart_abort", "delete"], "", before=when(lambda wanted: wanted.method == "DELETE", 405, "MethodNotAllowed")
    ),
    "bytes changed": Fault(["get", "presigned_get"], "changes it", after=bytes_changed),
    "ETag changed": Fault(["head"], "MD5", after=etag_changed),
    "Content-Disposition dropped": Fault(["content_disposition"], "file's", after=disposition_ignored),
    "multipart refused": Fault(["multipart", "multipart_abort"], "policy", before=when(creates_upload, 403, "AccessDenied")),
    "copy not implemented": Fault(["copy"], "implement", before=when(lambda wanted: bool(wanted.get("x-amz-copy-source")), 501, "NotImplemented")),
    "checksum trailers refused": Fault(
        ["checksum_trailer"], "when_required", before=when(lambda wanted: bool(wanted.get("x-amz-trailer")), 501, "NotImplemented")
    ),
    "disk full": Fault(
        ["put", "presigned_put"], "full", before=when(lambda wanted: wanted.method in WRITES, 507, "XMinioStorageFull")
    ),
    "gateway that signs for everybody": Fault(["wrong_signature", "public_access", "expiry"], "proxy signs", before=signed_again),
    "time of a URL ignored": Fault(["expiry"], "two hours ago", before=time_ignored),
    # CORS
    "CORS stripped": Fault(["cors_preflight", "cors_response"], "AllowedOrigins", after=cors_stripped),
    "CORS without ETag": Fault(["cors_response"], "ExposeHeaders ETag", after=exposed("Content-Length")),
    "CORS header twice": Fault(["cors_preflight", "cors_response"], "AllowedOrigins", after=cors_twice),
    "preflight refused": Fault(["cors_preflight"], "AllowedMethods", before=when(lambda wanted: wanted.method == "OPTIONS", 403, "AccessForbidden")),
    "origin of W&B not allowed": Fault(["cors_preflight", "cors_response"], "origin of W&B", params={"origins": ["https://other.storage.test"]}),
    # the server's own settings
    "unknown key": Fault(["credentials"], "does not know", params={"access_key": "nobody"}),
    "wrong secret": Fault(["credentials"], "secret key", params={"secret_key": "wrongwrongwrongwrong"}),
    "user disabled": Fault(["credentials"], "", params={"access_key": "disabled"}, plant=disabled),
    "bucket missing": Fault(["credentials"], "", params={"bucket": "no-such-bucket"}),
    "wrong region": Fault(["region"], "Set the region", params={"region": "eu-west-1"}),
    "read-only user": Fault(
        ["put", "presigned_put"], "policy", params={"access_key": "reader"}, plant=user("reader", "reader", without=["s3:PutObject"])
    ),
    "no right to list": Fault(["credentials"], "policy", params={"access_key": "blind"}, plant=user("blind", "blind", without=["s3:ListBucket"])),
    "no right to delete": Fault(["delete"], "policy", params={"access_key": "keeper"}, plant=user("keeper", "keeper", without=["s3:DeleteObject"])),
    "no right to abort": Fault(
        ["multipart_abort", "delete"], "policy", params={"access_key": "patient"}, plant=user("patient", "patient", without=["s3:AbortMultipartUpload"])
    ),
    "key for every bucket": Fault(["confined"], "bucket only", params={"access_key": "mighty"}, plant=user("mighty", "mighty", more=["s3:*"])),
    "bucket open to everybody": Fault(["public_access"], "public policy", plant=public),
    "rule that removes everything": Fault(["lifecycle"], "vanish", plant=removes_all),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named(site: Any, name: str) -> None:
    fault = FAULTS[name]
    certificate = str(site.ca.leaf(name, **fault.certificate)) if fault.certificate else ""
    undo = fault.plant(site) if fault.plant else None
    proxy = site.proxy(fault.before, fault.after, certificate)
    params = dict(fault.params)
    if params.pop("scheme", ""):
        params["endpoint"] = f"http://{NAME}:{proxy.port}"
    try:
        found, probes = site.ask(proxy.port, **{"prefix": prefix_of(name), **params})
    finally:
        proxy.close()
        if undo:
            undo()
        sweep(site, name)
    assert found == fault.expected, {one: (probes[one]["evidence"], probes[one]["remedy"]) for one in {*found, *fault.expected} if one in probes}
    assert fault.words in probes[found[0]]["remedy"]
    assert all(probes[one]["remedy"] for one in found)


def prefix_of(name: str) -> str:
    return f".onprem-wandb-check/{name.replace(' ', '-')}"


def sweep(site: Any, name: str) -> None:
    """What a check may not delete, the test does."""
    root = site.minio.admin().root
    for entry in root.list_objects(bucket_name=BUCKET, prefix=prefix_of(name) + "/", recursive=True):
        root.remove_object(bucket_name=BUCKET, object_name=entry.object_name)


@pytest.mark.parametrize("way", ["through a proxy", "with an intermediate"])
@pytest.mark.parametrize("turn", range(5))
def test_a_good_site_has_no_finding_and_nothing_is_left(site: Any, way: str, turn: int) -> None:
    certificate = str(site.ca.leaf("chain", intermediate="sent")) if "intermediate" in way else ""
    proxy = site.proxy(certificate=certificate)
    try:
        found, probes = site.ask(proxy.port)
    finally:
        proxy.close()
    assert found == []
    assert {one for one, probe in probes.items() if probe["verdict"] not in ("pass",)} == {"tls_public", "large"}
    left = list(site.minio.admin().root.list_objects(bucket_name=BUCKET, recursive=True, include_version=True))
    assert left == []


def test_enough_faults_are_planted() -> None:
    assert len(FAULTS) >= 40


def test_an_interrupted_check_is_cleaned_by_the_next(site: Any) -> None:
    """The proxy dies in the middle; the next run finds what was left and removes it."""
    count = 0

    def dies(wanted: Request) -> Reply | None:
        nonlocal count
        count += 1
        return refuse(503, "SlowDown") if count > 40 else None

    proxy = site.proxy(dies)
    site.ask(proxy.port)
    proxy.close()
    root = site.minio.admin().root
    assert list(root.list_objects(bucket_name=BUCKET, recursive=True))
    proxy = site.proxy()
    found, probes = site.ask(proxy.port)
    proxy.close()
    assert found == []
    assert probes["leftovers"]["evidence"]["removed"] > 0
    assert not list(root.list_objects(bucket_name=BUCKET, recursive=True))


def test_the_port_of_nobody_is_free() -> None:
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", 1)) != 0
