# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the judgement reads from the cluster: few requests, none that changes anything."""

from __future__ import annotations

import base64
import gzip
import json
import typing as t
import zlib
from urllib.parse import quote

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import Api
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.http import Response

GROUP_VERSION = "apps.wandb.com/v1"
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class Cluster(Api):
    """The cluster of W&B."""

    def resource(self, namespace: str, name: str) -> tuple[bool, dict[str, t.Any] | None]:
        """Whether the cluster knows the kind, and the object."""
        found = self.find(f"/apis/{GROUP_VERSION}/namespaces/{namespace}/weightsandbiases/{name}")
        if found is not None:
            return True, found
        known = self.find(f"/apis/{GROUP_VERSION}") is not None
        return known, None

    def workloads(self, namespace: str) -> list[dict[str, t.Any]]:
        result: list[dict[str, t.Any]] = []
        for plural, kind in (("deployments", "Deployment"), ("statefulsets", "StatefulSet"), ("daemonsets", "DaemonSet")):
            # Lists do not carry the kind in their items.
            result.extend({**item, "kind": kind} for item in self.items(f"/apis/apps/v1/namespaces/{namespace}/{plural}"))
        return result

    def pods(self, namespace: str) -> list[dict[str, t.Any]]:
        return self.items(f"/api/v1/namespaces/{namespace}/pods")

    def nodes(self) -> list[dict[str, t.Any]]:
        """Nodes belong to the whole cluster: a user of the namespaces alone may not see them, and gets on without."""
        answer = self.raw("/api/v1/nodes")
        return json.loads(answer.body).get("items") or [] if answer.status == 200 else []

    def ingresses(self, namespace: str) -> list[dict[str, t.Any]]:
        return self.items(f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses")

    def endpoint_slices(self, namespace: str) -> list[dict[str, t.Any]]:
        return self.items(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices")

    def warnings(self, namespace: str) -> list[dict[str, t.Any]]:
        return self.items(f"/api/v1/namespaces/{namespace}/events", fieldSelector="type=Warning")

    def log(self, namespace: str, pod: str, container: str, previous: bool, lines: int) -> str:
        """Last lines of a container. A container that never ran has none; so has one that is gone."""
        query: dict[str, t.Any] = {"container": container, "tailLines": lines, "limitBytes": 65536}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        answer = self.raw(path, "*/*", **query, **({"previous": "true"} if previous else {}))
        if answer.status != 200 and previous:
            answer = self.raw(path, "*/*", **query)
        return answer.text if answer.status == 200 else ""

    def service(self, namespace: str, name: str, port: int, path: str) -> Response:
        """What a service answers, asked through the API server."""
        return self.raw(f"/api/v1/namespaces/{namespace}/services/{name}:{port}/proxy{quote(path)}", "*/*")

    def pod_page(self, namespace: str, pod: str, port: int, path: str) -> Response:
        """What a pod answers, also one that is not ready and therefore behind no service."""
        return self.raw(f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{quote(path)}", "*/*")

    def release(self, namespace: str, name: str, known: dict[str, t.Any] | None = None) -> dict[str, t.Any] | None:
        """The newest revision of a Helm release; `known` is returned where it still is the newest."""
        secrets = self.items(f"/api/v1/namespaces/{namespace}/secrets", _METADATA_ONLY, labelSelector=f"owner=helm,name={name}")
        if not secrets:
            return None
        newest = max(secrets, key=lambda secret: int(secret["metadata"]["labels"].get("version", 0)))["metadata"]
        if known is not None and known.get("resource_version") == newest["resourceVersion"]:
            return known
        secret = self.find(f"/api/v1/namespaces/{namespace}/secrets/{newest['name']}")
        if secret is None:
            return None
        return {**decode_release(secret["data"]["release"]), "resource_version": newest["resourceVersion"]}


def decode_release(data: str) -> dict[str, t.Any]:
    """Helm's own record of a release: base64 (of the Secret) around base64 (of Helm) around gzip around JSON."""
    try:
        packed = base64.b64decode(base64.b64decode(data))
        record = json.loads(gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed)
        metadata = (record.get("chart") or {}).get("metadata") or {}
        info = record.get("info") or {}
        return {
            "name": record.get("name"),
            "revision": record.get("version"),
            "status": info.get("status"),
            "description": info.get("description") or "",
            "updated": info.get("last_deployed") or "",
            "chart": metadata.get("name"),
            "chart_version": metadata.get("version"),
            "app_version": metadata.get("appVersion"),
            "values": record.get("config") or {},
        }
    except (ValueError, OSError, zlib.error, AttributeError) as error:
        return {"name": None, "revision": None, "status": "unreadable", "description": str(error), "updated": "", "values": {}}
