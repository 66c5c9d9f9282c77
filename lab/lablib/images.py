"""Container images made from files, pushed into a registry's storage directory over the registry's own API."""
from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import binaries, packages
from .cache import cached, digest
from .config import LABEL, versions
from .shell import LabError, run, say

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Image:
    """An image: base root file system (or none), files by path, symbolic links by path, entry point."""

    ref: str
    files: dict[str, Path] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    entry: tuple[str, ...] = ()
    base: Path | None = None
    user: str = ""

    @property
    def repository(self) -> str:
        return self.ref.rsplit(":", 1)[0]

    @property
    def tag(self) -> str:
        return self.ref.rsplit(":", 1)[1]


def wanted(programs: dict[str, Path], products: Iterable[str]) -> list[Image]:
    """The images of these products and of the stand-in, under the names that the roles ask for. Their configuration says that they were built here."""
    recipes = {
        "kubernetes": _kubernetes, "pause": _pause, "flannel": _flannel, "traefik": _traefik, "local-path-provisioner": _local_path, "busybox": _busybox,
    }
    v, chosen = versions(), set(products)
    return [image for name, recipe in [*recipes.items(), ("wandb", _standin)] if name in chosen or recipe is _standin for image in recipe(v, programs)]


def _kubernetes(v: dict[str, str], programs: dict[str, Path]) -> list[Image]:
    k8s, kube = "registry.k8s.io", programs["kubernetes"]
    return [
        *[Image(f"{k8s}/{name}:v{v['kubernetes_version']}", {f"/usr/local/bin/{name}": kube / name})
          for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")],
        Image(f"{k8s}/kube-proxy:v{v['kubernetes_version']}", {"/usr/local/bin/kube-proxy": kube / "kube-proxy"}, base=packages.net_root()),
        Image(f"{k8s}/etcd:{binaries.ETCD}-0", {"/usr/local/bin/etcd": programs["etcd"] / "etcd"}),
        Image(f"{k8s}/coredns/coredns:v{binaries.COREDNS}", {"/coredns": programs["coredns"] / "coredns"}, entry=("/coredns",)),
    ]


def _pause(v: dict[str, str], _programs: dict[str, Path]) -> list[Image]:
    return [Image(f"registry.k8s.io/pause:{v['containerd_pause_version']}", {"/pause": binaries.own("pause")}, entry=("/pause",))]


def _flannel(v: dict[str, str], programs: dict[str, Path]) -> list[Image]:
    # Upstream's image is Alpine's: a shell, and iptables by name.
    flannel_links = {f"/bin/{name}": "busybox" for name in ("sh", "cat", "mv", "rm", "sleep", "test")}
    flannel_links |= {f"/usr/sbin/{name}{end}": "xtables-nft-multi" for name in ("iptables", "ip6tables") for end in ("", "-save", "-restore")}
    return [Image(f"ghcr.io/flannel-io/flannel:v{v['cni_flannel_version']}", {"/opt/bin/flanneld": programs["flannel"] / "flanneld"}, flannel_links,
                  entry=("/opt/bin/flanneld",), base=packages.net_root())]


def _traefik(v: dict[str, str], programs: dict[str, Path]) -> list[Image]:
    return [Image(f"docker.io/library/traefik:v{v['ingress_traefik_version']}",
                  {"/usr/local/bin/traefik": programs["traefik"] / "traefik", str(CA_BUNDLE): CA_BUNDLE}, entry=("/usr/local/bin/traefik",))]


def _local_path(v: dict[str, str], programs: dict[str, Path]) -> list[Image]:
    return [Image(f"docker.io/rancher/local-path-provisioner:v{v['storage_local_path_version']}",
                  {"/usr/bin/local-path-provisioner": programs["local_path"] / "local-path-provisioner"}, entry=("/usr/bin/local-path-provisioner",))]


def _busybox(v: dict[str, str], _programs: dict[str, Path]) -> list[Image]:
    shell = {f"/bin/{name}": "busybox" for name in ("sh", "mkdir", "rm", "cat", "ls", "sleep", "env", "date", "nslookup")}
    return [Image(f"docker.io/library/busybox:{v['storage_busybox_version']}", {"/bin/busybox": packages.busybox()}, shell, entry=("/bin/sh",))]


def _standin(v: dict[str, str], programs: dict[str, Path]) -> list[Image]:
    standin = binaries.standin()
    return [
        Image(f"docker.io/wandb/controller:{v['wandb_controller_version']}",
              {"/controller": standin / "controller", "/usr/local/bin/helm": programs["helm"] / "helm", str(CA_BUNDLE): CA_BUNDLE},
              entry=("/controller",), user="65532:0"),
        Image(f"docker.io/wandb/standin:{v['wandb_server_version']}",
              {"/standin": standin / "standin", str(CA_BUNDLE): CA_BUNDLE}, entry=("/standin",), user="999:0"),
    ]


def layer(image: Image) -> bytes:
    """A layer with the image's files, the same bytes every time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        directories = {str(parent) for path in (*image.files, *image.links) for parent in list(Path(path).parents)[:-1]} | {"/tmp"}
        for name in sorted(directories):
            info = tarfile.TarInfo(name.lstrip("/"))
            info.type, info.mode = tarfile.DIRTYPE, 0o1777 if name == "/tmp" else 0o755
            tar.addfile(info)
        for name, source in sorted(image.files.items()):
            info = tarfile.TarInfo(name.lstrip("/"))
            info.size, info.mode = source.stat().st_size, 0o755
            with source.open("rb") as data:
                tar.addfile(info, data)
        for name, target in sorted(image.links.items()):
            info = tarfile.TarInfo(name.lstrip("/"))
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return buffer.getvalue()


def packed(data_of, parts) -> tuple[Path, dict]:
    """A compressed layer from the cache: its file and {'digest', 'size', 'diff_id'}."""
    def build(out: Path) -> None:
        data = data_of()
        blob = gzip.compress(data, compresslevel=1, mtime=0)
        (out / "layer.tar.gz").write_bytes(blob)
        info = {"digest": "sha256:" + hashlib.sha256(blob).hexdigest(), "size": len(blob), "diff_id": "sha256:" + hashlib.sha256(data).hexdigest()}
        (out / "layer.json").write_text(json.dumps(info), encoding="utf-8")
    found = cached("layer", parts, build)
    return found / "layer.tar.gz", json.loads((found / "layer.json").read_text(encoding="utf-8"))


class Registry:
    """The lab's registry on loopback while images are pushed."""

    def __init__(self, program: Path, storage: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.config = storage.with_name("push.yml")
        self.config.write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {storage}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "serve", self.config], env={**os.environ, "OTEL_TRACES_EXPORTER": "none"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Registry:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.base}/v2/", timeout=2).close()
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise LabError(f"the registry on {self.base} did not answer within 20 s")

    def __exit__(self, *_unused) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)
        self.config.unlink(missing_ok=True)

    def call(self, method: str, url: str, body: bytes | Path = b"", headers: dict | None = None):
        data = body.read_bytes() if isinstance(body, Path) else body
        request = urllib.request.Request(url if url.startswith("http") else self.base + url, data=data, method=method, headers=headers or {})
        return urllib.request.urlopen(request, timeout=120)

    def blob(self, repository: str, blob_digest: str, body: bytes | Path) -> None:
        try:
            self.call("HEAD", f"/v2/{repository}/blobs/{blob_digest}").close()
            return
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
        location = self.call("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]
        mark = "&" if "?" in location else "?"
        self.call("PUT", f"{location}{mark}digest={blob_digest}", body, {"Content-Type": "application/octet-stream"}).close()

    def push(self, image: Image) -> None:
        """Push one image."""
        layers = []
        if image.base:
            layers.append(packed(image.base.read_bytes, ["base", image.base]))
        layers.append(packed(lambda: layer(image), layer_parts(image)))
        config = json.dumps({
            "architecture": "amd64", "os": "linux",
            "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "User": image.user,
                       "Labels": {LABEL: "built here, not an upstream image"},
                       **({"Entrypoint": list(image.entry)} if image.entry else {})},
            "rootfs": {"type": "layers", "diff_ids": [info["diff_id"] for _file, info in layers]},
        }).encode()
        config_digest = "sha256:" + hashlib.sha256(config).hexdigest()
        for path, info in layers:
            self.blob(image.repository, info["digest"], path)
        self.blob(image.repository, config_digest, config)
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest, "size": len(config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": i["digest"], "size": i["size"]} for _file, i in layers],
        }).encode()
        self.call("PUT", f"/v2/{image.repository}/manifests/{image.tag}", manifest, {"Content-Type": MANIFEST}).close()


def layer_parts(image: Image) -> list:
    """What a layer is made from, for the cache."""
    return ["layer-1", json.dumps([sorted(image.files), sorted(image.links.items())]), *[image.files[name] for name in sorted(image.files)]]


def storage(program: Path, images: list[Image], fetched: list[dict[str, str]]) -> Path:
    """The registry's storage directory: images that are made here, and fetched ones ({'image', 'digest', 'layout'}) as they came."""
    parts = ["storage-2"]
    for image in images:
        parts += [image.ref, image.user, *image.entry, digest(layer_parts(image)), *([image.base] if image.base else [])]
    for entry in fetched:
        parts += [entry["image"], entry["digest"]]

    def build(out: Path) -> None:
        (out / "registry").mkdir()
        total = len(images) + len(fetched)
        with Registry(program / "registry", out / "registry") as registry:
            for number, image in enumerate(images, 1):
                registry.push(image)
                say(f"image {number} of {total}: {image.ref}")
            for number, entry in enumerate(fetched, len(images) + 1):
                run("skopeo", "--insecure-policy", "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false",
                    f"dir:{entry['layout']}", f"docker://{registry.base.split('://')[1]}/{entry['image']}")
                say(f"image {number} of {total}: {entry['image']} (upstream)")
    return cached("images", parts, build) / "registry"

