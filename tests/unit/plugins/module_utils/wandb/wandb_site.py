# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A healthy W&B in objects and servers, for tests that break one thing at a time."""

from __future__ import annotations

import base64
import copy
import datetime
import gzip
import http.server
import ipaddress
import json
import ssl
import threading
import typing as t
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "wandb.example.test"
VALUES: dict[str, t.Any] = {
    "global": {"host": f"https://{HOST}", "size": "small", "api": {"enabled": True}, "mysql": {"host": "192.0.2.21", "port": 3306}},
    "console": {"install": True},
    "weave-trace": {"install": True},
    "app": {"install": True},
}
SERVICES = {"app": 8080, "api": 8081, "console": 8082, "weave-trace": 8722}


def resource(**changes: t.Any) -> dict[str, t.Any]:
    base = {
        "apiVersion": "apps.wandb.com/v1",
        "kind": "WeightsAndBiases",
        "metadata": {"name": "wandb", "namespace": "wandb", "generation": 1},
        "spec": {"chart": {"url": "https://charts.example.test", "name": "operator-wandb", "version": "0.43.8"}, "values": copy.deepcopy(VALUES)},
        "status": {"phase": "Completed"},
    }
    return {**base, **changes}


def release(**changes: t.Any) -> dict[str, t.Any]:
    base = {
        "name": "wandb",
        "revision": 3,
        "status": "deployed",
        "description": "Upgrade complete",
        "updated": "2026-11-23T10:00:00Z",
        "chart": "operator-wandb",
        "chart_version": "0.43.8",
        "app_version": "1.0.0",
        # The operator adds values of its own.
        "values": {**copy.deepcopy(VALUES), "console": {"install": True, "operator": "adds"}},
    }
    return {**base, **changes}


def workload(name: str, kind: str = "Deployment", replicas: int = 1, release_name: str = "wandb", **status: t.Any) -> dict[str, t.Any]:
    counts: dict[str, t.Any]
    if kind == "DaemonSet":
        counts = {"desiredNumberScheduled": replicas, "updatedNumberScheduled": replicas, "numberAvailable": replicas, "currentNumberScheduled": replicas}
    else:
        counts = {"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas}
    return {
        "kind": kind,
        "metadata": {"name": name, "generation": 2, "annotations": {"meta.helm.sh/release-name": release_name}},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}},
        "status": {"observedGeneration": 2, **counts, **status},
    }


def pod(owner: str, ready: bool = True, name: str | None = None, **status: t.Any) -> dict[str, t.Any]:
    return {
        "metadata": {"name": name or f"{owner}-1", "namespace": "wandb", "labels": {"app": owner}},
        "spec": {"nodeName": "node1", "containers": [{"name": "main"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"name": "main", "ready": ready, "started": True, "restartCount": 0, "state": {"running": {}}}],
            **status,
        },
    }


def node(name: str = "node1", ready: str = "True", pressure: str = "False") -> dict[str, t.Any]:
    conditions = [
        {"type": "DiskPressure", "status": pressure, "reason": "KubeletHasDiskPressure", "message": "kubelet has disk pressure"},
        {"type": "Ready", "status": ready, "reason": "KubeletReady"},
    ]
    return {"metadata": {"name": name}, "spec": {}, "status": {"conditions": conditions}}


def ingress(paths: t.Mapping[str, tuple[str, int]] | None = None, host: str = HOST) -> dict[str, t.Any]:
    paths = paths or {
        "/": ("wandb-app", 8080),
        "/api": ("wandb-api", 8081),
        "/graphql": ("wandb-api", 8081),
        "/graphql2": ("wandb-api", 8081),
        "/console": ("wandb-console", 8082),
        "/traces": ("wandb-weave-trace", 8722),
    }
    entries = [{"path": path, "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": port}}}} for path, (name, port) in paths.items()]
    return {"metadata": {"name": "wandb"}, "spec": {"ingressClassName": "traefik", "rules": [{"host": host, "http": {"paths": entries}}]}}


def endpoint_slice(service: str, ready: bool = True) -> dict[str, t.Any]:
    return {
        "metadata": {"name": f"{service}-x", "labels": {"kubernetes.io/service-name": service}},
        "endpoints": [{"addresses": ["10.244.1.9"], "conditions": {"ready": ready}}],
    }


def encoded(record: t.Mapping[str, t.Any]) -> str:
    """A release as Helm stores it, in the Secret as the API returns it."""
    document = {
        "name": record["name"],
        "version": record["revision"],
        "info": {"status": record["status"], "description": record["description"], "last_deployed": record["updated"]},
        "chart": {"metadata": {"name": record["chart"], "version": record["chart_version"], "appVersion": record["app_version"]}},
        "config": record["values"],
    }
    return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(document).encode()))).decode()


class Api:
    """What a Kubernetes API server answers: paths and documents, to be changed by a test."""

    def __init__(self) -> None:
        operator = workload("wandb-controller-manager", release_name="operator")
        self.documents: dict[str, t.Any] = {
            "/apis/apps.wandb.com/v1": {"kind": "APIResourceList"},
            "/apis/apps.wandb.com/v1/namespaces/wandb/weightsandbiases/wandb": resource(),
            "/api/v1/nodes": {"items": [node()]},
            "/apis/apps/v1/namespaces/wandb/deployments": {"items": [workload(f"wandb-{name}") for name in SERVICES]},
            "/apis/apps/v1/namespaces/wandb/statefulsets": {"items": []},
            "/apis/apps/v1/namespaces/wandb/daemonsets": {"items": []},
            "/apis/apps/v1/namespaces/wandb-cr/deployments": {"items": [operator]},
            "/apis/apps/v1/namespaces/wandb-cr/statefulsets": {"items": []},
            "/apis/apps/v1/namespaces/wandb-cr/daemonsets": {"items": []},
            "/api/v1/namespaces/wandb/pods": {"items": [pod(f"wandb-{name}") for name in SERVICES]},
            "/api/v1/namespaces/wandb-cr/pods": {"items": [pod("wandb-controller-manager")]},
            "/api/v1/namespaces/wandb/events": {"items": []},
            "/api/v1/namespaces/wandb-cr/events": {"items": []},
            "/apis/networking.k8s.io/v1/namespaces/wandb/ingresses": {"items": [ingress()]},
            "/apis/discovery.k8s.io/v1/namespaces/wandb/endpointslices": {"items": [endpoint_slice(f"wandb-{name}") for name in SERVICES]},
            "/api/v1/namespaces/wandb/services/wandb-app:8080/proxy/ready": {"status": "ready"},
            "/api/v1/namespaces/wandb/services/wandb-api:8081/proxy/ready": {"status": "ready"},
        }
        self.status: dict[str, int] = {}
        self.set_release("wandb", release())
        self.set_release("wandb-cr", release(name="operator", chart="operator", chart_version="1.4.8", revision=1, values={"airgapped": True}))

    def set_release(self, namespace: str, record: t.Mapping[str, t.Any] | None) -> None:
        base = f"/api/v1/namespaces/{namespace}/secrets"
        if record is None:
            self.documents[base] = {"items": []}
            return
        name = f"sh.helm.release.v1.{record['name']}.v{record['revision']}"
        meta = {"name": name, "resourceVersion": str(record["revision"]), "labels": {"version": str(record["revision"])}}
        older = {"name": "sh.helm.release.v1.x.v0", "resourceVersion": "0", "labels": {"version": "0"}}
        self.documents[base] = {"items": [{"metadata": older}, {"metadata": meta}]}
        self.documents[f"{base}/{name}"] = {"metadata": meta, "data": {"release": encoded(record)}}

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        path = path.partition("?")[0]
        document = self.documents.get(path)
        if document is None:
            return 404, {}, json.dumps({"kind": "Status", "message": f"{path} not found"}).encode()
        body = document if isinstance(document, str) else json.dumps(document)
        return self.status.get(path, 200), {}, body.encode()


class Ingress:
    """What a browser gets at the address of a node."""

    def __init__(self, standin: bool = False) -> None:
        self.standin = standin
        self.answers: dict[str, tuple[int, str]] = {
            "GET /": (200, "<html></html>"),
            "GET /healthz": (200, "ok"),
            "GET /api/info": (404, "404 page not found"),
            "POST /graphql": (401, '{"errors": [{"message": "unauthorized"}]}'),
            "POST /graphql2": (404, "nothing here"),
            "GET /console/api/healthz": (200, "{}"),
            "GET /traces/health": (200, "{}"),
        }
        self.headers: dict[str, dict[str, str]] = {}

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        status, text = self.answers.get(f"{method} {path}", (404, "404 page not found"))
        headers = dict(self.headers.get(f"{method} {path}", {}))
        if self.standin:
            component = {"graphql": "api", "graphql2": "api", "api": "api", "console": "console", "traces": "weave-trace"}
            headers.setdefault("X-Standin-Component", component.get(path.split("/")[1], "app"))
        return status, headers, text.encode()


@contextmanager
def serve(site: Api | Ingress, context: ssl.SSLContext | None = None) -> t.Iterator[tuple[str, int]]:
    """A real server on the loopback interface."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet per answer

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = site.answer(self.command, self.path)
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: t.Any) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield "127.0.0.1", server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def certificate(directory: t.Any, host: str = HOST, days: int = 10) -> tuple[str, ssl.SSLContext]:
    """A self-signed certificate for a name: its file, and the context of a server that uses it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=20))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    crt, pem = directory / f"{host}.crt", directory / f"{host}.key"
    crt.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, pem)
    return str(crt), context


def kubeconfig(directory: t.Any, server: str, user: t.Mapping[str, t.Any] | None = None, **cluster: t.Any) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "site",
        "contexts": [{"name": "site", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "me", "user": dict(user or {"token": "t0ken"})}],
    }
    path = directory / "kubeconfig"
    path.write_text(json.dumps(document))
    return str(path)
