"""lab: the embedded site of onprem.wandb.

  lab build            fetch or build what the mirror serves (cached under ~/.cache/onprem-wandb)
  lab up [--hosts a,b] boot the mirror and the hosts
  lab cut --hosts a,b  cut the power of hosts with a kernel of their own; lab up gives it back
  lab down             remove this lab: containers, volumes, network, names, state
  lab status           what runs, where every artifact came from
  lab test             the stand-in's own tests, against real MySQL, Redis, S3 and Kubernetes API, with W&B's SDK as a client
  lab info             where the site is reached and how to log in
  lab hand-over        the hosts as an operator is given them, and the site's directory with the sample inventory filled in: .lab/mysite
  lab runs             three runs by W&B's SDK, and the four lines that a user needs
  lab kernel           where the kernel of LAB_KIND=uml is cached; exit code 1 where it is not
  lab fetch DIR        fill a site's own mirror from upstream

LAB_NAME, LAB_NET (inside 198.18.0.0/15) and LAB_OS (bookworm, trixie) choose another lab; LAB_KIND=uml gives its hosts a kernel of their own (each
command of that lab needs it, `lab down` does not). LAB_SOURCE (auto, upstream, build) says where
artifacts come from.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import binaries, cache, handover, hosts, mirror, packages, site_mirror, sources, uml
from .config import DEFAULT_HOSTS, HOSTS, REPO, Lab
from .shell import LabError, main, run, say

ETC_HOSTS = Path("/etc/hosts")


def names(lab: Lab, present: bool) -> None:
    """This machine stands for a user's machine: it knows the site's names while the lab is up."""
    begin, end = f"# onprem.wandb lab {lab.name}: begin", f"# onprem.wandb lab {lab.name}: end"
    lines, inside = [], False
    for line in ETC_HOSTS.read_text(encoding="utf-8").splitlines():
        inside = inside or line == begin
        if not inside:
            lines.append(line)
        inside = inside and line != end
    if present:
        lines += [begin, *[f"{address} {' '.join(found)}" for address, found in hosts.dns(lab, hosts.booted(lab))], end]
    ETC_HOSTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def keys(lab: Lab) -> None:
    """SSH key of this lab."""
    key = lab.state / "ssh/id_ed25519"
    if not key.exists():
        key.parent.mkdir(parents=True, exist_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"onprem.wandb {lab.name}", "-f", str(key))


def private_inventory(lab: Lab, chosen: list[str]) -> None:
    """Inventory of a lab other than the default one: the same variables, its own addresses and state."""
    if lab.name == "lab":
        return
    target = lab.state / "inventory"
    shutil.rmtree(target, ignore_errors=True)
    # Hosts with a kernel of their own lack nothing: what containers need stays out.
    left_out = ["secrets"] + (["machine.yml"] if lab.kind == "uml" else [])
    shutil.copytree(REPO / "inventories/lab", target, ignore=shutil.ignore_patterns(*left_out))
    if lab.kind == "uml":
        shutil.copy(uml.HERE / "site.yml", target / "group_vars/all/own_kernel.yml")
    # A group without hosts is named, too: a play on one that nobody has heard of is a warning.
    groups: dict[str, dict] = {group: {"hosts": {}} for _octet, names in HOSTS.values() for group in names}
    for host in chosen:
        for group in HOSTS[host][1]:
            groups[group]["hosts"][host] = {"ansible_host": lab.address(host)}
    (target / "hosts.yml").write_text(json.dumps({"all": {"children": groups}}, indent=1), encoding="utf-8")
    own = {"lab_state": str(lab.state), "lab_domain": lab.domain, "lab_database": lab.database}
    (target / "group_vars/all/private.yml").write_text(json.dumps(own), encoding="utf-8")


def build(lab: Lab) -> dict[str, Path]:
    """Fetch or build, and say so."""
    chosen = sources.choose(lab, sources.mode())
    parts, entries, built_images = mirror.assemble(lab.os, chosen)
    if lab.kind == "uml":
        uml.image(lab.os)
    sources.record(lab, chosen, entries, built_images)
    origin = ("from upstream: " + ", ".join(chosen.brought)) if chosen.brought else "all of it built here"
    say(f"everything that the mirror serves is there ({origin})")
    return parts


def fetch(target: str) -> None:
    """Fill the directory of a site's own mirror."""
    if not target:
        raise LabError("fetch needs a directory: lab/lab fetch /srv/mirror")
    print(site_mirror.fill(Path(target).resolve()))


def up(lab: Lab, chosen: list[str]) -> None:
    """Boot."""
    parts = build(lab)
    keys(lab)
    hosts.up(lab, chosen, parts)
    shutil.copy(lab.state / "mirror/tls.crt", lab.state / "mirror-ca.crt")
    names(lab, True)
    private_inventory(lab, chosen)


def cut(lab: Lab, chosen: list[str]) -> None:
    """The power of these hosts is gone, all at the same moment."""
    if off := [host for host in chosen if not uml.running(lab, host)]:
        raise LabError(f"{', '.join(off)} of lab {lab.name}: no host with a kernel of its own that is on. Next: LAB_NAME={lab.name} lab/lab status")
    for host in chosen:
        uml.cut(lab, host)
    say(f"without power: {', '.join(chosen)}")


def down(lab: Lab) -> None:
    """Remove."""
    hosts.down(lab)
    names(lab, False)
    if lab.name == "lab":
        for name in ("ssh", "mirror", "secrets", "kubeconfig", "mirror-ca.crt", "artifacts.json", "sources.json", lab.site.name, "vault-password"):
            path = lab.state / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    else:
        shutil.rmtree(lab.state, ignore_errors=True)
    say(f"lab {lab.name} is gone")


def status(lab: Lab) -> None:
    """Containers and the origin of each artifact."""
    print(hosts.podman("ps", "-a", "--filter", f"label={hosts.LABEL}={lab.name}", "--format", "table {{.Names}}\t{{.Status}}"), end="")
    print(uml.status(lab), end="")
    print(sources.status(lab))


def info(lab: Lab) -> None:
    """How to reach the site."""
    inventory = lab.site if lab.site.exists() else REPO / "inventories/lab" if lab.name == "lab" else lab.state / "inventory"
    vault = f"ANSIBLE_VAULT_PASSWORD_FILE={lab.vault_password} " if lab.site.exists() else ""
    print(f"""
W&B (stand-in)  https://wandb.{lab.domain}/          CA: {lab.secrets}/certificates/ca.crt
                curl --cacert {lab.secrets}/certificates/ca.crt https://wandb.{lab.domain}/
W&B's SDK       . {lab.secrets}/certificates/sdk-environment.sh, or REQUESTS_CA_BUNDLE and SSL_CERT_FILE of that CA; then
                WANDB_BASE_URL=https://wandb.{lab.domain} WANDB_API_KEY=(any 40 characters) python your_training.py; curves: /runs
Log in          the stand-in asks for nothing; its console for the password of Secret wandb/wandb-password:
                kubectl --kubeconfig {lab.kubeconfig} -n wandb get secret wandb-password -o jsonpath={{.data.password}} | base64 -d
Bucket          https://s3.{lab.domain}:9000          root password: {lab.secrets}/minio_root_password
Kubernetes      kubectl --kubeconfig {lab.kubeconfig} get pods -A
Playbooks       {vault}ansible-playbook -i {inventory} playbooks/verify.yml
Hosts           ssh -i {lab.state}/ssh/id_ed25519 -o UserKnownHostsFile={lab.state}/ssh/known_hosts root@{lab.address('cp1')}
""")


def runs(lab: Lab) -> None:
    """What a user of the site does: of it they know its name, its root certificates and a key."""
    trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), str(lab.secrets / "certificates/ca-bundle.crt"))
    site = {"WANDB_BASE_URL": f"https://wandb.{lab.domain}", "WANDB_API_KEY": "0" * 40}
    with tempfile.TemporaryDirectory() as home:
        own = {"HOME": home, "PATH": os.environ["PATH"], "PYTHONUTF8": "1", "WANDB_SILENT": "true"}
        done = subprocess.run([str(binaries.sdk()), str(REPO / "lab/standin/sdk/demo.py")], cwd=home, env={**own, **trust, **site}, check=False)
    if done.returncode:
        raise LabError(f"W&B's SDK could not log its runs at {site['WANDB_BASE_URL']}: its words are above. Next: lab/lab status")
    print("\nWhat a user needs, in the shell that the training starts from; curves: " + site["WANDB_BASE_URL"] + "/runs")
    for name, value in {**site, **trust}.items():
        print(f"export {name}={value}")


def kernel() -> None:
    """The kernel that hosts of LAB_KIND=uml boot: built by `lab/lab build`, and never by this."""
    if not uml.kernel_there():
        raise LabError("no kernel of user-mode Linux is cached. Next: LAB_NAME=vm LAB_KIND=uml lab/lab build (a quarter of an hour, once)")
    print(uml.kernel())


def test() -> None:
    """Prove the stand-in itself."""
    binaries.test_standin(next(packages.mysql().glob("*.tar.xz")))


def command() -> None:
    """Parse and dispatch."""
    parser = argparse.ArgumentParser(prog="lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["build", "up", "cut", "down", "status", "info", "prune", "test", "fetch", "runs", "kernel", "hand-over"])
    parser.add_argument("directory", nargs="?", default="", help="fetch: the root of the mirror")
    parser.add_argument("--hosts", default=",".join(DEFAULT_HOSTS), help="comma-separated host names (default: all but store2, store3, store4)")
    arguments = parser.parse_args()
    lab, chosen = Lab.from_env(), arguments.hosts.split(",")
    if unknown := set(chosen) - set(HOSTS):
        raise LabError(f"unknown host {', '.join(sorted(unknown))}; known: {', '.join(HOSTS)}")
    actions = {
        "build": lambda: build(lab), "up": lambda: up(lab, chosen), "cut": lambda: cut(lab, chosen), "down": lambda: down(lab),
        "status": lambda: status(lab), "info": lambda: info(lab), "prune": lambda: (build(lab), uml.keep(), cache.prune()), "test": test,
        "fetch": lambda: fetch(arguments.directory), "runs": lambda: runs(lab), "kernel": kernel, "hand-over": lambda: handover.site(lab),
    }
    actions[arguments.verb]()


def entry() -> None:
    """Console entry."""
    main(command)
