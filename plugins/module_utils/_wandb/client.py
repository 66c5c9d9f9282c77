# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: is W&B what its users need, asked from this machine as they do it - by W&B's own SDK, with a key."""

from __future__ import annotations

import base64
import json
import socket
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._object_store import cors
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Endpoint, request
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes import endpoint as questions
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Prober, Remark, Skipped
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.sdk import VERSION, Sdk

PROJECT = "onprem-acceptance"
VERIFY_PROJECT = "verify"  # that of `wandb verify`
PARTS = ("metrics", "table", "file", "artifact")
VIEWER = "query Viewer { viewer { username entity } }"
SITE = "Next: ansible-playbook onprem.wandb.verify -i <inventory>"
STORE = "Next: ansible-playbook onprem.wandb.storage_check -i <inventory>"


@dataclass
class Client:
    """The questions. Each is a method; its name is the probe's name."""

    endpoint: Endpoint
    sdk: Sdk
    base: str  # Python that makes an environment for the SDK of `index`; not used where sdk.python has it
    index: str
    wanted: str  # version of the SDK
    state: dict[str, t.Any] = field(default_factory=dict)  # what sdk_run.py says
    entity: str = ""

    def said(self, question: Callable[[Endpoint], Evidence], command: str) -> Evidence:
        """A question of the collection's own about an endpoint, with what can be pasted when it finds something."""
        try:
            return question(self.endpoint)
        except Finding as finding:
            raise type(finding)(f"{finding.remedy} Next: {command}", **finding.evidence) from finding

    def resolve(self) -> Evidence:
        return self.said(questions.resolve, f"getent hosts {self.endpoint.host}")

    def connect(self) -> Evidence:
        return self.said(questions.connect, f"curl --verbose --max-time 10 {self.endpoint.url}/healthz")

    def tls(self) -> Evidence:
        where = f"{self.endpoint.host}:{self.endpoint.port}"
        return self.said(questions.tls, f"openssl s_client -connect {where} -servername {self.endpoint.host} -showcerts </dev/null")

    def api_key(self) -> Evidence:
        """One small question with the key, as the SDK asks it first; W&B answers a wrong key with 401, or with nobody."""
        login = base64.b64encode(f"api:{self.sdk.key}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        answer = request(self.endpoint, "POST", "/graphql", headers, json.dumps({"query": VIEWER}).encode())
        try:
            viewer = (json.loads(answer.body).get("data") or {}).get("viewer") if answer.status == 200 else None
        except (ValueError, AttributeError):
            raise Finding(f"Something else than W&B answers there. Next: curl {self.endpoint.url}/graphql", **answer.evidence("server")) from None
        if answer.status not in (200, 400, 401, 403):
            raise Finding(f"W&B's API does not answer. {SITE}", **answer.evidence("server"))
        if not viewer:
            remedy = f"W&B does not take the API key: {self.endpoint.url}/authorize shows a user theirs. Next: set accept_api_key: <an API key of this site>"
            raise Finding(remedy, **answer.evidence())
        self.entity = str(viewer.get("entity") or viewer.get("username") or "")
        return {"user": viewer.get("username"), "entity": self.entity}

    def program(self, seconds: float, check_mode: bool) -> Evidence:
        """The SDK, where the operator says that it is, or from the site's index."""
        if self.sdk.python:
            return {"wandb": self.sdk.version(), "python": self.sdk.python}
        if not self.index:
            remedy = "Nothing says where this machine has W&B's SDK. Next: set accept_python: <path of a Python that has the package wandb>"
            raise Finding(remedy, accept_python="empty", accept_index_url="empty")
        if check_mode:
            raise Skipped("", reason="in check mode nothing is installed")
        self.sdk.install(self.base, self.index, self.wanted, seconds)
        return {"wandb": self.sdk.version(), "installed": "for this run, from the site's index"}

    def log(self, seconds: float) -> Evidence:
        """A run by the SDK; what it read back is judged part by part."""
        name = f"accepted from {socket.gethostname()}"
        self.state, done = self.sdk.own("log", {"project": PROJECT, "name": name}, seconds)
        if done.code or "parts" not in self.state:
            what = "began and broke off" if "path" in self.state else "could not begin"
            raise Finding(f"A run {what}. {SITE}", error=done.last_words())
        return {"run": self.state["path"]}

    def part(self, name: str) -> Evidence:
        """One of the things that were logged."""
        problem = self.state["parts"].get(name, "it was not read back")
        if problem:
            raise Finding(f"What was logged does not come back. {STORE if name in ('file', 'artifact') else SITE}", error=problem)
        return {"run": self.state["path"]}

    def cors(self) -> Evidence:
        """May W&B's page load the file by the URL that the SDK got, and put one there."""
        url = urlsplit(self.state.get("url") or "")
        origin = f"{urlsplit(self.endpoint.url).scheme}://{self.endpoint.netloc}"
        store = Endpoint(f"{url.scheme}://{url.netloc}", ca_file=self.endpoint.ca_file, timeout=self.endpoint.timeout)
        target = f"{url.path}?{url.query}"
        problems = []
        for method in ("GET", "PUT"):
            asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": ",".join(cors.REQUEST_HEADERS)}
            answer = request(store, "OPTIONS", target, asked)
            problems += [f"{method}: {text}" for text in cors.preflight_problems(origin, method, answer.status, answer.headers)]
        loaded = request(store, "GET", target, {"Origin": origin})
        if loaded.status != 200 or not cors.origin_allowed(origin, loaded.headers):
            allowed = loaded.headers.get("access-control-allow-origin", "absent")
            problems.append(f"the file itself: status {loaded.status}, access-control-allow-origin {allowed}")
        if problems:
            raise Finding(f"Pages of {origin} may not load files of the bucket: browsers show none. {STORE}", store=store.netloc, problems=problems)
        return {"store": store.netloc, "origin": origin}

    def verify(self, seconds: float) -> Evidence:
        """The SDK's own `wandb verify`."""
        found, done = self.sdk.verify(seconds)
        wrong = {name: text for name, text in found.items() if text}
        evidence: Evidence = {"passed": f"{len(found) - len(wrong)} of {len(found)} checks"}
        serious = [f"{name}: {text}" for name, text in wrong.items() if name != VERSION or done.code]
        if serious or done.code or not found:
            raise Finding(f"`wandb verify` does not pass. Next: wandb verify --host {self.endpoint.url}", **evidence, problems=serious or [done.last_words()])
        if wrong:
            raise Remark("", **evidence, version=wrong[VERSION])
        return evidence

    def clean(self, seconds: float) -> Evidence:
        """Delete what this machine has made, that of a run that broke off, too."""
        own = str(self.state.get("path") or "")
        ids = [name for name in self.sdk.begun() if not own.endswith(f"/{name}")]
        paths = [own] if own else []
        # An id says nothing of its project: `wandb verify` has its own, and a run of ours that broke off before it had a path is in the other.
        paths += [f"{self.entity}/{project}/{name}" for name in ids for project in (VERIFY_PROJECT, PROJECT)]
        if not paths:
            return {"removed": 0}
        state, done = self.sdk.own("clean", {"paths": paths}, seconds)
        removed, left = state.get("removed", []), state.get("left", paths)
        if done.code or left:
            remedy = f"Runs of this check are still there. Next: curl {self.endpoint.url}/{self.entity}/{VERIFY_PROJECT}"
            raise Finding(remedy, removed=len(removed), left=left, error=done.last_words() if done.code else "")
        return {"removed": f"{len(removed)} runs"}


def ask(client: Client, prober: Prober, seconds: float, check_mode: bool) -> None:
    """All questions in their order."""
    prober.run("resolve", client.resolve)
    prober.run("connect", client.connect, needs=["resolve"])
    prober.run("tls", client.tls, needs=["connect"])
    prober.run("api_key", client.api_key, needs=["tls"])
    prober.run("program", lambda: client.program(seconds, check_mode))

    def logged() -> Evidence:
        if check_mode:
            raise Skipped("", reason="in check mode nothing is written")
        return client.log(seconds)

    prober.run("log", logged, needs=["api_key", "program"])
    for name in PARTS:
        prober.run(name, lambda name=name: client.part(name), needs=["log"])  # type: ignore[misc]
    prober.run("cors", client.cors, needs=["file"])
    prober.run("verify", lambda: client.verify(seconds), needs=["log"])
    prober.run("clean", lambda: client.clean(seconds), needs=["api_key", "program"], late=True)


def client_of(params: t.Mapping[str, t.Any], home: Path) -> Client:
    """The client that a module's arguments describe. Raises ValueError for a URL that is none, OSError for certificates that are none."""
    ca_file = None
    if params["ca_pem"]:
        ca_file = str(home / "ca.crt")
        Path(ca_file).write_text(params["ca_pem"], encoding="utf-8")
    endpoint = Endpoint(params["url"], ca_file=ca_file, timeout=params["timeout"])
    endpoint.context()  # reads the certificates
    bundle = endpoint.bundle(str(home))
    sdk = Sdk(params["url"].rstrip("/"), params["api_key"], bundle if isinstance(bundle, str) else "", home, params["python"] or "")
    return Client(endpoint, sdk, params["base_python"], params["index_url"] or "", params["sdk_version"] or "")
