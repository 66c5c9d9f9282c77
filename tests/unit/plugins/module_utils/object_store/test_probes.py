# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""s3_bucket_check against a server that has exactly one fault: the check names it, and nothing else."""

from __future__ import annotations

import datetime as dt
import http.server
import socket
import ssl
import threading
import types
import unicodedata
from urllib.parse import unquote

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import client, cors
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Answer, Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes import access, limits
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import Bucket
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Prober, findings
from ansible_collections.onprem.wandb.plugins.module_utils._work import s3_bucket_check
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.object_store.fake_s3 import FakeS3
from hypothesis import given, settings
from hypothesis import strategies as st

WANDB = "https://wandb.test"
# The fake speaks plain http, which the check remarks; everything else is good.
HTTP = ["tls"]

PARAMS = {
    "connect_to": "",
    "ca_file": None,
    "bucket": "wandb-files",
    "region": "us-east-1",
    "access_key": "key",
    "secret_key": "secret",
    "addressing_style": "path",
    "origins": [WANDB],
    "prefix": "check/here",
    "large_bytes": 0,
    "timeout": 5,
    "deadline": 60,
}


def check(tmp_path, write=True, params=None, **faults):
    server = FakeS3(**faults)
    defaults = {**PARAMS, "endpoint": server.url}
    try:
        prober = s3_bucket_check.ask({**defaults, **(params or {})}, str(tmp_path), write)
    finally:
        server.close()
    return server, {result["name"]: result for result in prober.results}, findings(prober.results, accepted=HTTP, strict=True)


def test_a_good_server_has_no_finding_and_nothing_is_left(tmp_path):
    server, probes, names = check(tmp_path)
    assert names == []
    assert {name for name, probe in probes.items() if probe["verdict"] != "pass"} == {"tls", "large"}
    assert server.objects == {}
    assert server.uploads == {}
    assert len(probes) == 35


def test_what_an_interrupted_run_left_is_removed_and_other_objects_stay(tmp_path):
    server, probes, names = check(
        tmp_path,
        objects={"check/here/small": b"x", "check/elsewhere/small": b"y", "artifact": b"z"},
        uploads={"old": ("check/here/multipart", {}), "foreign": ("artifact", {})},
    )
    assert names == []
    assert probes["leftovers"]["evidence"] == {"removed": 2}
    assert server.objects == {"check/elsewhere/small": b"y", "artifact": b"z"}
    assert list(server.uploads) == ["foreign"]


def test_check_mode_writes_nothing(tmp_path):
    server, probes, names = check(tmp_path, write=False)
    assert names == []
    assert "put" not in probes
    assert probes["cors_preflight"]["verdict"] == "pass"
    assert server.objects == {}


RULE = "<Rule><ID>old</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>%s</Rule>"


def test_a_rule_about_old_versions_is_none_against_the_bucket(tmp_path):
    old = RULE % "<NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration>"
    dummy, probes, names = check(tmp_path, lifecycle=old)
    assert names == []
    assert probes["lifecycle"]["evidence"] == {"rules": "old"}
    assert probes["versioning"]["evidence"] == {"versioning": "Enabled"}


def test_a_large_object_by_size(tmp_path):
    server, probes, names = check(tmp_path, params={"large_bytes": 70 * 1024 * 1024})
    assert names == []
    assert probes["large"]["evidence"] == {"bytes": 70 * 1024 * 1024, "parts": 2}
    assert server.objects == {}


class Page(http.server.BaseHTTPRequestHandler):
    """The same answer to everything, as a console or a proxy gives it."""

    status, page = 200, b""

    def do_GET(self):
        self.send_response(self.status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.page)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_GET

    def log_message(self, *arguments):
        """Be quiet."""


CONSOLE = b"<!doctype html><html><head><title>MinIO Console</title></head><body></body></html>"


@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize(
    ("status", "page", "seen"), [(200, b"", "empty"), (200, CONSOLE, "MinIO Console"), (503, b"No server\n", "No server"), (404, b"", "empty")]
)
def test_what_is_no_s3_is_called_so(tmp_path, monkeypatch, status, page, seen, style):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Other", (Page,), {"status": status, "page": page}))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        params = {**PARAMS, "endpoint": f"http://127.0.0.1:{server.server_address[1]}", "addressing_style": style}
        prober = s3_bucket_check.ask(params, str(tmp_path), True)
    finally:
        server.shutdown()
        server.server_close()
    probes = {result["name"]: result for result in prober.results}
    if style == "path":
        assert findings(prober.results, accepted=HTTP) == ["addressing"]
        assert probes["addressing"]["evidence"]["body"] == seen
        assert "not as S3" in probes["addressing"]["remedy"]


@pytest.mark.parametrize("error", client.BROKEN)
def test_an_answer_that_cannot_be_read(error):
    assert "not as S3" in client.explain(error("no element found")).remedy
    assert issubclass(error, client.ERRORS)


FAULTS = {
    "unknown key": ({"refuse": {"list_objects": (403, "InvalidAccessKeyId")}}, ["credentials"], "does not know this access key"),
    "wrong secret": ({"refuse": {"list_objects": (403, "SignatureDoesNotMatch")}}, ["credentials"], "secret key is not the server's"),
    "no bucket": ({"refuse": {"list_objects": (404, "NoSuchBucket")}}, ["credentials"], "bucket does not exist"),
    "region refused": ({"refuse": {"list_objects": (400, "AuthorizationHeaderMalformed")}}, ["credentials"], "region"),
    "other region": ({"region": "eu-west-1"}, ["region"], "eu-west-1"),
    "other region, strict": ({"region": "eu-west-1", "refuse": {"presigned_head": (400, "MissingFields")}}, ["region"], "are refused"),
    "other buckets in sight": ({"buckets": ["wandb-files", "payroll"]}, ["confined"], "sees other buckets"),
    "key for any bucket": ({"stranger": (404, "NoSuchBucket")}, ["confined"], "any bucket"),
    "a server that does not tell": ({"stranger": (404, "NoSuchBucket"), "software": "AmazonS3"}, ["confined"], "does not let an outsider tell"),
    "read-only user": ({"refuse": {"put": (403, "AccessDenied"), "create_upload": (403, "AccessDenied")}}, ["put", "presigned_put"], ""),
    "clock an hour ahead": ({"skew": 3600}, ["clock"], "chrony"),
    "clock two minutes behind": ({"skew": -120}, ["clock"], "chrony"),
    "disk full": ({"refuse": {"put": (507, "XMinioStorageFull")}}, ["put", "presigned_put"], ""),
    "no multipart": ({"refuse": {"create_upload": (501, "NotImplemented")}}, ["multipart", "multipart_abort"], ""),
    "no copy": ({"refuse": {"copy": (501, "NotImplemented")}}, ["copy"], "does not implement"),
    "no head": ({"refuse": {"head": (403, "")}}, ["head", "multipart", "presigned_head"], ""),
    "presigned PUT refused": ({"refuse": {"presigned_put": (403, "SignatureDoesNotMatch")}}, ["multipart", "presigned_put"], ""),
    "presigned GET refused": ({"refuse": {"presigned_get": (403, "SignatureDoesNotMatch")}}, ["presigned_get", "cors_response"], ""),
    "presigned redirected": ({"redirect_presigned": True}, ["multipart", "presigned_put"], ""),
    "wrong signatures accepted": ({"ignore_signature": True}, ["wrong_signature"], "wrong signature"),
    "public bucket": ({"public": True}, ["public_access"], "without any signature"),
    "range ignored": ({"ignore_range": True}, ["range"], "Range"),
    "disposition ignored": ({"ignore_disposition": True}, ["content_disposition"], "content-disposition"),
    "expiry ignored": ({"ignore_expiry": True}, ["expiry"], "ended two hours ago"),
    "no trailers": ({"trailers": False}, ["checksum_trailer"], "when_required"),
    "plus is a blank": ({"plus_is_blank": True}, ["names"], "neither decoded"),
    "blanks at the ends are cut off": ({"changes": lambda key: key.strip()}, ["names"], "list shows these objects under other names"),
    "control characters are cut out": ({"changes": lambda key: key.replace("\x85", "")}, ["names"], "list shows these"),
    "no control characters": ({"takes": lambda key: not set(key) & {"\t", "\x85"}}, ["names"], "refuses these names"),
    "no long names": ({"takes": lambda key: len(key.encode()) <= 1023}, ["names"], "refuses these names"),
    "no empty objects": ({"no_empty": True}, ["empty"], "empty object"),
    "bucket in the host name only": ({"path_style": (404, "NoSuchKey")}, ["addressing"], "virtual"),
    "sends elsewhere": ({"path_style": (301, "PermanentRedirect")}, ["addressing"], "elsewhere"),
    "rule that removes everything": ({"lifecycle": RULE % "<Expiration><Days>30</Days></Expiration>"}, ["lifecycle"], "vanish"),
    "bytes changed": ({"corrupt": True}, ["get", "presigned_get"], ""),
    "other ETag": ({"other_etag": True}, ["head"], "MD5"),
    "list without new objects": ({"hide": True}, ["list"], "not in the list"),
    "abort without effect": ({"forget_abort": True}, ["multipart_abort"], "aborted upload is still there"),
    "delete without effect": ({"keep_deleted": True}, ["delete"], "Deleted objects are still there"),
    "no CORS": ({"origin": "https://other.test"}, ["cors_preflight", "cors_response"], ""),
    "CORS for everybody": ({"origin": "*"}, ["cors_foreign"], "any origin"),
    "CORS without ETag": ({"expose": "x-amz-request-id"}, ["cors_response"], "ExposeHeaders ETag"),
    "CORS exposes nothing": ({"expose": ""}, ["cors_response"], "ExposeHeaders ETag"),
    "CORS without PUT": ({"preflight_methods": "GET, HEAD"}, ["cors_preflight"], "AllowedMethods"),
    "CORS without headers": ({"preflight_headers": "authorization"}, ["cors_preflight"], "AllowedHeaders"),
    "preflight refused": ({"preflight_status": 403}, ["cors_preflight"], "Allow the origin"),
}


@pytest.mark.parametrize(("faults", "expected", "words"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_named(tmp_path, faults, expected, words):
    dummy, probes, names = check(tmp_path, **faults)
    assert names == expected
    assert words in probes[expected[0]]["remedy"]
    assert all(probes[name]["remedy"] for name in names)


def asked_without_a_signature(question, answers):
    """The verdict about a bucket that gives these answers one after the other."""
    left = iter(answers)
    url = "/b/p/presigned?X-Amz-Signature=" + 64 * "a"
    bucket = types.SimpleNamespace(signed="p/presigned", url=lambda *_arguments: url, send=lambda *_arguments: next(left))
    prober = Prober(60, client.explain, client.ERRORS)
    prober.run("question", lambda: question(bucket))
    return prober.verdict("question")


def test_a_server_in_trouble_has_refused_nothing():
    no, broken = Answer(403, {}, b"<Code>AccessDenied</Code>"), Answer(503, {}, b"<Code>SlowDown</Code>")
    assert asked_without_a_signature(access.wrong_signature, [no]) == "pass"
    assert asked_without_a_signature(access.wrong_signature, [broken]) == "fail"
    assert asked_without_a_signature(access.public_access, [no, no]) == "pass"
    assert asked_without_a_signature(access.public_access, [broken, no]) == "fail"


def test_names_that_anybody_may_list():
    """A policy of its own (s3:ListBucket for everybody): the objects are closed, their names tell of projects and people."""
    no, names = Answer(403, {}, b"<Code>AccessDenied</Code>"), Answer(200, {}, b"<?xml version='1.0'?><ListBucketResult><Name>b</Name></ListBucketResult>")
    assert asked_without_a_signature(access.public_access, [no, names]) == "fail"


def names_told(directory, chosen, **faults):
    """What the question about names says of these, at a server with a fault."""
    server = FakeS3(**faults)
    try:
        endpoint = Endpoint(server.url)
        made = client.make_client(endpoint, "key", "secret", "us-east-1", "path", str(directory))
        prober = Prober(60, client.explain, client.ERRORS)
        prober.run("names", lambda: limits.names(Bucket(endpoint, made, "wandb-files", "check/here", [], "us-east-1"), chosen))
    finally:
        server.close()
    return prober.results[0]


def test_a_name_that_is_refused_is_a_remark_with_the_name(tmp_path):
    told = names_told(tmp_path, ["a", "tab\tx"], takes=lambda key: "\t" not in key and len(key) < 1000)
    assert (told["verdict"], told["evidence"]["names"]) == ("notice", ["'tab\\tx'", "a name of 1024 bytes"])


NAME = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\x85\u2028"), min_size=1, max_size=12)
HABITS = {
    "keeps them": lambda key: key,
    "cuts blanks off": lambda key: key.strip(),
    "decodes once too often": unquote,
    "takes lines apart": lambda key: "".join(key.splitlines()),
    "has one case": lambda key: key.lower(),
    "composes": lambda key: unicodedata.normalize("NFC", key),
}


@settings(max_examples=25, derandomize=True)
@given(chosen=st.lists(NAME, min_size=1, max_size=4, unique=True), habit=st.sampled_from(sorted(HABITS)))
def test_whatever_a_server_makes_of_a_name_is_noticed(tmp_path_factory, chosen, habit):
    keeps = HABITS[habit]
    told = names_told(tmp_path_factory.getbasetemp(), chosen, changes=keeps)
    other = [name for name in chosen if keeps(f"check/here/names/{name}") != f"check/here/names/{name}"]
    assert told["verdict"] == ("fail" if other else "pass"), told


@given(start=st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_the_longest_name_has_as_many_bytes_as_s3_takes(start):
    assert len(limits.longest(start).encode()) == limits.LONGEST and limits.longest(start).startswith(start) and limits.longest(start)[-1] == "n"


def test_nobody_listens(tmp_path):
    names = check(tmp_path, params={"endpoint": "http://127.0.0.1:1"})[2]
    assert names == ["connect"]


def test_a_name_that_does_not_resolve(tmp_path):
    dummy, probes, names = check(tmp_path, params={"endpoint": "https://s3.invalid:9000"})
    assert names == ["resolve"]
    assert "DNS record" in probes["resolve"]["remedy"]


def test_http_at_a_port_with_tls(tmp_path):
    key = issue.new_key()
    certificate = issue.authority(key, "some server", dt.datetime.now(dt.timezone.utc), 1)
    (tmp_path / "both.pem").write_bytes(issue.key_pem(key) + issue.pem(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    with socket.create_server(("127.0.0.1", 0)) as plain, context.wrap_socket(plain, server_side=True) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        probes = check(tmp_path, params={"endpoint": f"http://127.0.0.1:{server.getsockname()[1]}"})[1]
    assert probes["tls"]["verdict"] == "fail"
    assert "use https://" in probes["tls"]["remedy"]


def serve(server):
    """Answer TLS greetings until the socket is closed."""
    while True:
        try:
            server.accept()[0].close()
        except ssl.SSLError:
            continue
        except OSError:
            return


def test_tls_at_a_port_without_tls(tmp_path):
    server = FakeS3()
    try:
        probes = check(tmp_path, params={"endpoint": server.url.replace("http://", "https://")})[1]
    finally:
        server.close()
    assert probes["tls"]["verdict"] == "fail"
    assert probes["credentials"]["verdict"] == "skip"
    assert "does not speak TLS" in probes["tls"]["remedy"]


def test_no_evidence_holds_a_secret_or_a_usable_url(tmp_path):
    for faults in ({}, {"redirect_presigned": False, "refuse": {"presigned_put": (403, "AccessDenied")}}):
        probes = check(tmp_path, params={"secret_key": "xyzzysecret"}, **faults)[1]
        assert "xyzzysecret" not in str(probes)
        assert "X-Amz-Signature" not in str(probes)


@pytest.mark.parametrize("url", ["s3.test", "https://", "ftp://s3.test", "https://s3.test/path"])
def test_endpoints_that_are_none(tmp_path, url):
    with pytest.raises(ValueError, match="expected https://name:port"):
        check(tmp_path, params={"endpoint": url})


def test_browser_rules():
    allowed = {"access-control-allow-origin": WANDB, "access-control-allow-methods": "PUT", "access-control-allow-headers": "Content-MD5, Content-Type"}
    assert cors.preflight_problems(WANDB, "PUT", 204, allowed) == []
    assert cors.preflight_problems(WANDB, "GET", 200, {"access-control-allow-origin": "*"}) == []
    assert "status 403" in cors.preflight_problems(WANDB, "GET", 403, allowed)[0]
    assert cors.exposes("etag", {"access-control-expose-headers": "Date, ETag"})
    assert not cors.exposes("etag", {"access-control-expose-headers": "X-ETag"})
