# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates from a real ACME server: both challenges, the second run, renewal, and each way it goes wrong."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import stat
from typing import Any

import pytest
from acme import Pebble, free_port
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from conftest import Site

INGRESS = {"ingress": {}}


def leaf(path: pathlib.Path) -> Any:
    return certs.load_chain(path.read_bytes())[0]


def mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_http_01_by_the_built_in_server_and_a_second_run_that_asks_nothing(site: Site, pebble: Pebble) -> None:
    given = pebble.variables(certificates_acme=INGRESS, certificates_acme_http_listen=f"127.0.0.1:{pebble.http}")
    first = site.run("--check", **given)
    assert first.code == 0, first.output
    assert not site.certificates.exists()
    first = site.run(**given)
    assert first.code == 0, first.output
    assert certs.alternative_names(leaf(site.certificates / "ingress.crt"))[0] == ["wandb.acme.test"]
    assert {mode(site.certificates / name) for name in ("ingress.key", "acme/account.key", "acme/ingress.key")} == {0o600}
    assert pebble.root_file.read_text().strip() in (site.certificates / "ca-bundle.crt").read_text()
    assert "issuer" not in (site.certificates / "minio.crt").read_text()
    before = pebble.orders()
    second = site.run(**given)
    assert second.code == 0, second.output
    assert not second.changed, second.output
    assert pebble.orders() == before


def test_http_01_by_the_directory_of_a_web_server(site: Site, pebble: Pebble, tmp_path: pathlib.Path) -> None:
    import functools
    import http.server
    import threading

    root = tmp_path / "www"
    root.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", pebble.http), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = site.run(**pebble.variables(certificates_acme=INGRESS, certificates_acme_http_directory=str(root)))
        server.shutdown()
    assert done.code == 0, done.output
    assert not [path for path in root.rglob("*") if path.is_file()]


def test_dns_01_by_a_hook_which_cleans_up(site: Site, pebble: Pebble) -> None:
    given = pebble.variables(
        certificates_acme={"ingress": {"challenge": "dns-01"}, "minio": {"challenge": "dns-01"}}, certificates_acme_hook=[str(pebble.hook())]
    )
    done = site.run(**given)
    assert done.code == 0, done.output
    assert certs.alternative_names(leaf(site.certificates / "minio.crt"))[0] == ["s3.acme.test"]
    diary = (pebble.work / "hook.log").read_text().split("\n")
    assert "present dns-01 wandb.acme.test _acme-challenge.wandb.acme.test" in diary
    assert len([line for line in diary if line.startswith("present")]) == len([line for line in diary if line.startswith("cleanup")])


def test_renewal_long_before_the_end(site: Site, pebble: Pebble) -> None:
    """A certificate of the same CA's issue that ends in 20 days is ordered again; pebble signs for 90 days, so the threshold is moved instead of the clock."""
    given = pebble.variables(certificates_acme=INGRESS, certificates_acme_http_listen=f"127.0.0.1:{pebble.http}")
    assert site.run(**given).code == 0
    first = leaf(site.certificates / "ingress.crt")
    assert not site.run(**given, certificates_renew_before=29).changed
    text = (site.certificates / "acme/ingress.crt").read_bytes()
    key, now = issue.new_key(), dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
    root_key = issue.new_key()
    root = issue.authority(root_key, "near its end", now - dt.timedelta(days=70), 90)
    near = issue.leaf(key, "x", ["wandb.acme.test"], root, root_key, now - dt.timedelta(days=70), 90, False)
    trusted = site.work / "roots.pem"
    trusted.write_bytes(pebble.root_file.read_bytes() + issue.pem(root))
    (site.certificates / "acme/ingress.crt").write_bytes(issue.pem(near))
    (site.certificates / "acme/ingress.key").write_bytes(issue.key_pem(key))
    done = site.run("--diff", **{**given, "certificates_acme_root_ca_file": str(trusted)})
    assert done.code == 0, done.output
    assert "it ends in 20 days" in done.output
    assert leaf(site.certificates / "ingress.crt").serial_number != first.serial_number
    assert text != (site.certificates / "acme/ingress.crt").read_bytes()


FAULTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing answers at port 80": (
        {"certificates_acme_http_listen": "127.0.0.1:{other}"},
        [
            "did not accept the http-01 challenge",
            "It asked http://wandb.acme.test/.well-known/acme-challenge/",
            "the request goes elsewhere",
            "Next: curl -i http://",
        ],
    ),
    "the port is taken": ({"certificates_acme_http_listen": "127.0.0.1:{taken}"}, ["the controller cannot listen there", "Address already in use"]),
    "the directory cannot be written": (
        {"certificates_acme_http_directory": "/proc/nowhere"},
        ["certificates_acme_http_directory: /proc/nowhere", "cannot be written"],
    ),
    "the record never appears": (
        {"certificates_acme_challenge": "dns-01", "certificates_acme_hook": ["/bin/true"]},
        ["did not accept the dns-01 challenge", "It asked TXT _acme-challenge.wandb.acme.test", "Next: dig +short TXT"],
    ),
    "the hook fails": (
        {"certificates_acme_challenge": "dns-01", "certificates_acme_hook": ["/bin/sh", "-c", "echo the zone is locked; exit 7"]},
        ["The hook ended with 7", "the zone is locked"],
    ),
    "there is no hook": (
        {"certificates_acme_challenge": "dns-01", "certificates_acme_hook": ["/nonexistent/hook"]},
        ["The hook could not be run", "/nonexistent/hook"],
    ),
    "the server's CA is unknown": ({"certificates_acme_ca_file": ""}, ["Its certificate is not trusted here", "certificates_acme_ca_file (now none)"]),
    "the server is away": (
        {"certificates_acme_directory_url": "https://127.0.0.1:{other}/dir"},
        ["cannot be used", "127.0.0.1:{other}/dir", "Connection refused"],
    ),
    "the URL is another one": ({"certificates_acme_directory_url": "https://127.0.0.1:{taken}/roots"}, ["cannot be used", "404"]),
    "terms not agreed": ({"certificates_acme_terms_agreed": False}, ["certificates_acme_terms_agreed is false"]),
    "no directory": ({"certificates_acme_directory_url": ""}, ["certificates_acme_directory_url is ''"]),
    "no way to answer": ({"certificates_acme_http_listen": ""}, ["http-01 needs one of certificates_acme_http_listen"]),
    "dns-01 without a hook": ({"certificates_acme_challenge": "dns-01"}, ["dns-01 needs certificates_acme_hook"]),
    "unknown challenge": ({"certificates_acme": {"ingress": {"challenge": "tls-01"}}}, ["the challenge 'tls-01'"]),
    "unknown certificate": (
        {"certificates_acme": {"ingres": {}}},
        ["certificates_acme['ingres'] is a certificate that nothing asks for. Known names: ingress"],
    ),
    "inner names": ({"certificates_acme": {"redis": {}}}, ["expected full host names"]),
    "wildcard by http": ({"certificates_acme": {"ingress": {"hosts": ["*.acme.test"]}}}, ["has a wildcard, which http-01 cannot prove"]),
    "provided as well": (
        {"certificates_provided": {"ingress": {"certificate_file": "{cert}", "private_key_file": "{cert}"}}},
        ["is in certificates_provided and in certificates_acme"],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named_and_leaves_what_was_there(site: Site, pebble: Pebble, name: str) -> None:
    changes, words = FAULTS[name]
    taken = pebble.port
    other = free_port()
    site.certificates.joinpath("acme").mkdir(parents=True)
    (site.certificates / "acme/ingress.crt").write_text("an old one")

    def fill(value: Any) -> Any:
        return value.format(other=other, taken=taken, cert="none") if isinstance(value, str) else value

    given = pebble.variables(certificates_acme=INGRESS, certificates_acme_http_listen=f"127.0.0.1:{pebble.http}")
    given.update({key: fill(value) for key, value in changes.items()})
    if "certificates_acme_http_directory" in changes:
        given["certificates_acme_http_listen"] = ""
    done = site.run(**given)
    assert done.code != 0
    for word in words:
        assert fill(word) in done.output, done.output
    assert (site.certificates / "acme/ingress.crt").read_text() == "an old one"
    assert not (site.certificates / "ingress.crt").exists()
