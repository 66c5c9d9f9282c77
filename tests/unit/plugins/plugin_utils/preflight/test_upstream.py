# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Routes to the internet, and proxies between the site's own parts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host import proxies
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import network, upstream

PROXY = {"https_proxy": "http://proxy.example.com:3128"}
EVERYTHING = ".example.com,192.0.2.0/24,k8s.example.com,10.244.0.0/16,10.96.0.0/12"
NAMED = {"kubernetes_control_plane_endpoint": "k8s.example.com:6443"}


def away(name: str, host: str) -> dict[str, Any]:
    return {"name": name, "host": host, "port": 443, "addresses": [], "error": "no TCP connection to %s port 443 within 4 s (timed out)" % host, "target": ""}


def asked(site, host: str) -> set[tuple[str, str]]:
    return {(str(item["name"]), str(item["host"])) for item in upstream.upstream_endpoints(site.hosts[host])}


def test_without_a_mirror_the_hosts_need_the_internet(site):
    found = asked(site(), "node1")
    assert (upstream.FILES, "dl.k8s.io") in found and (upstream.IMAGES, "registry-1.docker.io") in found
    assert not {kind for kind, _host in asked(site(), "store1")} & {upstream.IMAGES}


def test_a_mirror_takes_their_place(site):
    mirrors = [{"upstream": name, "url": "https://m/v2"} for name in ("docker.io", "registry.k8s.io", "ghcr.io", "quay.io")]
    assert asked(site({"artifacts_mirror": "http://mirror.example.com", "containerd_registry_mirrors": mirrors}), "node1") == set()
    found = asked(site({"artifacts_mirror": "http://mirror.example.com", "containerd_registry_mirrors": mirrors[1:]}), "node1")
    assert found == {(upstream.IMAGES, "registry-1.docker.io")}


def test_one_override_does_not_hide_the_others(site):
    found = asked(site({"artifacts_overrides": {"runc": {"url": "file:///srv/runc"}, "containerd": {"url": "http://files.example.com/containerd"}}}), "node1")
    assert {(upstream.FILES, "dl.k8s.io"), (upstream.FILES, "files.example.com")} <= found and (upstream.FILES, "") not in found


def test_no_route_is_refused_with_the_mirror_as_remedy(site, found):
    broken = site(measured={"node1": {"endpoints": [away(upstream.FILES, "dl.k8s.io"), away(upstream.IMAGES, "quay.io")]}})
    assert found(upstream.no_route(broken)) == [("node1", "artifacts_mirror", "problem"), ("node1", "containerd_registry_mirrors", "problem")]
    assert not list(network.unreachable(broken))  # said once
    assert not list(upstream.no_route(site()))


def test_a_proxy_carries_files_and_no_images(site):
    broken = site(measured={"node1": {"endpoints": [away(upstream.FILES, "dl.k8s.io"), away(upstream.IMAGES, "quay.io")], "proxies": PROXY}})
    (finding,) = upstream.no_route(broken)
    assert finding.variable == "containerd_registry_mirrors" and finding.remedy.startswith("containerd uses no proxy of the environment")


def test_a_proxy_of_containerd_carries_images(site):
    behind = {"endpoints": [away(upstream.IMAGES, "quay.io")], "service_proxies": {"containerd.service": {"HTTPS_PROXY": "http://proxy.example.com:3128"}}}
    assert not list(upstream.no_route(site(measured={"node1": behind})))
    behind["service_proxies"] = {"kubelet.service": {"HTTPS_PROXY": "http://proxy.example.com:3128"}}
    assert len(list(upstream.no_route(site(measured={"node1": behind})))) == 1


def test_a_proxy_of_the_controller_without_exceptions(site):
    (finding,) = upstream.in_between(site(NAMED, environment=PROXY))
    assert (finding.host, finding.variable) == ("localhost", "https_proxy")
    assert finding.remedy.startswith("export no_proxy=k8s.example.com,wandb.example.com,s3.example.com,192.0.2.200,192.0.2.1,")


@pytest.mark.parametrize("environment", [{}, {**PROXY, "no_proxy": EVERYTHING, "NO_PROXY": EVERYTHING}, {**PROXY, "no_proxy": "*", "NO_PROXY": "*"}])
def test_no_proxy_in_between(site, environment):
    assert not list(upstream.in_between(site(NAMED, environment=environment)))


def test_two_spellings_that_differ(site, found):
    assert found(upstream.in_between(site(NAMED, environment={**PROXY, "no_proxy": EVERYTHING}))) == [("localhost", "no_proxy", "warning")]


def test_a_proxy_of_a_node_needs_the_ranges_of_the_cluster_too(site):
    exceptions = ".example.com,192.0.2.0/24"
    broken = site(NAMED, measured={"node1": {"proxies": {**PROXY, "no_proxy": exceptions}}, "db1": {"proxies": {**PROXY, "no_proxy": exceptions}}})
    (finding,) = upstream.in_between(broken)
    assert finding.host == "node1" and finding.remedy.startswith("echo no_proxy=.example.com,192.0.2.0/24,10.244.0.0/16,10.96.0.0/12 >> /etc/environment")


def test_a_proxy_that_a_former_installation_left_to_containerd(site):
    mirrors = {"containerd_registry_mirrors": [{"upstream": "docker.io", "url": "https://registry.inside.example.net:5000/v2/docker.io"}]}
    left = {"service_proxies": {"containerd.service": {**PROXY, "no_proxy": EVERYTHING}, "kubelet.service": {**PROXY, "no_proxy": EVERYTHING}}}
    (finding,) = upstream.services(site({**NAMED, **mirrors}, measured={"node1": left, "db1": left}))
    assert (finding.host, finding.variable) == ("node1", "https_proxy of containerd.service")
    assert finding.value.endswith("not past it: registry.inside.example.net")
    assert finding.remedy.endswith(f"Environment=NO_PROXY={EVERYTHING},registry.inside.example.net")
    assert not list(upstream.services(site(NAMED, measured={"node1": left})))


@pytest.mark.parametrize(("exceptions", "good"), [
    (EVERYTHING + ",mirror.example.net", True), (EVERYTHING + ",.example.net", True), (EVERYTHING + ",*.example.net", False), (EVERYTHING, False),
])
def test_the_mirror_is_fetched_from_by_python(site, exceptions, good):
    supplied = {**NAMED, "artifacts_mirror": "http://mirror.example.net:8080"}
    environment = {**PROXY, "no_proxy": exceptions, "NO_PROXY": exceptions}
    seen = [finding.value.rpartition(" ")[2] for finding in upstream.in_between(site(supplied, environment=environment))]
    assert seen == ([] if good else ["mirror.example.net"])
    found = list(upstream.in_between(site(supplied, measured={"db1": {"proxies": environment}})))
    assert [finding.host for finding in found] == ([] if good else ["db1"])


def test_helm_asks_a_cluster_that_is_there_already(site):
    kubeconfig = b"clusters: [{name: x, cluster: {server: 'https://api.elsewhere.example.org:6443'}}]"
    supplied = {"site_kubeconfig": "/kubeconfig"}
    groups = {"mysql": ["db1"], "redis": ["store1"], "minio": ["store1"]}
    exceptions = {**PROXY, "no_proxy": EVERYTHING, "NO_PROXY": EVERYTHING}
    (finding,) = upstream.in_between(site(supplied, groups=groups, files={"/kubeconfig": kubeconfig}, environment=exceptions))
    assert finding.value.endswith("not past it: api.elsewhere.example.org")
    assert not list(upstream.in_between(site(supplied, groups=groups, files={"/kubeconfig": b"[]"}, environment=exceptions)))


@pytest.mark.parametrize(
    ("name", "entry", "expected"),
    [
        *(("k8s.example.com", "example.com", True), ("k8s.example.com", ".example.com", True), ("k8s.example.com", "*.example.com", True)),
        *(("notexample.com", "example.com", False), ("192.0.2.7", "192.0.2.0/24", True), ("192.0.2.7", "192.0.2.7", True), ("192.0.2.7", "10.0.0.0/8", False)),
        *(("10.244.0.0/16", "10.0.0.0/8", True), ("10.0.0.0/8", "10.244.0.0/16", False), ("2001:db8::1", "10.0.0.0/8", False), ("x", "", False)),
    ],
)
def test_what_goes_past_a_proxy(name, entry, expected):
    assert upstream.exempt(name, [entry]) is expected


def test_what_systemd_gives_to_services(tmp_path):
    def write(name, text):
        (tmp_path / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "etc" / name).write_text(text, encoding="utf-8")

    assert proxies.of_services(str(tmp_path)) == {}
    write("systemd/system/containerd.service.d/http-proxy.conf", '[Service]\nEnvironment="HTTPS_PROXY=http://me:s3cret@proxy:3128" \\\n  NO_PROXY=a,b\n')
    write("systemd/system/kubelet.service.d/10.conf", "[Service]\nEnvironmentFile=-/etc/default/kubelet\nEnvironment=HTTP_PROXY=http://x\nEnvironment=\n")
    assert proxies.of_services(str(tmp_path)) == {"containerd.service": {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "a,b"}}
    write("default/kubelet", "# of a former node\nKUBELET_EXTRA_ARGS=--v=2\nHTTPS_PROXY='http://other:3128'\n")
    assert proxies.of_services(str(tmp_path))["kubelet.service"] == {"HTTPS_PROXY": "http://other:3128"}
    write("systemd/system.conf", "[Manager]\n#DefaultEnvironment=HTTP_PROXY=http://not\nDefaultEnvironment=ALL_PROXY=socks5://all:1080\n")
    assert proxies.of_services(str(tmp_path))["kubelet.service"]["ALL_PROXY"] == "socks5://all:1080"


def test_passwords_of_a_proxy_are_left_out():
    found = proxies.of_environment({"HTTPS_PROXY": "http://me:s3cret@proxy.example.com:3128", "no_proxy": "a", "HOME": "/root"})
    assert found == {"HTTPS_PROXY": "http://proxy.example.com:3128", "no_proxy": "a"}
    assert proxies.of_environment({"no_proxy": "a"}) == {}
