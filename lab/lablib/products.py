"""What the mirror holds, by product: all of a product has one version, so all of it comes from upstream or all of it is built."""
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.onprem.wandb.plugins.plugin_utils import _catalogue

from .config import REPO
from .shell import LabError

# Stands for a mirror while an artifact's place on the mirror is worked out.
_MIRROR = "http://mirror"


@dataclass(frozen=True)
class Product:
    """Names in the catalogue, the variable of the roles that holds the version, and what recipes/go.sh builds in its place."""

    name: str
    variable: str
    files: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    components: tuple[str, ...] = ()


PRODUCTS = (
    Product("kubernetes", "kubernetes_version", ("kubeadm", "kubelet", "kubectl"),
            ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"), ("kubernetes", "etcd")),
    Product("pause", "containerd_pause_version", images=("pause",)),
    Product("containerd", "containerd_version", ("containerd",), components=("containerd",)),
    Product("runc", "containerd_runc_version", ("runc",), components=("runc",)),
    Product("cni-plugins", "containerd_cni_plugins_version", ("cni-plugins",)),
    Product("flannel", "cni_flannel_version", images=("flannel",), components=("flannel",)),
    Product("local-path-provisioner", "storage_local_path_version", images=("local-path-provisioner",), components=("local_path",)),
    Product("busybox", "storage_busybox_version", images=("busybox",)),
    Product("traefik", "ingress_traefik_version", images=("traefik",), components=("traefik",)),
    Product("mysql", "mysql_version", ("mysql",)),
    Product("minio", "minio_version", ("minio", "minio-client"), components=("minio", "mc")),
    Product("helm", "wandb_helm_version", ("helm",)),
)
CHARTS = {"operator": "wandb_operator_chart_version", "operator-wandb": "wandb_chart_version"}
# W&B's server images are closed: a licence says who may pull them. The lab never does.
CLOSED = {
    "wandb-controller": "wandb_controller_version", "wandb-app": "wandb_server_version", "wandb-megabinary": "wandb_server_version",
    "wandb-console": "wandb_console_version", "wandb-frontend-nginx": "wandb_server_version", "wandb-anaconda2": "wandb_server_version",
    "wandb-weave-python": "wandb_server_version", "wandb-weave-trace": "wandb_server_version",
}


@dataclass(frozen=True)
class Wanted:
    """A product in the version that upstream is asked for."""

    product: Product
    version: str
    files: tuple[dict[str, Any], ...]  # name, version, url (where it is fetched), sha256, path (below the mirror's root)
    images: tuple[str, ...]  # references with tags


@dataclass(frozen=True)
class Upstream:
    """What is asked of upstream, and where: the collection's default versions unless LAB_VARS says otherwise."""

    variables: Mapping[str, Any]
    catalogue: Mapping[str, Any]
    mirror: str = ""  # LAB_UPSTREAM_MIRROR: <mirror>/files/<host>/<path> instead of https://<host>/<path>
    registry: str = ""  # LAB_UPSTREAM_REGISTRY: <registry>/<host>/<repository> instead of <host>/<repository>

    @classmethod
    def from_env(cls) -> Upstream:
        """Read LAB_VARS (a YAML file), LAB_UPSTREAM_MIRROR and LAB_UPSTREAM_REGISTRY."""
        variables = defaults() | extra(os.environ.get("LAB_VARS", ""))
        registry = os.environ.get("LAB_UPSTREAM_REGISTRY", "").rstrip("/")
        if registry and not registry.startswith(("http://", "https://")):
            raise LabError(f"LAB_UPSTREAM_REGISTRY is {registry!r}: expected https://host[:port], or http://host[:port] for a registry without TLS")
        try:
            mirror = _catalogue.check_mirror(os.environ.get("LAB_UPSTREAM_MIRROR", ""))
            catalogue = _catalogue.merge(_catalogue.load(), variables.get("artifacts_overrides"))
        except _catalogue.CatalogueError as error:
            raise LabError(str(error).replace("artifacts_mirror", "LAB_UPSTREAM_MIRROR")) from error
        return cls(variables, catalogue, mirror, registry)

    def wanted(self, product: Product) -> Wanted:
        """Addresses, checksums and image names of one product; LabError when the catalogue does not know its version."""
        version = self.variables[product.variable]
        try:
            files = tuple(self._file(name, version) for name in product.files)
            images = tuple(_catalogue.resolve_image(self.catalogue, name, version) for name in product.images)
        except _catalogue.CatalogueError as error:
            raise LabError(str(error)) from error
        return Wanted(product, version, files, images)

    def closed(self) -> list[str]:
        """Images that the operator brings himself."""
        return [_catalogue.resolve_image(self.catalogue, name, self.variables[variable]) for name, variable in CLOSED.items()]

    def _file(self, name: str, version: str) -> dict[str, Any]:
        entry = _catalogue.resolve(self.catalogue, name, version, self.mirror)
        place = _catalogue.resolve(self.catalogue, name, version, _MIRROR)["url"]
        if not place.startswith(_MIRROR + "/"):
            raise LabError(f"artifact {name} {version} has the address {place}, which no mirror can serve: expected http:// or https:// in artifacts_overrides")
        return {**{key: entry[key] for key in ("name", "version", "url", "sha256")}, "path": place.removeprefix(_MIRROR + "/").split("?")[0]}

    @property
    def chart_repository(self) -> str:
        return f"{self.mirror}/charts" if self.mirror else "https://charts.wandb.ai"

    def source_of(self, image: str) -> str:
        """Where skopeo finds an image, without a scheme."""
        return f"{self.registry.split('://')[1]}/{image}" if self.registry else image

    def registry_url(self, image: str) -> str:
        """Base URL of the API of the registry that has an image."""
        host = image.split("/")[0]
        return f"{self.registry or 'https://' + ('registry-1.docker.io' if host == 'docker.io' else host)}/v2/"


def defaults() -> dict[str, Any]:
    """The roles' defaults: what a site gets that sets nothing."""
    found: dict[str, Any] = {}
    for path in sorted((REPO / "roles").glob("*/defaults/main.yml")):
        found |= yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return found


def extra(path: str) -> dict[str, Any]:
    """Versions and artifacts_overrides of a file of variables such as a site's group_vars; what else it holds does not matter."""
    if not path:
        return {}
    try:
        found = yaml.load(Path(path).read_text(encoding="utf-8"), _Tolerant)
    except (OSError, yaml.YAMLError) as error:
        raise LabError(f"LAB_VARS names {path}, which cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise LabError(f"LAB_VARS names {path}, which holds no variables: expected a mapping such as a file of group_vars")
    return {name: value for name, value in found.items() if name.endswith("_version") or name == "artifacts_overrides"}


class _Tolerant(yaml.SafeLoader):
    """Vault's tags and their like are read as nothing: none of them is wanted here."""


_Tolerant.add_constructor(None, lambda _loader, _node: None)
