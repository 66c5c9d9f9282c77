# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects as the server applies them: ask what is there, apply, compare. PRIVATE to the collection.

By the server's own way (server-side apply): fields that others own stay theirs, fields that are no longer declared go.
"""

from __future__ import annotations

import json
import typing as t
from urllib.parse import quote

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import Api, ApiStatusError, ClusterError, status_message
from ansible_collections.onprem.wandb.plugins.module_utils._say import CORRECT

Object = dict[str, t.Any]

APPLY = "application/apply-patch+yaml"  # JSON is YAML
# What the server counts and notes by itself.
COUNTED = ("generation", "managedFields", "resourceVersion")


def title(item: t.Mapping[str, t.Any]) -> str:
    """An object in words."""
    place = f"{item['metadata']['namespace']}/" if item["metadata"].get("namespace") else ""
    return f"{item['kind']} {place}{item['metadata']['name']}"


def comparable(item: t.Mapping[str, t.Any] | None) -> Object:
    """An object without what the server counts, and without what its controllers report."""
    if not item:
        return {}
    kept = {key: value for key, value in item.items() if key != "status"}
    return {**kept, "metadata": {key: value for key, value in item["metadata"].items() if key not in COUNTED}}


def shown(item: Object, before: Object | None = None) -> str:
    """An object in a difference. Of a Secret the names of its keys, and whether a value is another one than before; never the value."""
    if item.get("kind") == "Secret":
        for part in ("data", "stringData"):
            old = (before or {}).get(part) or {}
            words = {key: "(a secret)" if before is None or old.get(key) == value else "(another secret)" for key, value in (item.get(part) or {}).items()}
            item = {**item, part: words} if words else item
    return json.dumps(item, indent=1, sort_keys=True) + "\n" if item else ""


class Objects:
    """The objects of one cluster."""

    def __init__(self, api: Api, manager: str, force: bool, check: bool) -> None:
        self.api = api
        self.query = {"fieldManager": manager, "force": "true" if force else "false", **({"dryRun": "All"} if check else {})}
        self._kinds: dict[str, dict[str, Object]] = {}

    def kind(self, version: str, name: str) -> tuple[str, Object]:
        """Where the API has a group and version, and what it says of the kind. It is asked once for each group."""
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if version not in self._kinds:
            found = self.api.get(root).get("resources") or []
            self._kinds[version] = {kind["kind"]: kind for kind in found if "/" not in kind["name"]}
        if name not in self._kinds[version]:
            raise ClusterError(f"The cluster knows no {name} in {version}. Next: kubectl --kubeconfig {self.api.path} api-resources")
        return root, self._kinds[version][name]

    def path(self, item: t.Mapping[str, t.Any]) -> str:
        """Where the API has the object."""
        root, kind = self.kind(str(item["apiVersion"]), str(item["kind"]))
        name = quote(str(item["metadata"]["name"]), safe="")
        place = f"/namespaces/{quote(str(item['metadata'].get('namespace') or 'default'), safe='')}" if kind["namespaced"] else ""
        return f"{root}{place}/{kind['name']}/{name}"

    def all(self, version: str, name: str) -> list[Object]:
        """All objects of a kind, of all namespaces."""
        root, kind = self.kind(version, name)
        return self.api.items(f"{root}/{kind['name']}")

    def apply(self, item: t.Mapping[str, t.Any]) -> tuple[Object | None, Object]:
        """The object before, and after (in check mode: as it would be)."""
        named = isinstance(item.get("metadata"), dict) and item["metadata"].get("name")
        if not named or not item.get("kind") or not item.get("apiVersion"):
            raise ClusterError(f"An object to be applied has not all of apiVersion, kind and metadata.name; it has {', '.join(sorted(item))}. {CORRECT}")
        path = self.path(item)
        before = self.api.find(path)
        answer = self.api.patch(path, APPLY, json.dumps(item).encode(), **self.query)
        if answer.status == 404 and "dryRun" in self.query:
            # Its namespace would be made a moment before.
            return before, dict(item)
        if answer.status >= 300:
            raise ApiStatusError(answer.status, status_message(answer))
        return before, json.loads(answer.body)


def apply_all(objects: Objects, items: t.Sequence[t.Mapping[str, t.Any]], done: tuple[list[str], list[dict[str, str]]]) -> None:
    """Object after object; the first that the server refuses ends it. done: takes the words for what was changed, and the differences."""
    api = objects.api
    for item in items:
        try:
            before, after = objects.apply(item)
        except ApiStatusError as error:
            place = f" -n {item['metadata']['namespace']}" if item["metadata"].get("namespace") else ""
            raise ClusterError(
                f"The Kubernetes API at {api.server} does not take {title(item)} (HTTP {error.status}): {error}."
                f" Changed before it: {', '.join(done[0]) or 'nothing'}."
                f" Next: kubectl --kubeconfig {api.path} get {item['kind'].lower()} {item['metadata']['name']}{place} -o yaml"
            ) from error
        old, new = comparable(before), comparable(after)
        if old != new:
            done[0].append(title(item))
            done[1].append({"before": shown(old), "after": shown(new, old or None), "before_header": title(item), "after_header": title(item)})
