"""Where each product comes from: upstream where it can be reached, built here where not. Decided once per lab, written to its state."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from . import upstream
from .config import LABEL, Lab, versions
from .products import CHARTS, PRODUCTS, Product, Upstream, Wanted
from .shell import LabError, say
from .upstream import Unavailable

MODES = ("auto", "upstream", "build")
RECORD = "sources.json"


@dataclass
class Sources:
    """The decision for every product."""

    upstream: Upstream
    brought: dict[str, Path] = field(default_factory=dict)  # product: directory of upstream.bring()
    built: dict[str, str] = field(default_factory=dict)  # product: why it is built
    charts: Path | None = None
    no_charts: str = ""

    @property
    def components(self) -> list[str]:
        """What recipes/go.sh has to build beside the lab's own programs."""
        return [component for product in PRODUCTS if product.name in self.built for component in product.components]

    def contents(self) -> dict[str, dict]:
        """Files and images of each product that came from upstream."""
        return {name: upstream.content(path) for name, path in self.brought.items()}


def mode() -> str:
    """LAB_SOURCE."""
    found = os.environ.get("LAB_SOURCE") or "auto"
    if found not in MODES:
        raise LabError(f"LAB_SOURCE is {found!r}: expected {', '.join(MODES)}")
    return found


def choose(lab: Lab, how: str) -> Sources:
    """Decide, and bring what comes from upstream. A lab whose hosts run keeps its sources: its data is of their versions."""
    kept, reasons = _kept(lab, how)
    asked = {product.name: kept.get(product.name, how) for product in PRODUCTS}
    found = Sources(Upstream.from_env() if set(asked.values()) != {"build"} else Upstream({}, {}))
    wanted = {product.name: found.upstream.wanted(product) for product in PRODUCTS if asked[product.name] != "build"}
    unknown = [one for name, one in wanted.items() if asked[name] == "auto" and not upstream.have(one)]
    silent = _silent(unknown, found.upstream)
    for product in PRODUCTS:
        if product.name in wanted:
            _decide(product, asked[product.name], wanted[product.name], found, silent)
        else:
            found.built[product.name] = reasons.get(product.name, "LAB_SOURCE=build")
    if wanted:
        _charts(found, how, silent)
    return found


def _kept(lab: Lab, how: str) -> tuple[dict[str, str], dict[str, str]]:
    """What this lab's hosts were installed from, {product: mode}, and why {product: reason}; both empty while it has no hosts."""
    if not (lab.state / "ssh/known_hosts").exists():
        return {}, {}
    record = lab.state / RECORD
    # Hosts without a record were booted by a lab that built everything.
    told = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {"products": {}, "reasons": {}}
    kept = {product.name: "upstream" if told["products"].get(product.name) == "upstream" else "build" for product in PRODUCTS}
    against = [name for name, source in kept.items() if how != "auto" and source != how]
    if against:
        raise LabError(f"LAB_SOURCE={how}, but the hosts of lab {lab.name} were installed from other sources ({', '.join(against)}), and the versions differ: "
                       "`lab/lab down` first, or leave LAB_SOURCE alone")
    return kept, told["reasons"]


def _silent(wanted: list[Wanted], site: Upstream) -> dict[str, str]:
    """{host: why it cannot be used} for all hosts that these products, and the charts, come from."""
    asked = {host: url for one in wanted for host, url in upstream.addresses(one, site).items()}
    if not asked:
        return {}
    asked.setdefault(_chart_host(site), f"{site.chart_repository}/index.yaml")
    return {host: why for host, why in upstream.probe(asked).items() if why}


def _decide(product: Product, how: str, wanted: Wanted, found: Sources, silent: dict[str, str]) -> None:
    hosts = [] if how == "upstream" or upstream.have(wanted) else [host for host in upstream.addresses(wanted, found.upstream) if host in silent]
    if hosts:
        found.built[product.name] = "; ".join(f"{host} {silent[host]}" for host in hosts)
        return
    try:
        found.brought[product.name] = upstream.bring(wanted, found.upstream)
    except Unavailable as error:
        if how == "upstream":
            raise LabError(f"{error} {_way_out()}") from error
        say(f"{product.name} is built instead: {error}")
        found.built[product.name] = str(error)


def _way_out() -> str:
    if mode() == "upstream":
        return "LAB_SOURCE=auto builds what upstream does not hand out."
    return "The hosts of this lab were installed from upstream's versions; to build instead, `lab/lab down` first."


def _charts(found: Sources, how: str, silent: dict[str, str]) -> None:
    """W&B's charts, beside the stand-in's: nothing is built in their place."""
    host = _chart_host(found.upstream)
    if host in silent:
        found.no_charts = f"{host} {silent[host]}"
        return
    try:
        found.charts = upstream.charts(found.upstream)
    except Unavailable as error:
        if how == "upstream":
            raise LabError(f"{error} {_way_out()}") from error
        found.no_charts = str(error)


def _chart_host(site: Upstream) -> str:
    return site.chart_repository.split("/")[2]


def record(lab: Lab, found: Sources, release_files: dict, built_images: list[str]) -> None:
    """Write .lab/artifacts.json (the catalogue entries of what was built) and .lab/sources.json (versions of what was not; every artifact's source)."""
    overrides = dict(found.upstream.variables.get("artifacts_overrides") or {})
    lab.state.mkdir(exist_ok=True)
    (lab.state / "artifacts.json").write_text(json.dumps({**overrides, **release_files}, indent=1), encoding="utf-8")
    by_name = {product.name: product for product in PRODUCTS}
    told = {
        "versions": {by_name[name].variable: found.upstream.variables[by_name[name].variable] for name in found.brought},
        "products": {product.name: "upstream" if product.name in found.brought else "built" for product in PRODUCTS},
        "reasons": found.built,
        "artifacts": [*_fetched_rows(found), *_built_rows(release_files, built_images)],
        "charts": "upstream" if found.charts else found.no_charts,
    }
    (lab.state / RECORD).write_text(json.dumps(told, indent=1), encoding="utf-8")


def _fetched_rows(found: Sources) -> list[list[str]]:
    rows = []
    for content in found.contents().values():
        rows += [[entry["name"], entry["version"], "upstream", f"{entry['url']} sha256 {entry['sha256'][:16]}…"] for entry in content["files"]]
        rows += [[*_split(entry["image"]), "upstream", f"image {entry['digest'][:23]}…"] for entry in content["images"]]
    if found.charts:
        rows += [[f"chart {chart}", str(found.upstream.variables[variable]), "upstream", f"{found.upstream.chart_repository}; served, not installed"]
                 for chart, variable in CHARTS.items()]
    return rows


def _built_rows(release_files: dict, images: list[str]) -> list[list[str]]:
    rows = [[name, version, "built", f"{entry['url'].split('/')[-1]} sha256 {checksum[:16]}…"]
            for name, entry in release_files.items() for version, checksum in entry["versions"].items()]
    return rows + [[*_split(image), "built", f"image made of files, with the label {LABEL}"] for image in images]


def _split(image: str) -> list[str]:
    name, tag = image.rsplit(":", 1)
    return [name, tag]


def status(lab: Lab) -> str:
    """One line per artifact: name, version, source; then why something was built."""
    record_file = lab.state / RECORD
    if not record_file.exists():
        return f"no artifacts yet: `lab/lab build` makes or fetches them (lab {lab.name})"
    told = json.loads(record_file.read_text(encoding="utf-8"))
    rows = [["ARTIFACT", "VERSION", "SOURCE", "WHAT"], *sorted(told["artifacts"], key=lambda row: ("/" in row[0], row[0]))]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]) for row in rows]
    fetched = sum(row[2] == "upstream" for row in told["artifacts"])
    lines += ["", f"{fetched} from upstream, {len(told['artifacts']) - fetched} built here."]
    because: dict[str, list[str]] = {}
    for name, why in told["reasons"].items():
        because.setdefault(why, []).append(name)
    lines += [f"Built: {', '.join(names)}: {why}." for why, names in ((why.rstrip("."), names) for why, names in because.items())]
    v = versions()
    lines += [
        "W&B: the stand-in, built here. Its server images are closed and need a licence: the lab never fetches them."
        + (f" Its charts are not on the mirror: {told['charts'].rstrip('.')}." if told["charts"] not in ("", "upstream") else ""),
        f"Redis {v['redis_version']} and the hosts' operating system ({lab.os}): packages of Debian.",
    ]
    return "\n".join(lines)
