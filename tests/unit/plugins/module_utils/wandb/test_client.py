# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""wandb_client_check against a server on loopback with one fault each, and with programs in place of the SDK. What the SDK itself meets: tests/site."""

from __future__ import annotations

import base64
import datetime as dt
import http.server
import json
import os
import pathlib
import ssl
import sys
import threading
import time
import typing as t
from collections.abc import Iterator

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Finding, Prober
from ansible_collections.onprem.wandb.plugins.module_utils._wandb import client, sdk, sdk_run
from ansible_collections.onprem.wandb.plugins.module_utils._work.wandb_client_check import ERRORS, SPEC, explain

KEY = "k" * 40
ARGUMENTS = {name: option.get("default") for name, option in SPEC.items()}


class W(http.server.ThreadingHTTPServer):
    """W&B's API as far as one question goes, and a bucket with or without CORS."""

    daemon_threads = True

    def __init__(self, certificate: pathlib.Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://localhost:{self.server_port}"
        self.status, self.body = 200, b""
        self.origin: str | None = self.url
        self.wrong_key = (401, b'{"error": "the API key is not known"}')
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    server: W

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if self.server.origin:
            self.send_header("Access-Control-Allow-Origin", self.server.origin)
            self.send_header("Access-Control-Allow-Methods", "GET, PUT")
            self.send_header("Access-Control-Allow-Headers", "*")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode():
            self.answer(*self.server.wrong_key)
        else:
            self.answer(self.server.status, self.server.body or b'{"data": {"viewer": {"username": "ada", "entity": "team"}}}')

    def do_GET(self) -> None:
        self.answer(200, b"content")

    def do_OPTIONS(self) -> None:
        self.answer(204)

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[W]:
    place, now = tmp_path_factory.mktemp("server"), dt.datetime.now(dt.timezone.utc)
    ca_key, key = issue.new_key(), issue.new_key()
    ca = issue.authority(ca_key, "ca", now, 2)
    leaf = issue.leaf(key, "w", ["localhost"], ca, ca_key, now, 60, client=False)
    (place / "all.pem").write_bytes(issue.pem(leaf) + issue.key_pem(key))
    server = W(place / "all.pem")
    server.pem = issue.pem(ca).decode()  # type: ignore[attr-defined]
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(name="healthy", autouse=True)
def fixture_healthy(server: W) -> None:
    """As every test finds it."""
    server.status, server.body, server.origin = 200, b"", server.url
    server.wrong_key = (401, b"{}")


def program(place: pathlib.Path, text: str) -> str:
    """A program in place of a Python that has the SDK."""
    path = place / "python-with-sdk"
    path.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def asked(server: W, home: pathlib.Path, check_mode: bool = True, **arguments: t.Any) -> dict[str, dict[str, t.Any]]:
    """Answers by their names. Each one that found something says what to do next."""
    given = {"url": server.url, "api_key": KEY, "ca_pem": server.pem, "python": sys.executable, "timeout": 2, **arguments}  # type: ignore[attr-defined]
    prober = Prober(60, explain, ERRORS)
    client.ask(client.client_of({**ARGUMENTS, **given}, home), prober, 60, check_mode)
    for probe in prober.results:
        assert probe["verdict"] != "fail" or "Next: " in probe["remedy"], probe
        assert KEY not in json.dumps(probe)
    return {probe["name"]: probe for probe in prober.results}


def failing(found: dict[str, dict[str, t.Any]]) -> list[str]:
    return [name for name, probe in found.items() if probe["verdict"] == "fail"]


def test_a_good_site_in_check_mode(server: W, tmp_path: pathlib.Path) -> None:
    found = asked(server, tmp_path, python=program(tmp_path, "print('0.31.0')"))
    assert failing(found) == [] and found["api_key"]["evidence"] == {"user": "ada", "entity": "team"}
    assert found["program"]["evidence"]["wandb"] == "0.31.0"
    assert found["log"]["evidence"] == {"reason": "in check mode nothing is written"} and found["clean"]["evidence"] == {"removed": 0}


@pytest.mark.parametrize("answer", [(401, b"{}"), (403, b"no"), (200, b'{"data": {"viewer": null}}'), (400, b'{"errors": []}')], ids=str)
def test_a_wrong_key(server: W, tmp_path: pathlib.Path, answer: tuple[int, bytes]) -> None:
    server.wrong_key = answer
    found = asked(server, tmp_path, python=program(tmp_path, "print(1)"), api_key="x" * 40)
    assert failing(found) == ["api_key"] and "does not take the API key" in found["api_key"]["remedy"]


def test_a_wrong_ca(server: W, tmp_path: pathlib.Path) -> None:
    found = asked(server, tmp_path, python=program(tmp_path, "print(1)"), ca_pem="")
    assert failing(found) == ["tls"] and "chain does not end at a CA" in found["tls"]["remedy"] and found["api_key"]["verdict"] == "skip"


def test_a_url_that_nobody_answers(server: W, tmp_path: pathlib.Path) -> None:
    found = asked(server, tmp_path, python=program(tmp_path, "print(1)"), url="https://localhost:1")
    assert failing(found) == ["connect"] and found["connect"]["evidence"]["port"] == 1


def test_a_name_that_does_not_resolve(server: W, tmp_path: pathlib.Path) -> None:
    assert failing(asked(server, tmp_path, python=program(tmp_path, "print(1)"), url="https://wandb.invalid")) == ["resolve"]


@pytest.mark.parametrize(("status", "body", "word"), [(200, b"<html>", "else than W&B"), (503, b"{}", "does not answer"), (200, b"[]", "else than W&B")])
def test_something_else_answers(server: W, tmp_path: pathlib.Path, status: int, body: bytes, word: str) -> None:
    server.status, server.body = status, body
    found = asked(server, tmp_path, python=program(tmp_path, "print(1)"))
    assert failing(found) == ["api_key"] and word in found["api_key"]["remedy"]


@pytest.mark.parametrize(("python", "word"), [("/nowhere/python", "No program"), ("", "Nothing says")])
def test_a_machine_without_the_sdk(server: W, tmp_path: pathlib.Path, python: str, word: str) -> None:
    found = asked(server, tmp_path, python=python)
    assert failing(found) == ["program"] and word in found["program"]["remedy"]


def test_a_python_without_the_sdk(server: W, tmp_path: pathlib.Path) -> None:
    found = asked(server, tmp_path, python=sys.executable)
    assert failing(found) == ["program"] and "No module named 'wandb'" in found["program"]["evidence"]["error"]


def test_an_index_without_the_sdk(server: W, tmp_path: pathlib.Path) -> None:
    """pip itself asks it. Its URL may hold a password."""
    machine = sdk.Sdk(server.url, KEY, "", tmp_path)
    with pytest.raises(Finding) as caught:
        machine.install(sys.executable, "http://user:hunter2@127.0.0.1:1/simple", "0.31.0", 60)
    assert "set accept_index_url" in caught.value.remedy and "hunter2" not in str(caught.value.evidence) and caught.value.evidence["wanted"] == "wandb==0.31.0"


def test_a_run_that_breaks_off(server: W, tmp_path: pathlib.Path) -> None:
    text = f"import sys\nprint('{KEY}', file=sys.stderr)\nsys.exit('CommError: {KEY} is refused') if len(sys.argv) > 3 else print(1)"
    found = asked(server, tmp_path, check_mode=False, python=program(tmp_path, text))
    assert failing(found) == ["log"] and "CommError: (key) is refused" in found["log"]["evidence"]["error"]
    assert {found[name]["verdict"] for name in (*client.PARTS, "cors", "verify")} == {"skip"}


def test_what_does_not_come_back_is_a_finding_of_its_own(server: W, tmp_path: pathlib.Path) -> None:
    one = client.client_of({**ARGUMENTS, "url": server.url, "api_key": KEY}, tmp_path)
    one.state = {"path": "team/p/r", "parts": {"metrics": "", "file": "the file's bytes are others"}}
    assert one.part("metrics") == {"run": "team/p/r"}
    for name, word in (("file", "bytes are others"), ("table", "not read back")):
        with pytest.raises(Finding) as caught:
            one.part(name)
        assert word in caught.value.evidence["error"] and "Next: ansible-playbook onprem.wandb." in caught.value.remedy


@pytest.mark.parametrize(("origin", "good"), [("own", True), ("*", True), ("https://other.example.com", False), (None, False)])
def test_cors_of_the_bucket(server: W, tmp_path: pathlib.Path, origin: str | None, good: bool) -> None:
    one = client.client_of({**ARGUMENTS, "url": server.url, "api_key": KEY, "ca_pem": server.pem, "timeout": 2}, tmp_path)  # type: ignore[attr-defined]
    one.state = {"url": f"{server.url}/bucket/file?X-Amz-Signature=1"}
    server.origin = server.url if origin == "own" else origin
    if good:
        assert one.cors()["origin"] == server.url
        return
    with pytest.raises(Finding) as caught:
        one.cors()
    assert "storage_check" in caught.value.remedy and len(caught.value.evidence["problems"]) >= 2 and "Signature" not in str(caught.value.evidence)


VERIFY = """
import sys
def check(name, text): print(name.ljust(72, "."), end=""); print(text)
check("Checking if logged in", "\\u2705")
"""


@pytest.mark.parametrize(
    ("more", "passed", "problem"),
    [
        ('check("Checking sweep creation and agent execution", "\\u2705")', "2 of 2 checks", ""),
        ('check("Checking CORs configuration of the bucket", "\\u274c\\n\\x1b[1mno valid CORs\\x1b[0m")', "1 of 2 checks", "bucket: no valid CORs"),
        ('check("Checking signed URL upload", ""); sys.exit("CommError: 500")', "1 of 2 checks", "upload: broke off: CommError: 500"),
        ("import os; os._exit(3)", "0 of 0 checks", "it said nothing"),
    ],
)
def test_wandb_verify_is_read(server: W, tmp_path: pathlib.Path, more: str, passed: str, problem: str) -> None:
    one = client.client_of({**ARGUMENTS, "url": server.url, "api_key": KEY, "python": program(tmp_path, VERIFY + more)}, tmp_path)
    if not problem:
        assert one.verify(20) == {"passed": passed}
        return
    with pytest.raises(Finding) as caught:
        one.verify(20)
    assert caught.value.evidence["passed"] == passed and problem in str(caught.value.evidence["problems"])


def test_a_newer_sdk_is_a_word_and_no_failure(server: W, tmp_path: pathlib.Path) -> None:
    text = VERIFY + 'check("Checking wandb package version is up to date", "\\u274c\\nnot supported by your local installation")'
    one = client.client_of({**ARGUMENTS, "url": server.url, "api_key": KEY, "python": program(tmp_path, text)}, tmp_path)
    with pytest.raises(Finding) as caught:
        one.verify(20)
    assert caught.value.verdict == "notice" and "not supported" in caught.value.evidence["version"]


def test_a_program_that_hangs_is_ended_with_what_it_started(server: W, tmp_path: pathlib.Path) -> None:
    text = "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"
    machine = sdk.Sdk(server.url, KEY, "", tmp_path)
    begun = time.monotonic()
    done = machine.run([sys.executable, "-c", text], 1)
    assert time.monotonic() - begun < 20 and "did not end within 1 s" in done.errors
    deadline = time.monotonic() + 5
    while running(int(done.output)):
        assert time.monotonic() < deadline, "what it started still runs"
        time.sleep(0.05)


def running(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


def test_the_key_goes_by_the_environment_and_nothing_of_the_machine_comes_along(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("WANDB_ENTITY", "somebody")
    monkeypatch.setenv("https_proxy", "http://proxy.example.com:3128")
    machine = sdk.Sdk("https://w", KEY, "/ca.pem", tmp_path)
    done = machine.run([sys.executable, "-c", "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv]))"], 20)
    assert KEY not in done.output
    environment, arguments = json.loads(done.output.replace("(key)", KEY))
    assert environment["WANDB_API_KEY"] == KEY and KEY not in str(arguments) and "WANDB_ENTITY" not in environment
    assert (environment["SSL_CERT_FILE"], environment["REQUESTS_CA_BUNDLE"], environment["HOME"]) == ("/ca.pem", "/ca.pem", str(tmp_path))
    assert environment["https_proxy"] == "http://proxy.example.com:3128"


def test_runs_of_a_program_that_broke_off_are_cleaned_up(server: W, tmp_path: pathlib.Path) -> None:
    """An id says nothing of its project, so that both are looked in."""
    for place in ("work/wandb/run-20261127_010101-own1", "tmpx/wandb/run-20261127_010102-ab-check_run", "tmpx/wandb/latest"):
        (tmp_path / place).mkdir(parents=True)
    text = "import json, sys\np = sys.argv[3]; s = json.load(open(p)); json.dump({'paths': s['paths'], 'removed': s['paths'], 'left': []}, open(p, 'w'))"
    one = client.client_of({**ARGUMENTS, "url": server.url, "api_key": KEY, "python": program(tmp_path, text)}, tmp_path)
    one.entity, one.state = "team", {"path": f"team/{client.PROJECT}/own1"}
    assert one.clean(20) == {"removed": "3 runs"}
    asked_for = json.loads((tmp_path / "clean.json").read_text(encoding="utf-8"))["paths"]
    assert asked_for == [f"team/{client.PROJECT}/own1", "team/verify/ab-check_run", f"team/{client.PROJECT}/ab-check_run"]


def test_what_cannot_be_removed_is_a_finding(server: W, tmp_path: pathlib.Path) -> None:
    one = client.client_of({**ARGUMENTS, "url": server.url, "api_key": KEY, "python": program(tmp_path, "import sys; sys.exit('CommError: no')")}, tmp_path)
    one.state = {"path": "team/p/r"}
    with pytest.raises(Finding) as caught:
        one.clean(20)
    assert caught.value.evidence["left"] == ["team/p/r"] and "CommError: no" in caught.value.evidence["error"]


def test_the_program_for_the_sdk_is_the_file_itself() -> None:
    assert sdk.source_of(sdk_run) == pathlib.Path(sdk_run.__file__).read_text(encoding="utf-8")
    assert "ansible" not in [line.split()[1].split(".")[0] for line in sdk.source_of(sdk_run).splitlines() if line.strip().startswith(("import ", "from "))]


def test_the_home_of_the_sdk_is_its_users_alone(server: W, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module makes it, and takes it away."""
    from ansible_collections.onprem.wandb.plugins.module_utils._work import wandb_client_check as work
    from ansible_collections.onprem.wandb.plugins.module_utils._work.alone import result_of

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    text = "import os, stat\nprint(oct(stat.S_IMODE(os.stat(os.environ['HOME']).st_mode)))"
    around = type("Around", (), {"check_mode": True})()
    given = {"url": server.url, "api_key": KEY, "ca_pem": server.pem, "python": program(tmp_path, text)}  # type: ignore[attr-defined]
    found = result_of(work, around, given)
    assert {probe["name"]: probe for probe in found["probes"]}["program"]["evidence"]["wandb"] == "0o700"
    assert os.listdir(tmp_path) == ["python-with-sdk"]
