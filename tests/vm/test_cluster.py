# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster on hosts with a kernel of their own: cgroup v2, swap and a firewall from the start, true reboots and power cuts. In this order."""

from __future__ import annotations

import json
import pathlib
import re
import time

from machines import Lab, until

HOSTS = ("cp1", "node1")
LAYERS = ("hosts", "kubernetes", "addons")
ROWS = ("EX-21", "EX-23", "EX-24", "EX-25", "EX-26")  # CoreDNS on two nodes is no matter of its second pod here: cp1 takes no pods of a site
RECOVERY = 300  # seconds from a boot until a pod answers from the other host


def test_it_is_what_it_says(lab: Lab) -> None:
    """Nothing below is worth a thing on a container."""
    for host in HOSTS:
        assert "Linux" in lab.on(host, "uname -s") and "uml" in lab.on(host, "cat /proc/cpuinfo").lower()
        assert lab.on(host, "stat -f -c %T /sys/fs/cgroup").strip() == "cgroup2fs"
        assert lab.on(host, "swapon --noheadings --show=NAME").strip() == "/dev/ubdb"
        assert "policy drop" in lab.on(host, "nft list ruleset")
    assert not (lab.state / "inventory/group_vars/all/machine.yml").exists()


def test_the_cluster_is_installed(lab: Lab) -> None:
    begun = time.monotonic()
    said = lab.play(*LAYERS)
    assert "failed=0" in said and not re.search(r"(failed|unreachable)=[1-9]", said), said[-4000:]
    print(f"installed in {time.monotonic() - begun:.0f} s")
    for host in HOSTS:
        assert lab.on(host, "swapon --noheadings --show=NAME").strip() == ""
    until(lambda: silent(lab), RECOVERY)
    healthy(lab)


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    said = lab.play(*LAYERS)
    recap = dict(re.findall(r"^(\S+) .*changed=(\d+)", said.rpartition("PLAY RECAP")[2], re.MULTILINE))
    assert {name: recap.get(name) for name in HOSTS} == dict.fromkeys(HOSTS, "0") and "WARNING" not in said, said[-3000:]


def test_both_boot_again(lab: Lab) -> None:
    before = {host: lab.boot(host) for host in HOSTS}
    for host in HOSTS:
        lab.answer(host, "systemctl reboot", 30)
    back(lab, before)


def test_the_power_of_a_node_is_cut(lab: Lab) -> None:
    before = {"node1": lab.boot("node1")}
    lab.power("cut", "node1")
    lab.power("up", "cp1", "node1")
    back(lab, before)


def back(lab: Lab, before: dict[str, str]) -> None:
    """Everything is there again by itself."""
    took = until(lambda: " ".join(host for host, boot in before.items() if lab.boot(host) in ("", boot)), 120)
    print(f"SSH of {', '.join(before)} after {took:.0f} s")
    print(f"DNS of the cluster from both hosts after {took + until(lambda: silent(lab), RECOVERY):.0f} s")
    for host in before:
        assert lab.on(host, "swapon --noheadings --show=NAME").strip() == ""
        assert lab.on(host, "systemctl --failed --no-legend --plain").strip() == ""
    healthy(lab)


ASK = """
import socket, sys
question = b"\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x0akubernetes\\x07default\\x03svc\\x07cluster\\x05local\\x00\\x00\\x01\\x00\\x01"
for address in sys.argv[1:]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(3)
        try:
            asking.sendto(question, (address, 53))
            answer = asking.recv(512)
        except OSError as error:
            print(address, error)
            continue
        if answer[3] & 15 or not int.from_bytes(answer[6:8], "big"):
            print(address, "answers without an address:", answer[:12].hex())
"""


def silent(lab: Lab) -> str:
    """What of the cluster's DNS does not answer a host: each of its pods, wherever it is, and its service; empty when all do."""
    kubectl = "kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=10s"
    code, said = lab.answer("cp1", f"{kubectl} -n kube-system get pods,svc -l k8s-app=kube-dns -o json")
    if code:
        return said[-300:]
    items = json.loads(said)["items"]
    pods = [one["status"] for one in items if one["kind"] == "Pod"]
    if not pods or any(not all(part["ready"] for part in pod.get("containerStatuses") or [{"ready": False}]) for pod in pods):
        return "pods of CoreDNS are not ready: " + " ".join(pod.get("phase", "") for pod in pods)
    addresses = [pod["podIP"] for pod in pods] + [one["spec"]["clusterIP"] for one in items if one["kind"] == "Service"]
    told = [f"{host}: {said.strip()}" for host in HOSTS if (said := lab.answer(host, f"python3 - {' '.join(addresses)} <<'X'\n{ASK}X\n")[1]).strip()]
    return "; ".join(told)


def healthy(lab: Lab) -> None:
    """verify's rows about the cluster. W&B and its data tier are not there, so that other rows fail."""
    report = pathlib.Path(lab.state / "rows.json")
    report.unlink(missing_ok=True)
    said = lab.play("verify", verify_json=str(report))
    assert report.exists(), said[-3000:]
    rows = {row["id"]: row for row in json.loads(report.read_text(encoding="utf-8"))["rows"]}
    assert {name: rows[name]["result"] for name in ROWS} == dict.fromkeys(ROWS, "pass"), [rows[name] for name in ROWS]
