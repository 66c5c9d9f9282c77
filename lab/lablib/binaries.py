"""Programs built from Go modules."""
from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from .cache import cached
from .config import CACHE, REPO, versions
from .shell import LabError, run, say

# Programs of the lab itself, which no inventory knows: the mirror's registry, the DNS server that is also the cluster's, etcd.
ETCD, COREDNS, REGISTRY, MC = "3.6.8", "1.14.2", "3.1.2", "0.0.0-20250313080218-cf909e1063a9"
OWN = ("registry", "coredns", "helm")  # built whatever comes from upstream: the mirror's services, and what the stand-in's controller calls


def environment() -> dict[str, str]:
    """Versions as the recipe wants them."""
    v = versions()
    return {
        "K8S": v["kubernetes_version"], "CONTAINERD": v["containerd_version"], "RUNC": v["containerd_runc_version"],
        "HELM": v["wandb_helm_version"], "FLANNEL": v["cni_flannel_version"], "TRAEFIK": v["ingress_traefik_version"],
        "LOCAL_PATH": v["storage_local_path_version"], "MINIO": v["minio_version"],
        "ETCD": ETCD, "COREDNS": COREDNS, "REGISTRY": REGISTRY, "MC": MC,
    }


VARIABLE = {
    "containerd": "CONTAINERD", "runc": "RUNC", "helm": "HELM", "kubernetes": "K8S", "etcd": "ETCD", "flannel": "FLANNEL", "registry": "REGISTRY",
    "coredns": "COREDNS", "local_path": "LOCAL_PATH", "traefik": "TRAEFIK", "minio": "MINIO", "mc": "MC",
}


def function_text(recipe: str, name: str) -> str:
    """The part of the recipe that builds one component, so that a change to one does not rebuild the others."""
    lines, inside = [], False
    for line in recipe.splitlines():
        if line.startswith(f"{name}()"):
            inside = True
        elif inside and line and line[0].isalpha() and "() {" in line:
            break
        if inside:
            lines.append(line)
    return "\n".join(lines)


def component(name: str) -> Path:
    """Directory that holds the programs of one component."""
    recipe = REPO / "lab/recipes/go.sh"
    text = recipe.read_text(encoding="utf-8")
    env = environment()
    logs = CACHE / "logs"

    def build(out: Path) -> None:
        say(f"building {name} {env[VARIABLE[name]]} from Go modules (log {logs}/{name}.log)")
        run("bash", str(recipe), str(out), name, env={**os.environ, **env}, log=logs / f"{name}.log")

    return cached(f"go-{name}", [function_text(text, name), env[VARIABLE[name]]], build)


def own(name: str) -> Path:
    """A program of lab/go (fileserver, pause)."""
    source = REPO / "lab/go"

    def build(out: Path) -> None:
        run("go", "build", "-trimpath", "-ldflags=-s", "-o", str(out / name), f"./{name}", cwd=source, env={**os.environ, "CGO_ENABLED": "0"})

    return cached(f"own-{name}", [source / "go.mod", source / name], build) / name


def standin() -> Path:
    """The W&B stand-in: programs and packaged charts."""
    source = REPO / "lab/standin"

    def build(out: Path) -> None:
        run("bash", str(source / "build.sh"), str(out), env={**os.environ, "HELM": str(component("helm") / "helm")}, log=CACHE / "logs/standin.log")

    return cached("standin", [source], build)


def build_all(components: Iterable[str]) -> dict[str, Path]:
    """Build these components and the lab's own; cached ones take no time."""
    found = {}
    names = list(dict.fromkeys([*OWN, *components]))
    for number, name in enumerate(names, 1):
        found[name] = component(name)
        say(f"{number} of {len(names)}: {name} {environment()[VARIABLE[name]]}")
    return found


def test_bench(mysql_tarball: Path) -> tuple[Path, Path]:
    """What the stand-in's tests run against: a directory of real programs, and a MySQL tree."""
    def build(out: Path) -> None:
        (out / "bin").mkdir()
        found = {"etcd": component("etcd"), "kube-apiserver": component("kubernetes"), "helm": component("helm"), "minio": component("minio")}
        for name, directory in found.items():
            (out / "bin" / name).symlink_to(directory / name)
        # Redis is one program with several names; redis-tools holds it and starts no service.
        (out / "bin/redis-server").symlink_to("/usr/bin/redis-check-rdb")
        with tarfile.open(mysql_tarball) as tar:
            tar.extractall(out / "mysql", filter="tar")
        tree = next((out / "mysql").iterdir())
        run(str(tree / "bin/relocate"), str(CACHE / "builds" / out.name[1:].rsplit(".", 1)[0] / "mysql" / tree.name))

    parts = ["bench-1", str(mysql_tarball), *[str(component(name)) for name in ("etcd", "kubernetes", "helm", "minio")]]
    bench = cached("bench", parts, build)
    return bench / "bin", next((bench / "mysql").iterdir())


def sdk() -> Path:
    """The Python of an environment of its own that holds W&B's SDK, in the version of requirements/wandb.txt."""
    venv = REPO / ".lab/venv-wandb"
    run("bash", str(REPO / "tests/tools/env.sh"), str(venv), str(REPO / "requirements/wandb.txt"))
    return venv / "bin/python"


def test_standin(mysql_tarball: Path) -> None:
    """Go tests of the stand-in against real services, with W&B's own SDK as a client."""
    programs, mysql = test_bench(mysql_tarball)
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "STANDIN_PROGRAMS": str(programs), "STANDIN_MYSQL": str(mysql), "STANDIN_SDK": str(sdk())}
    done = subprocess.run(["go", "test", "-count=1", "-timeout=30m", "./..."], cwd=REPO / "lab/standin", env=env, check=False)
    if done.returncode:
        raise LabError(f"`go test ./...` in lab/standin ended with {done.returncode}")
