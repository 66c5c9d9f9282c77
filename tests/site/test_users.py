# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of the site: a browser that sees runs and loads their files, and the playbook accept with W&B's own SDK, each also where it has to fail."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import http.server
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from browser import Browser, Refused, window
from conftest import TOP, Lab, serving, until
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from test_sdk import PYTHON, run_sdk

KEY = "local-" + "5eed" * 10
TRAINER, ITS_PYTHON = "node2", "/opt/training/bin/python"
LOAD = "return fetch(arguments[0]).then(r => r.text().then(t => [r.status, t]), e => [0, String(e)])"
CURVES = """return [...document.querySelectorAll('.run')].map(
    r => [r.querySelector('b').textContent, [...r.querySelectorAll('polyline')].map(p => p.points.length)])"""


def accept(lab: Lab, place: pathlib.Path, *talk: str, **variables: Any) -> tuple[int, dict[str, dict[str, str]], str]:
    """One run: its end, its rows by their number, and what was printed."""
    report = place / "accept.json"
    given = {"accept_json": str(report), "accept_controller_python": str(PYTHON), **variables}
    code, output = lab.try_play("accept.yml", talk=talk, **given)
    rows = json.loads(report.read_text(encoding="utf-8"))["rows"] if report.is_file() else []
    return code, {row["id"]: row for row in rows}, output


def failing(rows: dict[str, dict[str, str]]) -> list[str]:
    """Rows that say what is wrong, and not only that a question behind it was not asked."""
    return [number for number, row in rows.items() if row["result"] == "fail" and "not asked, because" not in row["measured"]]


# --- A browser --------------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three runs, as the demo leaves them; where they are."""
    run_sdk(lab, tmp_path_factory.mktemp("demo"), str(TOP / "lab/standin/sdk/demo.py"), "rates")
    return f"https://wandb.{lab.name}.test/standin/rates"


@pytest.fixture(scope="module")
def browser(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Of a user who has the site's CA."""
    with window(tmp_path_factory.mktemp("browser"), lab.secrets / "certificates/ca.crt") as found:
        yield found


def notes(browser: Browser, runs: str) -> str:
    """The presigned URL of the file of the first run, from the run's page, on which the browser then is."""
    browser.open(runs)
    browser.open(browser.run("return document.querySelector('.run a').href"))
    return str(browser.run("return [...document.querySelectorAll('a')].find(a => a.textContent == 'notes.txt').href"))


def test_a_browser_without_the_sites_ca_refuses_its_page(lab: Lab, tmp_path: pathlib.Path) -> None:
    with window(tmp_path) as stranger, pytest.raises(Refused, match="ERR_CERT_AUTHORITY_INVALID"):
        stranger.open(f"https://wandb.{lab.name}.test/runs")


def test_a_browser_sees_the_runs_with_their_curves(browser: Browser, runs: str, pytestconfig: pytest.Config) -> None:
    browser.open(runs)
    seen = browser.run(CURVES)[:3]
    assert [name for name, _curves in seen] == ["rate 0.5", "rate 0.1", "rate 0.01"]
    assert all(len(curves) == 2 and min(curves) > 100 for _name, curves in seen), seen
    picture = browser.screenshot()
    assert picture.startswith(b"\x89PNG") and len(picture) > 10_000
    if pytestconfig.getoption("--screenshot"):
        (TOP / pytestconfig.getoption("--screenshot")).write_bytes(picture)


def test_a_page_loads_a_file_by_its_presigned_url_and_uploads_one(browser: Browser, runs: str, lab: Lab) -> None:
    status, text = browser.run(LOAD, notes(browser, runs))
    assert status == 200 and text.startswith("learning rate"), (status, text)
    browser.open(f"https://wandb.{lab.name}.test/")
    browser.run("document.getElementById('go').click()")
    said = "return document.getElementById('out').textContent"
    until(lambda: re.search("^(job|failed)", browser.run(said), re.MULTILINE) is not None, 30, "the page has uploaded its file")
    assert re.search("upload: HTTP 200, ETag .*same text.*job done", browser.run(said), re.DOTALL), browser.run(said)


# --- The bucket's CORS, before the stand-in wants a key ------------------------------------------------------------------------------------------------


@pytest.fixture
def other_origin(lab: Lab) -> Iterator[None]:
    """The bucket lets in the page of somebody else."""
    lab.play("minio.yml", minio_cors_origins=["https://other.example.com"])
    yield
    lab.play("minio.yml")
    site = lab.clients()
    until(lambda: serving(site), 120, "W&B serves")


def test_without_cors_a_page_loads_no_file_and_the_site_is_not_accepted(
    browser: Browser, runs: str, lab: Lab, other_origin: None, tmp_path: pathlib.Path
) -> None:
    status, text = browser.run(LOAD, notes(browser, runs))
    assert (status, text) == (0, "TypeError: Failed to fetch")
    code, rows, output = accept(lab, tmp_path, accept_api_key="0" * 40)
    assert code == 2 and failing(rows) == ["AC-08", "AC-09"], output[-3000:]
    assert re.search("may not load files of the bucket.*Next: ansible-playbook onprem.wandb.storage_check", rows["AC-08"]["measured"])
    assert "9 of 10 checks" in rows["AC-09"]["measured"] and "CORs" in rows["AC-09"]["measured"]


# --- accept -----------------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """pip, of an environment that has it, and beside it what an index of the site would hold."""
    place = tmp_path_factory.mktemp("wheels")
    subprocess.run([sys.executable, "-m", "venv", str(place / "venv")], check=True)
    pip = [str(place / "venv/bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wanted = ["--only-binary=:all:", "--requirement", str(TOP / "requirements/wandb.txt")]
    subprocess.run([*pip, "download", "--dest", str(place / "all"), *wanted], check=True)
    subprocess.run([*pip, "install", "--target", str(place / "site-packages"), "--python-version", "3.11", *wanted], check=True)
    for wheel in (place / "all").iterdir():
        project = place / "simple" / re.sub("[-_.]+", "-", wheel.name.split("-")[0]).lower()
        project.mkdir(parents=True, exist_ok=True)
        wheel.rename(project / wheel.name)
    return place


@pytest.fixture(scope="module")
def index(lab: Lab, wheels: pathlib.Path) -> Iterator[str]:
    """An index of packages that shows a certificate of the site's CA."""
    certificates, now = lab.secrets / "certificates", dt.datetime.now(dt.timezone.utc)
    ca = x509.load_pem_x509_certificate((certificates / "ca.crt").read_bytes())
    ca_key = serialization.load_pem_private_key((certificates / "ca.key").read_bytes(), None)
    key = issue.new_key()
    (wheels / "index.pem").write_bytes(issue.pem(issue.leaf(key, "index", ["localhost"], ca, ca_key, now, 1, client=False)) + issue.key_pem(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(wheels / "index.pem")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(wheels)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def trainer(lab: Lab, wheels: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A host of group clients with an environment for training of its own; the inventory that says so."""
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = lab.on(TRAINER, f'python3 -m venv --without-pip /opt/training && {ITS_PYTHON} -c "{where}"')
    pack = subprocess.Popen(["tar", "-C", str(wheels / "site-packages"), "-c", "."], stdout=subprocess.PIPE)
    env = {**os.environ, "CONTAINERS_CONF": str(TOP / "lab/containers.conf")}
    unpack = ["podman", "exec", "--interactive", f"{lab.name}-{TRAINER}", "tar", "-C", found.strip(), "-x", "--no-same-owner"]
    subprocess.run(unpack, stdin=pack.stdout, check=True, env=env)
    assert pack.wait() == 0
    inventory = tmp_path_factory.mktemp("inventory") / "clients.yml"
    group = {"hosts": {TRAINER: None}, "vars": {"accept_python": ITS_PYTHON}}
    inventory.write_text(json.dumps({"all": {"children": {"clients": group}}}), encoding="utf-8")
    return inventory


@pytest.fixture(scope="module")
def key(lab: Lab) -> Iterator[str]:
    """The stand-in takes this key alone, as W&B does; afterwards it is open again, as the lab has it."""
    lab.play("wandb.yml", wandb_extra_env={"GLOBAL_ADMIN_API_KEY": KEY})
    yield KEY
    # The operator lays values over those that were there: what is left out keeps its last value.
    lab.play("wandb.yml", wandb_extra_env={"GLOBAL_ADMIN_API_KEY": ""})
    site = lab.clients()
    until(lambda: serving(site), 120, "W&B serves")


def left_over(lab: Lab, key: str, project: str) -> Any:
    """Runs and artifacts of a project."""
    text = f'{{ project(name: "{project}", entityName: "standin") {{ runCount artifactCollections {{ edges {{ node {{ name }} }} }} }} }}'
    connection = lab.clients().connection()
    login = base64.b64encode(f"api:{key}".encode()).decode()
    connection.request("POST", "/graphql", json.dumps({"query": text}), {"Content-Type": "application/json", "Authorization": f"Basic {login}"})
    found = json.loads(connection.getresponse().read())["data"]["project"]
    connection.close()
    return found["runCount"], found["artifactCollections"]["edges"]


def test_check_mode_asks_and_changes_nothing(lab: Lab, key: str, tmp_path: pathlib.Path) -> None:
    code, rows, output = accept(lab, tmp_path, "--check", "--diff", accept_api_key=key)
    results = {number: row["result"] for number, row in rows.items()}
    assert code == 0 and "changed=0" in output and not re.search("changed=[1-9]", output), output
    assert [number for number, result in results.items() if result == "pass"] == ["AC-01", "AC-02", "AC-03", "AC-10"], output
    assert set(results.values()) == {"pass", "n.a."}


def test_the_site_is_accepted_from_the_controller_and_from_a_machine_that_trains(
    lab: Lab, key: str, index: str, trainer: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """The controller installs the SDK from the site's index, the host has it where the operator says."""
    talk = ("-i", str(trainer), "-vvv", "--diff")
    variables = {"accept_api_key": key, "accept_controller_python": "", "accept_index_url": index, "accept_groups": ["clients"]}
    code, rows, output = accept(lab, tmp_path, *talk, **variables)
    assert code == 0 and {row["result"] for row in rows.values()} == {"pass"}, output[-6000:]
    assert "10 of 10 checks" in rows["AC-09"]["measured"] and rows["AC-09"]["measured"].startswith(f"controller, {TRAINER}: "), rows["AC-09"]
    assert key not in output and key not in json.dumps(rows)
    assert [left_over(lab, key, project) for project in ("onprem-acceptance", "verify")] == [(0, []), (0, [])]
    assert key not in lab.on(TRAINER, "journalctl --no-pager --output cat")
    assert lab.on(TRAINER, "find /tmp /root -name 'onprem-wandb-accept*' -o -name .netrc -o -name wandb") == ""


@pytest.mark.parametrize(
    ("variables", "row", "words"),
    [
        ({"accept_api_key": "local-" + "bad0" * 10}, "AC-03", "does not take the API key.*Next: set accept_api_key"),
        ({"accept_ca_file": "other"}, "AC-02", "chain does not end at a CA.*Next: openssl s_client"),
        ({"accept_url": "https://wandb.{name}.test:444"}, "AC-02", "Nothing listens.*Next: curl"),
    ],
    ids=["wrong key", "wrong CA", "nobody there"],
)
def test_what_is_wrong_is_a_row(lab: Lab, key: str, tmp_path: pathlib.Path, variables: dict[str, str], row: str, words: str) -> None:
    other = issue.authority(issue.new_key(), "other", dt.datetime.now(dt.timezone.utc), 2)
    (tmp_path / "other.crt").write_bytes(issue.pem(other))
    given = {name: value.format(name=lab.name) if value != "other" else str(tmp_path / "other.crt") for name, value in variables.items()}
    code, rows, output = accept(lab, tmp_path, **{"accept_api_key": key, **given})
    assert code == 2 and failing(rows) == [row] and re.search(words, rows[row]["measured"]), output[-3000:]


def test_what_cannot_be_asked_is_refused_before(lab: Lab, trainer: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """All of it, of the controller and of hosts."""
    code, rows, output = accept(lab, tmp_path, accept_controller_python="", accept_groups=["trainers"])
    assert code != 0 and not rows and "Nothing was changed." in output
    for words in ("accept_api_key is empty", "accept_controller_python is empty", "accept_groups is trainers"):
        assert words in output, output[-3000:]
    code, rows, output = accept(lab, tmp_path, "-i", str(trainer), accept_groups=["clients"], accept_python="training/bin/python")
    assert code != 0 and not rows and f"{TRAINER}: accept_python is training/bin/python" in output, output[-3000:]
