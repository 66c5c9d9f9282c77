"""The mirror's content: release files, charts, apt repository, and the catalogue entries that point at them."""
from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
from pathlib import Path

from . import binaries, packages
from .cache import cached, sha256
from .config import versions
from .shell import run


def tarball(out: Path, members: dict[str, Path]) -> None:
    """A reproducible .tar.gz."""
    with out.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, source in sorted(members.items()):
            data = source.read_bytes()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))


def release_files(programs: dict[str, Path]) -> Path:
    """Directory lab/ of the mirror's files and artifacts.json with their catalogue entries. Names say `lab`: none of them is an upstream file."""
    v = versions()
    kube, containerd, cni, mysql = programs["kubernetes"], programs["containerd"], packages.cni_plugins(), packages.mysql()

    def build(out: Path) -> None:
        catalogue: dict[str, dict] = {}

        def entry(name: str, version: str, suffix: str, make, **more) -> None:
            path = out / f"{name}-{version}-lab-linux-amd64{suffix}"
            make(path)
            catalogue[name] = {"url": f"/files/lab/{path.name}", "format": suffix.lstrip(".") or "binary", "versions": {version: sha256(path)}, **more}

        def copy(source: Path):
            return lambda path: os.link(source, path) if source.stat().st_dev == out.stat().st_dev else shutil.copy(source, path)

        entry("containerd", v["containerd_version"], ".tar.gz", lambda path: tarball(path, {f"bin/{p.name}": p for p in containerd.iterdir()}))
        entry("runc", v["containerd_runc_version"], "", copy(programs["runc"] / "runc"))
        entry("cni-plugins", v["containerd_cni_plugins_version"], ".tar.gz", lambda path: tarball(path, {p.name: p for p in cni.iterdir()}))
        for name in ("kubeadm", "kubelet", "kubectl"):
            entry(name, v["kubernetes_version"], "", copy(kube / name))
        entry("helm", v["wandb_helm_version"], ".tar.gz", lambda path: tarball(path, {"linux-amd64/helm": programs["helm"] / "helm"}))
        entry("mysql", v["mysql_version"], ".tar.xz", copy(next(mysql.glob("*.tar.xz"))), strip_components=1)
        entry("minio", v["minio_version"], "", copy(programs["minio"] / "minio"), links={"/usr/local/bin/minio": "minio"})
        entry("minio-client", v["minio_version"], "", copy(programs["mc"] / "mc"), links={"/usr/local/bin/mc": "minio-client"})
        (out / "artifacts.json").write_text(json.dumps(catalogue, indent=1), encoding="utf-8")

    parts = ["files-4", json.dumps(v), *[str(path) for path in programs.values()], str(cni), str(mysql)]
    return cached("files", parts, build)


def charts(programs: dict[str, Path]) -> Path:
    """A Helm chart repository with the stand-in's charts."""
    standin = binaries.standin()

    def build(out: Path) -> None:
        for chart in (standin / "charts").glob("*.tgz"):
            shutil.copy(chart, out / chart.name)
        run(str(programs["helm"] / "helm"), "repo", "index", str(out))
    return cached("charts", [str(standin), "1"], build)


def assemble(suite: str) -> dict[str, Path]:
    """Build everything that the mirror serves: {path below the root: directory}."""
    from . import images  # needs the programs built first

    packages.host_root(suite)
    programs = binaries.build_all()
    return {
        "files": release_files(programs), "charts": charts(programs), "apt": packages.apt_repository(suite), "registry": images.storage(programs),
        "programs": programs["registry"], "dns": programs["coredns"],
    }
