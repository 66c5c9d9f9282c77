"""Upstream: which hosts answer, and bringing release files, images and charts from them into the cache."""
from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import yaml

from ansible_collections.onprem.wandb.plugins.module_utils._artifact import fetch as artifact_fetch
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.plan import Artifact, ArtifactError, ChecksumError
from ansible_collections.onprem.wandb.plugins.plugin_utils import _catalogue

from .cache import USED, cached, find
from .config import CACHE, LABEL
from .products import CHARTS, Upstream, Wanted
from .shell import LabError, run, say

PATIENCE = 1.5  # seconds for all probes together
HERE = (404, 405, 410, 416)  # answers of a file server that is there


class Unavailable(Exception):
    """Upstream does not hand it out; the text is a sentence with artifact and host."""


def probe(addresses: Mapping[str, str], seconds: float = PATIENCE) -> dict[str, str]:
    """Ask each host once, all at the same time. {host: URL} in, {host: why not, '' when it answers} out, after `seconds` at the latest."""
    found: dict[str, str] = {}
    threads = [threading.Thread(target=lambda host=host, url=url: found.update({host: _ask(url, seconds)}), daemon=True) for host, url in addresses.items()]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return {host: found.get(host, f"did not answer within {seconds:g} s") for host in addresses}


def _ask(url: str, seconds: float) -> str:
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers={"Range": "bytes=0-0", "User-Agent": "onprem-wandb-lab"}), timeout=seconds).close()
    except urllib.error.HTTPError as error:
        # A registry wants a token, which skopeo fetches. Any other host may deny this one file: that is found out when it is fetched.
        fine = (401,) if urlsplit(url).path == "/v2/" else HERE
        with error:
            return "" if error.code in fine else f"answered {error.code} {error.reason}"
    except OSError as error:
        reason = getattr(error, "reason", error)
        return f"could not be reached ({getattr(reason, 'strerror', None) or reason})"
    return ""


def addresses(wanted: Wanted, upstream: Upstream) -> dict[str, str]:
    """What to ask before this product is fetched: {host: URL}."""
    urls = [entry["url"] for entry in wanted.files] + [upstream.registry_url(image) for image in wanted.images]
    return {urlsplit(url).netloc: url for url in reversed(urls)}


def parts(wanted: Wanted) -> list[str]:
    """What the content depends on: not the mirror that it was fetched from."""
    files = [[entry[key] for key in ("name", "version", "sha256", "path")] for entry in wanted.files]
    return ["product-1", json.dumps([files, wanted.images])]


def have(wanted: Wanted) -> bool:
    """Whether an earlier run has brought it all."""
    found = find(f"upstream-{wanted.product.name}", parts(wanted))
    return found is not None and all(Path(image["layout"]).is_dir() for image in content(found)["images"])


def content(product: Path) -> dict:
    """What a directory of bring() holds: {'files': [{name, version, url, sha256, path}], 'images': [{image, digest, layout}]}."""
    found = json.loads((product / "product.json").read_text(encoding="utf-8"))
    USED.update(Path(image["layout"]).parent for image in found["images"])
    return found


def bring(wanted: Wanted, upstream: Upstream) -> Path:
    """A directory with files/<host>/<path>, images/<n> and product.json that lists both. Raises Unavailable, or LabError for a wrong checksum."""
    def build(out: Path) -> None:
        fetch = fetcher()
        with ThreadPoolExecutor(4) as pool:
            files = list(pool.map(lambda entry: _file(fetch, entry, out), wanted.files))
        images = [*wanted.images, *_images_of_kubeadm(files, wanted, out)]
        found = [_image(image, upstream) for image in images]
        (out / "product.json").write_text(json.dumps({"files": files, "images": found}, indent=1), encoding="utf-8")

    return cached(f"upstream-{wanted.product.name}", parts(wanted), build)


def fetcher() -> artifact_fetch.Fetcher:
    """The module artifact's own: it retries, resumes and checks."""
    downloads = CACHE / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    return artifact_fetch.Fetcher(str(downloads), artifact_fetch.Space(str(downloads), f"The disk of {CACHE}"), retries=3, deadline=3600.0)


def download(fetch: artifact_fetch.Fetcher, artifact: Artifact, target: Path) -> None:
    """Fetch one file to its place."""
    try:
        found = fetch.fetch(artifact)
    except ChecksumError as error:
        raise LabError(f"{artifact}: {error} To build it here instead: LAB_SOURCE=build.") from error
    except ArtifactError as error:
        raise Unavailable(f"{artifact}: {error}") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(found, target)


def _file(fetch: artifact_fetch.Fetcher, entry: dict, out: Path) -> dict:
    say(f"fetching {entry['name']} {entry['version']} from {urlsplit(entry['url']).netloc}")
    target = out / entry["path"]
    download(fetch, Artifact(entry["name"], entry["version"], entry["url"], entry["sha256"]), target)
    target.chmod(0o755)
    return entry


def _images_of_kubeadm(files: list[dict], wanted: Wanted, out: Path) -> list[str]:
    """etcd and CoreDNS: kubeadm alone knows which of them its version runs. Its pause image is a product of its own."""
    kubeadm = next((out / entry["path"] for entry in files if entry["name"] == "kubeadm"), None)
    if kubeadm is None:
        return []
    listed = run(str(kubeadm), "config", "images", "list", "--kubernetes-version", f"v{wanted.version}").split()
    return [image for image in listed if image not in wanted.images and "/pause:" not in image]


def _image(image: str, upstream: Upstream) -> dict:
    """Bring one image for amd64, byte by byte as its registry has it."""
    if not shutil.which("skopeo"):
        raise LabError("skopeo is missing, which copies images from upstream registries: run `make packages`, or build the images with LAB_SOURCE=build")

    def build(out: Path) -> None:
        source = upstream.source_of(image)
        say(f"fetching image {image}" + (f" from {upstream.registry}" if upstream.registry else ""))
        insecure = ["--src-tls-verify=false"] if upstream.registry.startswith("http://") else []
        try:
            run("skopeo", "--insecure-policy", "--override-os", "linux", "--override-arch", "amd64", "--command-timeout", "30m", "copy", "--quiet",
                "--preserve-digests", "--retry-times", "2", *insecure, f"docker://{source}", f"dir:{out}/image")
        except LabError as error:
            why = str(error).rsplit('msg="', 1)[-1].strip().rstrip('"')
            raise Unavailable(f"image {image}: {source.split('/')[0]} did not hand it out: {why}.") from error
        if LABEL in _labels(out / "image"):
            raise Unavailable(f"image {image}: {source.split('/')[0]} has one that a lab built (label {LABEL}), not upstream's.")

    name = image.split("/")[-1].replace(":", "-")
    found = cached(f"upstream-image-{name}", ["image-1", image], build) / "image"
    return {"image": image, "digest": "sha256:" + hashlib.sha256((found / "manifest.json").read_bytes()).hexdigest(), "layout": str(found)}


def _labels(layout: Path) -> dict:
    manifest = json.loads((layout / "manifest.json").read_text(encoding="utf-8"))
    config = json.loads((layout / manifest["config"]["digest"].split(":")[1]).read_text(encoding="utf-8"))
    return (config.get("config") or {}).get("Labels") or {}


def charts(upstream: Upstream) -> Path:
    """A directory with W&B's charts and an index of them. Raises Unavailable."""
    versions = {chart: str(upstream.variables[variable]) for chart, variable in CHARTS.items()}

    def build(out: Path) -> None:
        repository = upstream.chart_repository
        fetch, entries = fetcher(), {}
        say(f"fetching {', '.join(f'chart {chart} {version}' for chart, version in versions.items())} from {repository}")
        index = _index(repository)
        for chart, version in versions.items():
            entry = next((entry for entry in index.get(chart) or [] if str(entry.get("version")).removeprefix("v") == version), None)
            if entry is None or not entry.get("digest") or not entry.get("urls"):
                raise Unavailable(f"chart {chart}: {repository}/index.yaml lists no version {version} with address and digest.")
            url = _catalogue.rewrite_url(urljoin(repository + "/", entry["urls"][0]), upstream.mirror, f"chart {chart}")
            name = f"{chart}-{version}.tgz"
            download(fetch, Artifact(f"chart {chart}", version, url, str(entry["digest"]).removeprefix("sha256:")), out / name)
            entries[chart] = [{**entry, "urls": [name]}]
        (out / "index.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "entries": entries}), encoding="utf-8")

    return cached("upstream-charts", ["charts-1", json.dumps(versions)], build)


def _index(repository: str) -> dict:
    try:
        with urllib.request.urlopen(f"{repository}/index.yaml", timeout=60) as answer:
            found = yaml.load(answer, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # some megabytes: minutes without libyaml
    except (OSError, yaml.YAMLError) as error:
        raise Unavailable(f"chart repository: {repository}/index.yaml could not be read: {error}.") from error
    entries = found.get("entries") if isinstance(found, dict) else None
    if not isinstance(entries, dict):
        raise Unavailable(f"chart repository: {repository}/index.yaml is no index of charts.")
    return entries
