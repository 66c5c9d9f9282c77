"""Filling a site's own mirror: the same artifacts, the same checksums, and no hosts."""
from __future__ import annotations

import os
import shutil
from pathlib import Path

from . import binaries, images, upstream
from .products import PRODUCTS, Upstream
from .shell import LabError, run, say
from .upstream import Unavailable


def fill(target: Path) -> str:
    """Fetch everything that a site installs into target/{files,charts,registry}; what is there stays. Return what to do next."""
    site = Upstream.from_env()
    try:
        products = [upstream.bring(site.wanted(product), site) for product in PRODUCTS]
        charts = upstream.charts(site)
    except Unavailable as error:
        raise LabError(f"{error} What was fetched before stays in the cache: run it again.") from error
    fetched = [entry for product in products for entry in upstream.content(product)["images"]]
    registry = images.storage(binaries.component("registry"), [], fetched)
    for source, folder in [*((product / "files", "files") for product in products if (product / "files").is_dir()), (charts, "charts"), (registry, "registry")]:
        add(source, target / folder)
    run(str(binaries.component("helm") / "helm"), "repo", "index", str(target / "charts"))
    say(f"{target} holds {len(fetched)} images, {sum(path.is_file() for path in (target / 'files').rglob('*'))} release files and W&B's charts")
    return f"""
Serve {target} over HTTP (files/ and charts/), and {target}/registry with a registry (storage.filesystem.rootdirectory). Then, in the inventory:
  artifacts_mirror: http://mirror.example.com:8080
  containerd_registry_mirrors:
    - {{upstream: registry.k8s.io, url: "https://mirror.example.com:5000/v2/registry.k8s.io", ca_file: mirror-ca.crt}}
    (the same for docker.io and ghcr.io)
Not fetched: W&B's images, which are closed. With your licence, copy them, and what else the chart's `helm template` names, into the registry:
  """ + "\n  ".join(f"skopeo copy docker://{image} docker://mirror.example.com:5000/{image}" for image in site.closed())


def add(source: Path, target: Path) -> None:
    """Copy what target does not have. A file appears in one piece, so that a mirror in use never serves half of one."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir() or (place.is_file() and place.stat().st_size == path.stat().st_size and place.read_bytes() == path.read_bytes()):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place.with_name(place.name + ".new"))
        os.replace(place.with_name(place.name + ".new"), place)
