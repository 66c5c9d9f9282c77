# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routes of W&B: which must be there, what must answer, and whether the right one does.

The list is made from the values of the resource, not from the Ingress: an Ingress that lacks a
route must not make the check shorter.
"""

from __future__ import annotations

import json
import typing as t
from urllib.parse import urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.http import Response
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.report import Problem, masked

Object = t.Mapping[str, t.Any]

# W&B does not send it; the lab's stand-in says with it which component has answered.
STANDIN_HEADER = "x-standin-component"
GRAPHQL = json.dumps({"query": "query { __typename }"}).encode()


class Route(t.NamedTuple):
    """One prefix of the Ingress and the request that shows that its backend works."""

    path: str
    component: str
    port: int
    method: str
    probe: str
    expect: str  # health: 200; page: 2xx or 3xx; graphql: JSON; answer: anything but 5xx


def _get(values: Object, *keys: str, default: t.Any = None) -> t.Any:
    node: t.Any = values
    for key in keys:
        if not isinstance(node, t.Mapping) or key not in node:
            return default
        node = node[key]
    return node


def expected_routes(values: Object) -> list[Route]:
    """The routes of the reference architecture for the components that the resource turns on."""
    frontend = bool(_get(values, "frontend", "install", default=False))
    routes = [Route("/", "frontend" if frontend else "app", 8080, "GET", "/", "page")]
    if not frontend:
        routes.append(Route("/", "app", 8080, "GET", "/healthz", "health"))
    if _get(values, "global", "api", "enabled", default=False):
        routes += [
            Route("/api", "api", 8081, "GET", "/api/info", "answer"),
            Route("/graphql", "api", 8081, "POST", "/graphql", "graphql"),
            Route("/graphql2", "api", 8081, "POST", "/graphql2", "answer"),
        ]
    else:
        routes.append(Route("/", "frontend" if frontend else "app", 8080, "POST", "/graphql", "graphql"))
    if _get(values, "console", "install", default=True):
        routes.append(Route("/console", "console", 8082, "GET", "/console/api/healthz", "health"))
    if _get(values, "weave-trace", "install", default=False):
        routes.append(Route("/traces", "weave-trace", 8722, "GET", "/traces/health", "health"))
    if _get(values, "mcp-server", "install", default=False):
        routes.append(Route("/mcp", "mcp-server", 8080, "GET", "/mcp/health", "health"))
    return routes


def readiness_targets(values: Object, release: str) -> list[tuple[str, int, str]]:
    """Services whose own /ready says that database, queue and bucket are usable for them."""
    targets = []
    if _get(values, "app", "install", default=True):
        targets.append((f"{release}-app", 8080, "/ready"))
    if _get(values, "global", "api", "enabled", default=False):
        targets.append((f"{release}-api", 8081, "/ready"))
    return targets


def backend_of(ingresses: t.Sequence[Object], host: str, path: str) -> tuple[str, int | str | None] | None:
    """Service and port of the rule that the longest prefix selects, as an ingress controller does."""
    best: tuple[int, str, int | str | None] | None = None
    for ingress in ingresses:
        for rule in (ingress.get("spec") or {}).get("rules") or []:
            if rule.get("host") not in (host, None, ""):
                continue
            for entry in (rule.get("http") or {}).get("paths") or []:
                prefix = entry.get("path") or "/"
                exact = entry.get("pathType") == "Exact"
                stem = prefix.rstrip("/")
                if not (path == prefix if exact else stem == "" or path == stem or path.startswith(stem + "/")):
                    continue
                service = (entry.get("backend") or {}).get("service") or {}
                port = (service.get("port") or {}).get("number") or (service.get("port") or {}).get("name")
                rank = len(stem) + (1000 if exact else 0)
                if best is None or rank > best[0]:
                    best = (rank, service.get("name", ""), port)
    return None if best is None else (best[1], best[2])


def ready_endpoints(slices: t.Sequence[Object], service: str) -> int:
    """Number of addresses behind a service that take requests."""
    count = 0
    for item in slices:
        if (item["metadata"].get("labels") or {}).get("kubernetes.io/service-name") != service:
            continue
        count += sum(1 for endpoint in item.get("endpoints") or [] if (endpoint.get("conditions") or {}).get("ready", True))
    return count


def judge_rule(route: Route, ingresses: t.Sequence[Object], slices: t.Sequence[Object], host: str, release: str) -> str | None:
    """What is wrong with the way that the Ingress takes for this route, if anything."""
    wanted = (f"{release}-{route.component}", route.port)
    if not ingresses:
        return "there is no Ingress in the namespace"
    seen = backend_of(ingresses, host, route.path)
    if seen is None:
        return f"no rule of the Ingress is for host {host} and path {route.path}"
    if seen[0] != wanted[0] or (isinstance(seen[1], int) and seen[1] != wanted[1]):
        return f"the Ingress sends it to {seen[0]}:{seen[1]}, expected {wanted[0]}:{wanted[1]}"
    if ready_endpoints(slices, wanted[0]) == 0:
        return f"the service {wanted[0]} has no ready endpoint"
    return None


def judge_response(route: Route, response: Response, host: str) -> str | None:
    """What is wrong with an answer, if anything. Real W&B and the stand-in alike."""
    component = response.headers.get(STANDIN_HEADER)
    if component and component != route.component:
        return f"the component '{component}' answered, expected '{route.component}'"
    seen = f"HTTP {response.status}"
    if response.status >= 500:
        gateway = {502: "the ingress could not talk to the backend", 503: "the ingress has no backend that takes requests", 504: "the backend did not answer"}
        hint = gateway.get(response.status)
        return seen + (f" ({hint})" if hint else "") + excerpt(response)
    if route.expect == "answer":
        return None
    if route.expect == "page" and 300 <= response.status < 400:
        target = urlsplit(response.headers.get("location", ""))
        if target.hostname not in (None, host):
            return f"{seen} redirects to another host, {target.hostname}"
        return None
    if route.expect == "graphql":
        return _judge_graphql(response, seen)
    return None if 200 <= response.status < 300 else f"{seen}, expected 200{excerpt(response)}"


def _judge_graphql(response: Response, seen: str) -> str | None:
    # An unauthenticated query may be refused; but a GraphQL server refuses it in JSON.
    if response.status == 404 or not _document(response):
        return f"{seen}, but this is not a GraphQL server{excerpt(response)}"
    return None


def _document(response: Response) -> dict[str, t.Any]:
    """The JSON object of an answer; an empty one where it is something else."""
    try:
        document = json.loads(response.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def excerpt(response: Response) -> str:
    """The beginning of an answer, unless it is a page for a browser. Of an error of the API server, its message."""
    document = _document(response)
    said = str(document.get("message")) if document.get("kind") == "Status" else response.text[:400]
    text = " ".join(said.split())
    return f": {masked(text)[:160]}" if text and not text.startswith("<") else ""


def judge_readiness(service: str, port: int, path: str, response: Response) -> Problem | None:
    """The component's own word on database, queue and bucket."""
    if response.status == 200:
        return None
    message = f"HTTP {response.status}, expected 200"
    reasons = readiness_reasons(response)
    problem = Problem("readiness", f"service {service}:{port}{path}", message if reasons else message + excerpt(response))
    problem.details.extend(reasons)
    return problem


def readiness_reasons(response: Response) -> list[str]:
    """Where /ready answers in JSON, the parts that are not fine: {"database": {"ok": false, "error": "..."}} and its like."""
    document = _document(response)
    reasons = []
    for section in (document, *(value for value in document.values() if isinstance(value, dict))):
        for name, state in section.items():
            if isinstance(state, dict) and (state.get("ok") is False or state.get("ready") is False):
                why = state.get("error") or state.get("reason") or state.get("message") or "not usable"
                reasons.append(f"{name}: {masked(str(why))}")
    return reasons
