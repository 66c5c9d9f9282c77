# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way in, judged; and walked, against a small server of our own."""

from __future__ import annotations

import datetime
import http.server
import threading
import time

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import ingress as way
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Finding, Prober, Remark
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.http import Response
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.wandb import wandb_site as site

NOW = datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)
CERTIFICATE = {
    "notAfter": "Jan 23 00:00:00 2027 GMT",
    "issuer": ((("countryName", "DE"),), (("commonName", "Test CA"),)),
    "subjectAltName": (("DNS", "wandb.example.com"),),
}


def test_certificate():
    assert way.judge_certificate(CERTIFICATE, NOW, 14) == {"issuer": "Test CA", "names": ["wandb.example.com"], "days_left": 61}
    with pytest.raises(Finding):
        way.judge_certificate(CERTIFICATE, NOW, 90)


def test_redirect():
    assert way.judge_redirect(Response(301, {"location": "https://w.example.com/"}, b""), "w.example.com")["status"] == 301
    assert way.judge_redirect(Response(308, {"location": "https://w.example.com:443/"}, b""), "w.example.com")


@pytest.mark.parametrize(("status", "location"), [(200, ""), (404, ""), (301, "http://w.example.com/"), (302, "https://other.example.com/")])
def test_no_redirect(status, location):
    with pytest.raises(Finding):
        way.judge_redirect(Response(status, {"location": location}, b""), "w.example.com")


@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_a_large_body_that_passes(status):
    assert way.judge_large_body(Response(status, {}, b""), 11 * way.MEGABYTE)["megabytes"] == 11.0


@pytest.mark.parametrize("status", [413, 502, 504])
def test_a_large_body_that_does_not(status):
    with pytest.raises(Finding):
        way.judge_large_body(Response(status, {}, b""), 11 * way.MEGABYTE)


@pytest.mark.parametrize("status", [200, 302, 401, 404])
def test_a_page_of_whatever_kind_is_a_page(status):
    assert way.judge_page(Response(status, {}, b"")) == {"status": status}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_ingress_with_nobody_behind_it(status):
    with pytest.raises(Finding, match="EX-24"):
        way.judge_page(Response(status, {}, b""))


def test_the_large_body_is_large():
    assert len(way.padded_query(11_000_000)) > 11_000_000


def test_resolution():
    assert way.judge_resolution("w", ["10.0.0.1", "10.0.0.2"], {"10.0.0.2"})
    assert way.judge_resolution("w", ["10.0.0.1"], set())
    with pytest.raises(Remark):
        way.judge_resolution("w", ["10.9.9.9"], {"10.0.0.1"})
    with pytest.raises(Finding):
        way.Way("nowhere.invalid", [], None, (80, 443), 1.0).resolution()


class Redirecting(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(301)
        self.send_header("Location", "https://w.example.com/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        """Be quiet."""


@pytest.fixture
def port():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def test_a_walk_names_the_address_that_fails(port):
    walk = way.Way("w.example.com", ["127.0.0.1"], None, (port, port), 2.0)
    prober = Prober(10)
    assert prober.run("reach", lambda: walk.everywhere(walk.reach))
    assert prober.run("redirect", lambda: walk.everywhere(walk.redirect))
    assert not prober.run("certificate", lambda: walk.everywhere(lambda address: walk.certificate(address, 14)))
    assert prober.results[-1]["evidence"]["address"] == "127.0.0.1"


def test_an_address_where_nothing_answers(port):
    walk = way.Way("w.example.com", ["127.0.0.1", "127.0.0.2"], None, (port, 1), 2.0)
    prober = Prober(10)
    assert not prober.run("reach", lambda: walk.everywhere(walk.reach))
    assert "refused" in prober.results[-1]["evidence"]["error"]


class Page(http.server.BaseHTTPRequestHandler):
    """The ingress of a node: behind one address is W&B, behind the other nobody, and behind the third somebody who does not answer."""

    def do_GET(self):
        address = self.server.server_address[0]
        if address == "127.0.0.3":
            time.sleep(1.0)
        self.send_response({"127.0.0.1": 200, "127.0.0.2": 503}.get(address, 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        """Be quiet."""


@pytest.fixture
def pages(tmp_path):
    """Three addresses with one port, all with a certificate that nobody signed."""
    servers, number = [], 0
    for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        server = http.server.ThreadingHTTPServer((address, number), Page)
        number = server.server_address[1]
        server.socket = site.certificate(tmp_path, "w.example.com")[1].wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
    yield number
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("addresses", "bad"), [
    (["127.0.0.1"], None),
    (["127.0.0.1", "127.0.0.2"], {"address": "127.0.0.2", "status": 503}),
    (["127.0.0.1", "127.0.0.3"], {"address": "127.0.0.3", "error": "no answer in time"}),
])  # fmt: skip
def test_the_page_is_asked_for_at_every_address(pages, addresses, bad):
    walk = way.Way("w.example.com", addresses, None, (pages, pages), 0.4)
    prober = Prober(10)
    assert prober.run("page", lambda: walk.everywhere(walk.page)) is (bad is None)
    if bad is not None:
        assert prober.results[-1]["evidence"] == bad
