# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._wandb import routes
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.http import Response
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.wandb import wandb_site as site


def route(path: str, values: t.Any = None, probe: str | None = None) -> routes.Route:
    return next(entry for entry in routes.expected_routes(values or site.VALUES) if entry.path == path and probe in (None, entry.probe))


def answer(status: int, body: str = "", **headers: str) -> Response:
    return Response(status, {key.replace("_", "-"): value for key, value in headers.items()}, body.encode())


SLICES = [site.endpoint_slice(f"wandb-{name}") for name in site.SERVICES]


def test_the_routes_of_the_reference_architecture() -> None:
    found = {(entry.path, entry.component, entry.port) for entry in routes.expected_routes(site.VALUES)}
    assert found == {
        ("/", "app", 8080),
        ("/api", "api", 8081),
        ("/graphql", "api", 8081),
        ("/graphql2", "api", 8081),
        ("/console", "console", 8082),
        ("/traces", "weave-trace", 8722),
    }


@pytest.mark.parametrize(
    ("values", "path", "component"),
    [
        ({"frontend": {"install": True}}, "/", "frontend"),
        ({"frontend": {"install": False}}, "/", "app"),
        ({"mcp-server": {"install": True}}, "/mcp", "mcp-server"),
        ({}, "/console", "console"),
    ],
)
def test_routes_follow_the_components(values: t.Any, path: str, component: str) -> None:
    assert route(path, values or {"global": {}}).component == component


def test_without_the_api_component_the_application_answers_graphql() -> None:
    found = [entry for entry in routes.expected_routes({}) if entry.probe == "/graphql"]
    assert [(entry.path, entry.component) for entry in found] == [("/", "app")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", ("wandb-app", 8080)),
        ("/runs/1", ("wandb-app", 8080)),
        ("/graphql", ("wandb-api", 8081)),
        ("/graphql2", ("wandb-api", 8081)),
        ("/graphql/x", ("wandb-api", 8081)),
        # A prefix is a path element, not a string.
        ("/graphql3", ("wandb-app", 8080)),
        ("/apiary", ("wandb-app", 8080)),
    ],
)
def test_the_longest_prefix_wins(path: str, expected: tuple[str, int]) -> None:
    assert routes.backend_of([site.ingress()], site.HOST, path) == expected


def test_a_rule_for_another_host_does_not_count() -> None:
    assert routes.backend_of([site.ingress(host="other.test")], site.HOST, "/") is None


def test_an_exact_path_beats_a_prefix() -> None:
    item = site.ingress({"/": ("wandb-app", 8080)})
    item["spec"]["rules"][0]["http"]["paths"].append({"path": "/x", "pathType": "Exact", "backend": {"service": {"name": "y", "port": {"name": "http"}}}})
    assert routes.backend_of([item], site.HOST, "/x") == ("y", "http")
    assert routes.backend_of([item], site.HOST, "/x/y") == ("wandb-app", 8080)


@pytest.mark.parametrize("entry", routes.expected_routes(site.VALUES))
def test_a_right_ingress_is_fine(entry: routes.Route) -> None:
    assert routes.judge_rule(entry, [site.ingress()], SLICES, site.HOST, "wandb") is None


@pytest.mark.parametrize(
    ("path", "ingresses", "slices", "words"),
    [
        ("/", [], SLICES, "there is no Ingress"),
        ("/", [site.ingress(host="other.test")], SLICES, f"no rule of the Ingress is for host {site.HOST}"),
        # The route is missing, and the catch-all swallows it: every request is answered, by the wrong component.
        ("/graphql", [site.ingress({"/": ("wandb-app", 8080)})], SLICES, "sends it to wandb-app:8080, expected wandb-api:8081"),
        ("/", [site.ingress({"/": ("wandb-app", 80)})], SLICES, "sends it to wandb-app:80, expected wandb-app:8080"),
        ("/", [site.ingress()], [], "the service wandb-app has no ready endpoint"),
        ("/", [site.ingress()], [site.endpoint_slice("wandb-app", ready=False)], "the service wandb-app has no ready endpoint"),
        ("/traces", [site.ingress()], [site.endpoint_slice("wandb-app")], "the service wandb-weave-trace has no ready endpoint"),
    ],
)
def test_a_wrong_ingress(path: str, ingresses: t.Any, slices: t.Any, words: str) -> None:
    assert words in (routes.judge_rule(route(path), ingresses, slices, site.HOST, "wandb") or "")


@pytest.mark.parametrize(
    ("path", "response"),
    [
        ("/", answer(200, "<html>")),
        ("/", answer(302, location="/login")),
        ("/", answer(302, location=f"https://{site.HOST}/login")),
        ("/api", answer(404, "404 page not found")),
        ("/graphql", answer(200, '{"data": {"__typename": "Query"}}')),
        ("/graphql", answer(401, '{"error": "unauthorized"}')),
        ("/console", answer(200, "")),
        ("/traces", answer(200, "{}", x_standin_component="weave-trace")),
    ],
)
def test_answers_that_are_fine(path: str, response: Response) -> None:
    assert routes.judge_response(route(path), response, site.HOST) is None


@pytest.mark.parametrize(
    ("path", "response", "words"),
    [
        ("/", answer(404, "404 page not found"), "HTTP 404, expected 200: 404 page not found"),
        ("/", answer(302, location="https://elsewhere.test/"), "redirects to another host, elsewhere.test"),
        ("/", answer(503, "no available server"), "the ingress has no backend that takes requests"),
        ("/", answer(502), "could not talk to the backend"),
        ("/api", answer(504), "did not answer"),
        ("/graphql", answer(200, "<html>the UI</html>"), "this is not a GraphQL server"),
        ("/graphql", answer(404, '{"message": "no"}'), "HTTP 404, but this is not a GraphQL server"),
        ("/graphql", answer(200, "[]"), "HTTP 200, but this is not a GraphQL server"),
        ("/console", answer(500, "panic"), "HTTP 500: panic"),
        ("/console", answer(200, "{}", x_standin_component="app"), "the component 'app' answered, expected 'console'"),
        ("/traces", answer(404), "HTTP 404, expected 200"),
    ],
)
def test_answers_that_are_not_fine(path: str, response: Response, words: str) -> None:
    assert words in (routes.judge_response(route(path), response, site.HOST) or "")


def test_an_answer_does_not_leak_a_credential() -> None:
    text = routes.judge_response(route("/console"), answer(500, "dial mysql://wandb:s3cret@db/x"), site.HOST) or ""
    assert "s3cret" not in text


def test_readiness_is_asked_of_the_components_that_are_there() -> None:
    assert routes.readiness_targets(site.VALUES, "wandb") == [("wandb-app", 8080, "/ready"), ("wandb-api", 8081, "/ready")]
    assert routes.readiness_targets({"app": {"install": False}}, "wandb") == []


def test_a_ready_component() -> None:
    assert routes.judge_readiness("wandb-app", 8080, "/ready", answer(200)) is None


def test_a_component_that_says_why_it_is_not_ready() -> None:
    body = {
        "status": "not ready",
        "component": "app",
        "checks": {"mysql": {"ok": True}, "redis": {"ok": False, "reason": "connection refused"}, "bucket": {"ok": False, "error": "s3://AK:SK@x: 403"}},
    }
    problem = routes.judge_readiness("wandb-app", 8080, "/ready", answer(503, json.dumps(body)))
    assert problem is not None
    assert problem.details == ["redis: connection refused", "bucket: s3://***@x: 403"]


def test_a_component_that_does_not_say_why() -> None:
    problem = routes.judge_readiness("wandb-app", 8080, "/ready", answer(503, "database is locked"))
    assert problem is not None
    assert problem.message == "HTTP 503, expected 200: database is locked"


def test_an_error_of_the_api_server_is_its_message() -> None:
    body = {"kind": "Status", "message": 'no endpoints available for service "wandb-app:8080"', "code": 503}
    problem = routes.judge_readiness("wandb-app", 8080, "/ready", answer(503, json.dumps(body, separators=(",", ":"))))
    assert problem is not None
    assert problem.message == 'HTTP 503, expected 200: no endpoints available for service "wandb-app:8080"'
