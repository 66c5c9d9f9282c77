"""The mirror's content: release files, charts, apt repository, images; what is built here says `lab` in its name."""
from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path

from . import binaries, images, packages
from .cache import cached, sha256
from .config import versions
from .shell import run
from .sources import Sources


def tarball(out: Path, members: dict[str, Path]) -> None:
    """A reproducible .tar.gz."""
    with out.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, source in sorted(members.items()):
            data = source.read_bytes()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))


def release_files(programs: dict[str, Path], products: Iterable[str]) -> Path:
    """Directory lab/ of the mirror's files and artifacts.json with the catalogue entries of these products. None of them is an upstream file."""
    v = versions()
    wanted = set(products)
    cni = packages.cni_plugins() if "cni-plugins" in wanted else None
    mysql = packages.mysql() if "mysql" in wanted else None

    def build(out: Path) -> None:
        catalogue: dict[str, dict] = {}

        def entry(name: str, version: str, suffix: str, make, **more) -> None:
            path = out / f"{name}-{version}-lab-linux-amd64{suffix}"
            make(path)
            catalogue[name] = {"url": f"/files/lab/{path.name}", "format": suffix.lstrip(".") or "binary", "versions": {version: sha256(path)}, **more}

        def copy(source: Path):
            return lambda path: os.link(source, path) if source.stat().st_dev == out.stat().st_dev else shutil.copy(source, path)

        if "containerd" in wanted:
            containerd = programs["containerd"]
            entry("containerd", v["containerd_version"], ".tar.gz", lambda path: tarball(path, {f"bin/{p.name}": p for p in containerd.iterdir()}))
        if "runc" in wanted:
            entry("runc", v["containerd_runc_version"], "", copy(programs["runc"] / "runc"))
        if cni:
            entry("cni-plugins", v["containerd_cni_plugins_version"], ".tar.gz", lambda path: tarball(path, {p.name: p for p in cni.iterdir()}))
        for name in ("kubeadm", "kubelet", "kubectl") if "kubernetes" in wanted else ():
            entry(name, v["kubernetes_version"], "", copy(programs["kubernetes"] / name))
        if "helm" in wanted:
            entry("helm", v["wandb_helm_version"], ".tar.gz", lambda path: tarball(path, {"linux-amd64/helm": programs["helm"] / "helm"}))
        if mysql:
            entry("mysql", v["mysql_version"], ".tar.xz", copy(next(mysql.glob("*.tar.xz"))), strip_components=1)
        if "minio" in wanted:
            entry("minio", v["minio_version"], "", copy(programs["minio"] / "minio"), links={"/usr/local/bin/minio": "minio"})
            entry("minio-client", v["minio_version"], "", copy(programs["mc"] / "mc"), links={"/usr/local/bin/mc": "minio-client"})
        (out / "artifacts.json").write_text(json.dumps(catalogue, indent=1), encoding="utf-8")

    parts = ["files-5", json.dumps(v), *sorted(wanted), *[str(path) for path in programs.values()], str(cni), str(mysql)]
    return cached("files", parts, build)


def tree(built: Path, brought: list[Path]) -> Path:
    """The mirror's files: lab/ for what was built here, <host>/<path> for what came from upstream."""
    def build(out: Path) -> None:
        for source, target in [(built, out / "lab"), *[(directory / "files", out) for directory in brought]]:
            for path in sorted(source.rglob("*")):
                if path.is_file() and path.name != "artifacts.json":
                    place = target / path.relative_to(source)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    os.link(path, place)

    return cached("tree", ["1", *[str(path) for path in (built, *brought)]], build)


def charts(programs: dict[str, Path], upstream: Path | None) -> Path:
    """A Helm chart repository with the stand-in's charts, and upstream's if there are any: their versions differ."""
    standin = binaries.standin()

    def build(out: Path) -> None:
        for chart in [*(standin / "charts").glob("*.tgz"), *(upstream.glob("*.tgz") if upstream else [])]:
            shutil.copy(chart, out / chart.name)
        run(str(programs["helm"] / "helm"), "repo", "index", str(out))
    return cached("charts", [str(standin), "1", *([str(upstream)] if upstream else [])], build)


def assemble(suite: str, sources: Sources) -> tuple[dict[str, Path], dict[str, dict], list[str]]:
    """Everything that the mirror serves: {path below the root: directory}; catalogue entries and image names of what was built here."""
    packages.host_root(suite)
    programs = binaries.build_all(sources.components)
    built = release_files(programs, sources.built)
    own = images.wanted(programs, sources.built)
    parts = {
        "files": tree(built, list(sources.brought.values())), "charts": charts(programs, sources.charts), "apt": packages.apt_repository(suite),
        "registry": images.storage(programs["registry"], own, [entry for content in sources.contents().values() for entry in content["images"]]),
        "programs": programs["registry"], "dns": programs["coredns"],
    }
    return parts, json.loads((built / "artifacts.json").read_text(encoding="utf-8")), [image.ref for image in own]
