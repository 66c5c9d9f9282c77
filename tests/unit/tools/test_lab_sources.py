"""Where the lab's artifacts come from: a file server and a registry on loopback stand for upstream, skopeo is the real one."""

from __future__ import annotations

import hashlib
import http.server
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.fetch import Fetcher, Space
from lablib import cache, config, mirror, products, site_mirror, sources, upstream
from lablib.products import Product, Upstream
from lablib.shell import LabError

TOP = Path(__file__).resolve().parents[3]
TOOL = Product("tool", "tool_version", files=("tool",))
PICTURE = Product("picture", "picture_version", images=("picture",))
PLACE = "files/example.com/tool-2.0"
CONTENT = b"#!/bin/sh\necho the tool\n"


class Server:
    """Upstream: paths and what they answer."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                kind, body = outer.files.get(self.path, ("", b""))
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", kind or "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_args: Any) -> None:
                pass

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def add(self, path: str, body: bytes, kind: str = "application/octet-stream") -> str:
        self.files[path] = (kind, body)
        return "sha256:" + hashlib.sha256(body).hexdigest()

    def add_image(self, repository: str, tag: str, labels: dict[str, str]) -> None:
        """An image without layers."""
        config_text = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": labels}, "rootfs": {"type": "layers", "diff_ids": []}}).encode()
        kind = "application/vnd.oci.image.manifest.v1+json"
        digest = "sha256:" + hashlib.sha256(config_text).hexdigest()
        self.add(f"/v2/{repository}/blobs/{digest}", config_text)
        manifest = {"schemaVersion": 2, "mediaType": kind, "layers": [],
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config_text)}}
        self.add(f"/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode(), kind)


@pytest.fixture(name="server")
def fixture_server() -> Iterator[Server]:
    server = Server()
    server.add("/v2/", b"{}")
    server.add(f"/{PLACE}", CONTENT)
    server.add_image("docker.io/library/picture", "1.0", {})
    chart = server.add("/charts/thing-3.0.tgz", b"a chart")
    index = {"entries": {"thing": [{"version": "3.0", "digest": chart.split(":")[1], "urls": ["thing-3.0.tgz"]}]}}
    server.add("/charts/index.yaml", yaml.safe_dump(index).encode())
    yield server
    server.httpd.shutdown()
    server.httpd.server_close()


class Site:
    """One lab in a directory of its own, with two products and one chart."""

    def __init__(self, top: Path, patch: pytest.MonkeyPatch, server: Server) -> None:
        for module in (cache, upstream):
            patch.setattr(module, "CACHE", top / "cache")
        patch.setattr(config.Lab, "state", property(lambda _lab: top / "state"))
        patch.setattr(sources, "PRODUCTS", (TOOL, PICTURE))
        for module in (sources, upstream):
            patch.setattr(module, "CHARTS", {"thing": "thing_version"})
        (top / "cache/downloads").mkdir(parents=True)
        patch.setattr(upstream, "fetcher", lambda: Fetcher(str(top / "cache/downloads"), Space(str(top), "The disk"), retries=0))
        self.patch, self.server, self.sha256 = patch, server, hashlib.sha256(CONTENT).hexdigest()
        self.lab = config.Lab("lab", IPv4Network("198.18.0.0/24"), "bookworm")
        self.at(server.url)

    def at(self, url: str, registry: str | None = None) -> None:
        """Where upstream is."""
        catalogue = {"artifacts": {"tool": {"url": "https://example.com/tool-{version}", "versions": {"2.0": self.sha256}}},
                     "images": {"picture": "docker.io/library/picture:{version}"}}
        variables = {"tool_version": "2.0", "picture_version": "1.0", "thing_version": "3.0"}
        self.patch.setattr(Upstream, "from_env", classmethod(lambda cls: cls(variables, catalogue, url, registry or url)))

    def choose(self, how: str = "auto") -> sources.Sources:
        self.patch.setenv("LAB_SOURCE", how)
        return sources.choose(self.lab, sources.mode())

    def boot(self) -> None:
        """What `lab up` leaves."""
        sources.record(self.lab, self.choose(), {}, [])
        (self.lab.state / "ssh").mkdir()
        (self.lab.state / "ssh/known_hosts").touch()


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Site:
    return Site(tmp_path, monkeypatch, server)


@pytest.mark.parametrize("how", ["auto", "upstream"])
def test_what_upstream_has_is_served_under_its_name(site: Site, tmp_path: Path, how: str) -> None:
    found = site.choose(how)
    assert (set(found.brought), found.built, found.no_charts) == ({"tool", "picture"}, {}, "")
    built = tmp_path / "built"
    built.mkdir()
    (built / "artifacts.json").write_text("{}", encoding="utf-8")
    tree = mirror.tree(built, list(found.brought.values()))
    assert [str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()] == ["example.com/tool-2.0"]
    assert (tree / "example.com/tool-2.0").read_bytes() == CONTENT
    sources.record(site.lab, found, {}, [])
    told = json.loads((site.lab.state / "sources.json").read_text(encoding="utf-8"))
    assert told["versions"] == {"tool_version": "2.0", "picture_version": "1.0"}
    rows = [row[:3] for row in told["artifacts"]]
    assert rows == [["tool", "2.0", "upstream"], ["docker.io/library/picture", "1.0", "upstream"], ["chart thing", "3.0", "upstream"]]
    assert "3 from upstream, 0 built here" in sources.status(site.lab)
    assert "closed and need a licence" in sources.status(site.lab)


def test_what_was_fetched_once_needs_no_upstream(site: Site) -> None:
    site.choose()
    site.server.asked.clear()
    assert set(site.choose().brought) == {"tool", "picture"}
    assert site.server.asked == []


def test_one_product_may_be_built_while_another_is_not(site: Site) -> None:
    del site.server.files["/v2/docker.io/library/picture/manifests/1.0"]
    found = site.choose()
    assert set(found.brought) == {"tool"}
    assert "image docker.io/library/picture:1.0: 127.0.0.1" in found.built["picture"]
    assert "did not hand it out" in found.built["picture"]
    with pytest.raises(LabError, match=r"image docker.io/library/picture:1.0.*LAB_SOURCE=auto"):
        site.choose("upstream")


def test_a_wrong_checksum_is_refused_and_never_built_around(site: Site) -> None:
    site.sha256 = "0" * 64
    site.at(site.server.url)
    for how in ("auto", "upstream"):
        with pytest.raises(LabError, match=r"tool 2\.0: .*wrong checksum: expected sha256 0{64}, got [0-9a-f]{64}"):
            site.choose(how)


def test_a_host_that_does_not_answer(site: Site) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    site.at(url)
    found = site.choose()
    assert found.brought == {}
    assert found.built["tool"] == f"{url[7:]} could not be reached (Connection refused)"
    assert found.no_charts.startswith(url[7:])
    with pytest.raises(LabError, match=rf"tool 2\.0: {url}/files/example.com/tool-2\.0 could not be fetched"):
        site.choose("upstream")


def test_a_host_that_says_nothing_costs_little() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        assert upstream.probe({host: f"http://{host}/"}, 0.2) in ({host: "did not answer within 0.2 s"}, {host: "could not be reached (timed out)"})


@pytest.mark.parametrize(
    ("path", "status", "fine"), [("/v2/", 401, True), ("/v2/", 404, False), ("/file", 404, True), ("/file", 403, False), ("/file", 503, False)]
)
def test_a_no_is_final(path: str, status: int, fine: bool) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(status)

        def log_message(self, *_args: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.handle_request, daemon=True).start()
        why = upstream.probe({"host": f"http://127.0.0.1:{httpd.server_port}{path}"})["host"]
    assert (why == "") is fine
    assert fine or f"answered {status}" in why


def test_building_asks_nobody(site: Site) -> None:
    assert site.choose("build").built == {"tool": "LAB_SOURCE=build", "picture": "LAB_SOURCE=build"}
    assert site.server.asked == []


def test_an_image_that_a_lab_built_is_not_upstreams(site: Site) -> None:
    site.server.add_image("docker.io/library/picture", "1.0", {config.LABEL: "built here"})
    assert "a lab built" in site.choose().built["picture"]


@pytest.mark.parametrize(("booted", "other"), [("upstream", "build"), ("build", "upstream")])
def test_a_lab_with_hosts_keeps_its_sources(site: Site, booted: str, other: str) -> None:
    url = site.server.url
    site.at(url if booted == "upstream" else "http://127.0.0.1:1")
    site.boot()
    site.at(url)
    assert set(site.choose().brought) == ({"tool", "picture"} if booted == "upstream" else set())
    with pytest.raises(LabError, match="lab/lab down"):
        site.choose(other)


def test_what_is_built_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    (tmp_path / "runc").write_bytes(b"built")
    built = mirror.release_files({"runc": tmp_path}, ["runc"])
    entries = json.loads((built / "artifacts.json").read_text(encoding="utf-8"))
    assert list(entries) == ["runc"]
    assert entries["runc"]["url"].startswith("/files/lab/")
    assert "-lab-" in entries["runc"]["url"]
    assert sources._built_rows(entries, ["docker.io/library/picture:1.0"])[1][:3] == ["docker.io/library/picture", "1.0", "built"]


def test_every_product_has_a_version_to_build_and_one_to_fetch() -> None:
    built, site = config.versions(), Upstream(products.defaults(), products._catalogue.load())
    for product in products.PRODUCTS:
        assert built[product.variable]
        wanted = site.wanted(product)
        assert len(wanted.files) + len(wanted.images) > 0
        assert all(entry["path"].startswith("files/") for entry in wanted.files)
    assert all(image.startswith("docker.io/wandb/") for image in site.closed())


def test_the_inventory_takes_fetched_versions_from_the_lab(tmp_path: Path) -> None:
    group = tmp_path / "group_vars/all"
    group.mkdir(parents=True)
    (group / "versions.yml").write_text((TOP / "inventories/lab/group_vars/all/versions.yml").read_text(encoding="utf-8"), encoding="utf-8")
    (group / "state.yml").write_text(yaml.safe_dump({"lab_state": str(tmp_path), "ansible_connection": "local"}), encoding="utf-8")
    (tmp_path / "hosts.yml").write_text("all: {hosts: {one: {}}}", encoding="utf-8")

    def version() -> str:
        ask = ["-m", "ansible.builtin.debug", "-a", "msg='runc {{ containerd_runc_version }} mysql {{ mysql_version }}'"]
        return subprocess.run([Path(sys.executable).with_name("ansible"), "one", "-i", tmp_path, *ask], capture_output=True, text=True, check=True).stdout

    built = config.versions()
    assert f"runc {built['containerd_runc_version']} mysql {built['mysql_version']}" in version()
    (tmp_path / "sources.json").write_text(json.dumps({"versions": {"containerd_runc_version": "9.9.9"}}), encoding="utf-8")
    assert f"runc 9.9.9 mysql {built['mysql_version']}" in version()


def test_variables_of_a_site_are_read_with_their_vault(tmp_path: Path) -> None:
    path = tmp_path / "all.yml"
    path.write_text("kubernetes_version: '1.35.8'\nsite_name: x\nwandb_license: !vault |\n  $ANSIBLE_VAULT\nartifacts_overrides: {}\n", encoding="utf-8")
    assert products.extra(str(path)) == {"kubernetes_version": "1.35.8", "artifacts_overrides": {}}
    with pytest.raises(LabError, match="cannot be read"):
        products.extra(str(tmp_path / "none.yml"))
    path.write_text("- a list", encoding="utf-8")
    with pytest.raises(LabError, match="holds no variables"):
        products.extra(str(path))


def test_modes_and_addresses_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_SOURCE", "maybe")
    with pytest.raises(LabError, match="expected auto, upstream, build"):
        sources.mode()
    monkeypatch.setenv("LAB_UPSTREAM_REGISTRY", "registry:5000")
    with pytest.raises(LabError, match="LAB_UPSTREAM_REGISTRY"):
        Upstream.from_env()
    monkeypatch.setenv("LAB_UPSTREAM_REGISTRY", "")
    monkeypatch.setenv("LAB_UPSTREAM_MIRROR", "mirror")
    with pytest.raises(LabError, match="LAB_UPSTREAM_MIRROR"):
        Upstream.from_env()


def test_filling_a_mirror_leaves_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "new/a").mkdir(parents=True)
    (tmp_path / "old/a").mkdir(parents=True)
    (tmp_path / "new/a/one").write_text("new", encoding="utf-8")
    (tmp_path / "old/a/two").write_text("old", encoding="utf-8")
    site_mirror.add(tmp_path / "new", tmp_path / "old")
    assert sorted(path.name for path in (tmp_path / "old/a").iterdir()) == ["one", "two"]
