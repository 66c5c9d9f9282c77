# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look at an instance: objects are read and judged, pages are asked for, measurements are kept."""

from __future__ import annotations

import ssl
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import NotPassedOnError
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.http import Endpoint, HttpError, tls_context
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.ready import rollout
from ansible_collections.onprem.wandb.plugins.module_utils._wandb import release as releases
from ansible_collections.onprem.wandb.plugins.module_utils._wandb import routes as routing
from ansible_collections.onprem.wandb.plugins.module_utils._wandb import workloads as judge
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.cluster import Cluster
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.pods import judge_nodes
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.report import Problem
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.values import values_sha256

CHECKS = ("resource", "operator", "release", "workloads", "routes", "readiness")


@dataclass
class Settings:
    """The options of the module."""

    kubeconfig: str
    context: str | None = None
    name: str = "wandb"
    namespace: str = "wandb"
    operator_namespace: str = "wandb-cr"
    operator_release: str = "operator"
    checks: t.Sequence[str] = CHECKS
    host: str | None = None
    ingress_addresses: t.Sequence[str] = ()
    ingress_port: int = 443
    ca_file: str | None = None
    validate_certs: bool = True
    wait: bool = False
    wait_timeout: float = 600
    wait_sleep: float = 2.0
    request_timeout: float = 5.0
    log_lines: int = 5


class Look:
    """One look: objects are read, judged, and what was measured is kept for the result."""

    def __init__(self, settings: Settings, cluster: Cluster, previous: Look | None = None) -> None:
        self.settings = settings
        self.cluster = cluster
        self.problems: list[Problem] = []
        self.facts: dict[str, t.Any] = {}
        self.looked_at = {"api"}
        self.newest: dict[str, t.Any] | None = previous.newest if previous else None

    def _wants(self, check: str) -> bool:
        """Whether a check was asked for; if so, it counts as done from here on."""
        wanted = check in self.settings.checks
        if wanted:
            self.looked_at.add(check)
        return wanted

    def run(self, routes_always: bool) -> Look:
        settings = self.settings
        known, resource = self.cluster.resource(settings.namespace, settings.name)
        values = ((resource or {}).get("spec") or {}).get("values") or {}
        if self._wants("resource"):
            self.problems += releases.judge_resource(known, resource, settings.namespace, settings.name)
        self.facts["resource"] = _resource_facts(known, resource)
        if self._wants("operator"):
            self._operator()
        if resource is None:
            return self
        pods = self.cluster.pods(settings.namespace) if {"release", "workloads"} & set(settings.checks) else []
        if self._wants("release"):
            self._helm_release(resource, pods)
        if self._wants("workloads"):
            self._workloads(pods)
        # Asking a site that cannot answer yet only costs time, unless somebody wants to know all.
        if routes_always or not self.problems:
            if self._wants("routes"):
                self._routes(values)
            if self._wants("readiness"):
                self._readiness(values)
        return self

    def _operator(self) -> None:
        namespace = self.settings.operator_namespace
        release = self.cluster.release(namespace, self.settings.operator_release)
        self.facts["operator"] = {"release": _operator_facts(release)}
        if release is None:
            message = "it does not exist; install it with ansible-playbook onprem.wandb.wandb"
            self.problems.append(Problem("operator", f"Helm release {namespace}/{self.settings.operator_release}", message))
            return
        self.problems += judge.judge_operator(self.cluster.workloads(namespace), self.cluster.pods(namespace), namespace)

    def _helm_release(self, resource: releases.Object, pods: t.Sequence[releases.Object]) -> None:
        self.newest = self.cluster.release(self.settings.namespace, self.settings.name, self.newest)
        self.facts["release"] = _without(self.newest, "values", "resource_version")
        found = releases.judge_release(self.newest, resource)
        self.problems += found + (judge.judge_jobs(pods) if found else [])

    def _workloads(self, pods: t.Sequence[releases.Object]) -> None:
        workloads = self.cluster.workloads(self.settings.namespace)
        mine = [item for item in workloads if releases.release_of(item) == self.settings.name]
        self.facts["workloads"] = [_without(rollout(item), "observed") for item in mine]
        found = judge.judge_workloads(workloads, pods, self.settings.name)
        # A sick node is the reason for many sick pods, and comes before them.
        self.problems += (judge_nodes(self.cluster.nodes()) if found else []) + found

    def _routes(self, values: releases.Object) -> None:
        host, problem = _host(self.settings, values)
        if problem:
            self.problems.append(problem)
            return
        ingresses = self.cluster.ingresses(self.settings.namespace)
        slices = self.cluster.endpoint_slices(self.settings.namespace)
        routes = routing.expected_routes(values)
        rules = {route: routing.judge_rule(route, ingresses, slices, host, self.settings.name) for route in routes}
        try:
            context = tls_context(self.settings.ca_file, verify=self.settings.validate_certs)
        except (OSError, ssl.SSLError) as error:
            self.problems.append(Problem("routes", f"CA file {self.settings.ca_file}", f"it cannot be used: {error}", fatal=True))
            return
        addresses = list(self.settings.ingress_addresses) or [host]
        with ThreadPoolExecutor(max_workers=min(8, len(addresses))) as pool:
            answers = list(pool.map(lambda address: self._ask(address, host, context, routes), addresses))
        self.facts["routes"] = [self._route_fact(route, rules[route], *answer) for found in answers for route, answer in zip(routes, found)]
        self.problems += _route_problems(self.facts["routes"], host, self.settings.ingress_port)

    def _ask(self, address: str, host: str, context: ssl.SSLContext, routes: t.Sequence[routing.Route]) -> list[tuple[str, t.Any, str | None]]:
        """Every route at one address: (address, response, what is wrong with it)."""
        endpoint = Endpoint(address, self.settings.ingress_port, host, context, self.settings.request_timeout)
        answers: list[tuple[str, t.Any, str | None]] = []
        dead: str | None = None
        for route in routes:
            if dead is not None:
                answers.append((address, None, dead))
                continue
            body = routing.GRAPHQL if route.method == "POST" else None
            headers = {"Content-Type": "application/json"} if body else {}
            try:
                response = endpoint.request(route.method, route.probe, headers, body)
                answers.append((address, response, routing.judge_response(route, response, host)))
            except HttpError as error:
                answers.append((address, None, str(error)))
                dead = str(error) if len(answers) == 1 else None
        endpoint.close()
        return answers

    def _route_fact(self, route: routing.Route, rule: str | None, address: str, response: t.Any, wrong: str | None) -> dict[str, t.Any]:
        return {
            "path": route.path,
            "service": f"{self.settings.name}-{route.component}",
            "port": route.port,
            "address": address,
            "request": f"{route.method} {route.probe}",
            "status": response.status if response else None,
            "component": response.headers.get(routing.STANDIN_HEADER) if response else None,
            "ok": rule is None and wrong is None,
            "problem": rule or wrong,
        }

    def _readiness(self, values: releases.Object) -> None:
        self.facts["readiness"] = []
        for service, port, path in routing.readiness_targets(values, self.settings.name):
            try:
                response = self.cluster.service(self.settings.namespace, service, port, path)
            except NotPassedOnError as error:
                self.facts["readiness"].append({"service": service, "port": port, "path": path, "status": None, "ok": False})
                self.problems.append(Problem("readiness", f"service {service}:{port}{path}", str(error)))
                continue
            problem = routing.judge_readiness(service, port, path, response)
            self.facts["readiness"].append({"service": service, "port": port, "path": path, "status": response.status, "ok": problem is None})
            if problem:
                self.problems.append(problem)


def _without(entry: releases.Object | None, *keys: str) -> dict[str, t.Any] | None:
    return None if entry is None else {key: value for key, value in entry.items() if key not in keys}


def _operator_facts(release: releases.Object | None) -> dict[str, t.Any] | None:
    """The values are the site's own and may hold secrets: told is whether they are others than before, not what they are."""
    if release is None:
        return None
    values = release.get("values") or {}
    told = {"airgapped": values.get("airgapped"), "values_sha256": values_sha256(values)}
    return {**(_without(release, "values", "resource_version") or {}), **told}


def _resource_facts(known: bool, resource: releases.Object | None) -> dict[str, t.Any]:
    if resource is None:
        return {"known": known, "exists": False}
    spec = resource.get("spec") or {}
    return {
        "known": True,
        "exists": True,
        "phase": (resource.get("status") or {}).get("phase"),
        "generation": resource["metadata"].get("generation"),
        "applied_sha256": values_sha256(applied) if (applied := releases.applied(resource)) is not None else "",
        "chart": {key: value for key, value in (spec.get("chart") or {}).items() if key in ("url", "name", "version", "path")},
        "host": ((spec.get("values") or {}).get("global") or {}).get("host"),
        "redis": _redis_facts(((spec.get("values") or {}).get("global") or {}).get("redis") or {}),
    }


def _redis_facts(redis: releases.Object) -> dict[str, t.Any]:
    """How W&B is told to reach Redis: rediss:// is params.tls, and caCertPath is the CA it then believes."""
    params = redis.get("params") or {}
    return {"host": redis.get("host"), "port": redis.get("port"), "tls": str(params.get("tls")).lower() == "true", "ca": params.get("caCertPath")}


def _host(settings: Settings, values: releases.Object) -> tuple[str, Problem | None]:
    url = settings.host or (values.get("global") or {}).get("host") or ""
    host = urlsplit(url if "//" in url else f"//{url}").hostname
    if host:
        return host, None
    return "", Problem("routes", "global.host", f"'{url}' is not the URL of W&B: set wandb_fqdn", fatal=True)


def _route_problems(facts: t.Sequence[dict[str, t.Any]], host: str, port: int) -> list[Problem]:
    """One problem per cause, with the requests that met it and the addresses at which they did."""
    grouped: dict[str, list[dict[str, t.Any]]] = {}
    everywhere: dict[str, set[str]] = {}
    for fact in facts:
        everywhere.setdefault(fact["address"], set()).add(fact["problem"] or "")
    # An address where nothing answers is one problem, not one per route.
    dead = {address: causes.copy().pop() for address, causes in everywhere.items() if len(causes) == 1 and "" not in causes}
    silent = {address for address in dead if all(fact["status"] is None for fact in facts if fact["address"] == address)}
    problems = [Problem("routes", f"https://{host} at {address}:{port}", dead[address]) for address in silent]
    for fact in facts:
        if not fact["ok"] and fact["address"] not in silent:
            grouped.setdefault(fact["problem"], []).append(fact)
    for cause, found in grouped.items():
        paths, requests, addresses = (", ".join(dict.fromkeys(fact[key] for fact in found)) for key in ("path", "request", "address"))
        problems.append(Problem("routes", f"https://{host} {paths}", f"{requests} at {addresses}: {cause}"))
    return problems
