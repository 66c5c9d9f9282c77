# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Routes to the internet, where no mirror takes their place, and HTTP proxies that would stand between the site's own parts."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

from ....module_utils._host.proxies import EXCEPTIONS, PROXIES
from ... import _catalogue, _traffic
from ..interface import ARTIFACT_VERSIONS, NAMES
from ..model import CONTROLLER, KUBE_GROUPS, ROLE_TARGETS, WARNING, Finding, Host, Site
from .network import CIDR_VARIABLES, FILES, IMAGES, mirror_endpoint, split_endpoint

# Where images of this name are really fetched.
HTTPS = ("https_proxy", "all_proxy")
CONTAINERD = "containerd.service"
REGISTRIES = {"docker.io": "registry-1.docker.io"}


@functools.cache
def shipped() -> dict[str, Any]:
    """The catalogue as it is."""
    return _catalogue.load()


def upstream_endpoints(host: Host) -> list[dict[str, object]]:
    """Where a host fetches release files and images from, when the site has no mirror of them."""
    found: dict[str, dict[str, object]] = {}
    if not mirror_endpoint(host):
        try:
            catalogue = _catalogue.merge(shipped(), host.mapping("artifacts_overrides"))
        except _catalogue.CatalogueError:
            catalogue = shipped()  # wrong overrides are a finding of their own
        for role, variable, artifacts in ARTIFACT_VERSIONS:
            if not host.in_any(ROLE_TARGETS.get(role, ())):
                continue
            for name in artifacts:
                try:
                    place = urlsplit(_catalogue.resolve(catalogue, name, host.text(variable))["url"])
                except _catalogue.CatalogueError:
                    continue  # a version without a checksum is a finding of its own
                if place.hostname:  # a file that is on the host already has none
                    port = place.port or (80 if place.scheme == "http" else 443)
                    found.setdefault(place.netloc, {"name": FILES, "host": place.hostname, "port": port})
    for registry in registries(host) if host.in_any(KUBE_GROUPS) else ():
        found.setdefault(registry, {"name": IMAGES, "host": REGISTRIES.get(registry, registry), "port": 443})
    return list(found.values())


def registries(host: Host) -> list[str]:
    """Registries of the catalogue's images that have no mirror."""
    value = host.variables.get("containerd_registry_mirrors")
    mirrored = {str(item.get("upstream")) for item in value if isinstance(item, Mapping)} if isinstance(value, list) else set()
    return [name for name in dict.fromkeys(image.split("/")[0] for image in shipped()["images"].values()) if name not in mirrored]


def no_route(site: Site) -> Iterator[Finding]:
    """A host that cannot reach them. A proxy of the environment carries release files, and no images: that is for one of containerd's own unit."""
    for host in site.measured():
        proxied = any(name.lower() in HTTPS for name in host.measured.get("proxies") or {})
        images = any(name.lower() in HTTPS for name in (host.measured.get("service_proxies") or {}).get(CONTAINERD) or {})
        for endpoint in host.measured["endpoints"]:
            if not endpoint["error"] or endpoint["name"] not in (FILES, IMAGES) or (proxied if endpoint["name"] == FILES else images):
                continue
            value = "%s from %s: %s" % (endpoint["name"], endpoint["host"], endpoint["error"])
            if endpoint["name"] == FILES:
                remedy = "artifacts_mirror: http://<mirror>:8080; lab/README.md, A site's own mirror, says how to fill one"
                yield Finding(host.name, "artifacts_mirror", value, "a route, or a mirror", remedy)
            else:
                why = "containerd uses no proxy of the environment; " if proxied else ""
                remedy = "%scontainerd_registry_mirrors: [{upstream: <registry>, url: https://<a mirror inside>:5000/v2/<registry>}]" % why
                yield Finding(host.name, "containerd_registry_mirrors", value, "a route, or a mirror", remedy)


def exempt(name: str, exceptions: Iterable[str]) -> bool:
    """Whether a name or address goes past the proxy: the same name, a domain above it, or a network around it."""
    for entry in exceptions:
        bare = entry.lstrip("*").lstrip(".").lower()
        if entry == "*" or (bare and (name.lower() == bare or name.lower().endswith("." + bare))):
            return True
        try:
            if ipaddress.ip_network(name, strict=False).subnet_of(ipaddress.ip_network(entry, strict=False)):  # type: ignore[arg-type]
                return True
        except (ValueError, TypeError):
            continue
    return False


def inside(site: Site) -> list[str]:
    """Names and addresses of the site itself, which no proxy may stand before."""
    controller = site.controller
    endpoint = split_endpoint(site.view(*KUBE_GROUPS).text("kubernetes_control_plane_endpoint"), 6443)[0]
    named = [endpoint, api_server(site), *(controller.text(name) for name in NAMES), site.view("mysql").text("mysql_endpoint_address")]
    layers = [_traffic.reached(host, group) for group in ("", "mysql", "redis", "minio") for host in (site.members(group) if group else site.hosts.values())]
    return [name for name in dict.fromkeys([*named, *layers]) if name]


def api_server(site: Site) -> str:
    """Host of the API of a cluster that is there already, by its kubeconfig: Helm asks there. Empty for the site's own, and where nothing is to be read."""
    content = None if site.has("kube_control_plane") else site.read_file(site.controller.text("site_kubeconfig"))
    try:
        found = yaml.safe_load(content or b"")
        return urlsplit(found["clusters"][0]["cluster"]["server"]).hostname or ""
    except (yaml.YAMLError, LookupError, TypeError, AttributeError, ValueError):
        return ""  # what is wrong with it is said by who reads it


def mirror_host(site: Site) -> str:
    """Host of the mirror of release files."""
    return str(next((item["host"] for item in mirror_endpoint(site.controller)), ""))


def registry_mirrors(host: Host) -> list[str]:
    """Hosts of the mirrors of registries."""
    value = host.variables.get("containerd_registry_mirrors")
    found = [urlsplit(str(item.get("url"))).hostname or "" for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
    return [name for name in dict.fromkeys(found) if name]


def excepted(environment: Mapping[str, str]) -> str:
    """What goes past the proxy, as it is written."""
    return next((environment[name] for name in EXCEPTIONS if environment.get(name)), "")


def missing(environment: Mapping[str, str], names: Iterable[str], fetched: str = "") -> list[str]:
    """Those that would go through the proxy. `fetched` is asked by Python, which knows neither networks nor asterisks among the exceptions."""
    exceptions = [part.strip() for part in excepted(environment).split(",") if part.strip()]
    found = [name for name in names if not exempt(name, exceptions)]
    plain = [entry for entry in exceptions if entry == "*" or not {"*", "/"} & set(entry)]
    return [*found, fetched] if fetched and not exempt(fetched, plain) else found


def in_between(site: Site) -> Iterator[Finding]:
    """A proxy in the environment of the controller or of a host, without exceptions for the site."""
    ranges = [part.strip() for variable in CIDR_VARIABLES for part in site.view(*KUBE_GROUPS).text(variable).split(",") if part.strip()]
    own = inside(site)
    places = [(CONTROLLER, site.environment, own)]
    # kubeadm hands the proxy of its environment on to the control plane.
    for host in site.measured():
        places.append((host.name, host.measured.get("proxies") or {}, own + (ranges if host.in_any(KUBE_GROUPS) else [])))
    for place, environment, names in places:
        variable = next((name for name in PROXIES if environment.get(name)), "")
        lacking = missing(environment, names, mirror_host(site)) if variable else []
        if lacking:
            value = "%s, and not past it: %s" % (environment[variable], ", ".join(lacking))
            wanted = ",".join([*filter(None, [excepted(environment)]), *lacking])
            remedy = "export no_proxy=%s" % wanted if place == CONTROLLER else "echo no_proxy=%s >> /etc/environment on the host" % wanted
            yield Finding(place, variable, value, "no_proxy with the site's own names and addresses", remedy)
        elif variable and place == CONTROLLER and len({environment.get(key, "") for key in EXCEPTIONS}) > 1:
            remedy = "export NO_PROXY=%s no_proxy=%s" % (excepted(environment), excepted(environment))
            yield Finding(place, "no_proxy", "no_proxy and NO_PROXY differ", "the same in both: programs read one or the other", remedy, WARNING)


def services(site: Site) -> Iterator[Finding]:
    """A proxy that systemd gives to containerd or the kubelet, as a former installation has left it, without exceptions for the cluster and its mirrors."""
    own = inside(site)
    for host in site.measured(*KUBE_GROUPS):
        ranges = [part.strip() for variable in CIDR_VARIABLES for part in host.text(variable).split(",") if part.strip()]
        for service, environment in (host.measured.get("service_proxies") or {}).items():
            variable = next((name for name in PROXIES if environment.get(name)), "")
            wanted = [*own, *ranges, *(registry_mirrors(host) if service == CONTAINERD else [])]
            lacking = missing(environment, wanted) if variable else []
            if lacking:
                value = "%s, and not past it: %s" % (environment[variable], ", ".join(lacking))
                line = ",".join([*filter(None, [excepted(environment)]), *lacking])
                remedy = "grep -ri proxy /etc/systemd on the host shows where it is set; take it away, or set there Environment=NO_PROXY=%s" % line
                yield Finding(host.name, "%s of %s" % (variable, service), value, "no proxy between the parts of the site", remedy)


RULES = (no_route, in_between, services)
