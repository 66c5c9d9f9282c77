# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bucket of somebody else: role wandb asks it before it installs anything, and goes on only when it is good or the finding is named."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from typing import Any

import pytest
import yaml
from s3_proxy import Request, refuse
from s3_server import NAME, SECRET

TOP = pathlib.Path(__file__).resolve().parents[2]
GOES_ON = "Look at the cluster"  # the first task behind the question


def install(site: Any, port: int, work: pathlib.Path, accepted: list[str]) -> str:
    """The playbook wandb against the bucket behind this port, and no cluster. What it printed."""
    (work / "hosts.yml").write_text("all: {children: {kube_node: {hosts: {node1: {ansible_host: 127.0.0.1}}}}}\n", encoding="utf-8")
    (work / "secrets/certificates").mkdir(parents=True, exist_ok=True)
    for name in ("ingress.crt", "ingress.key"):
        (work / "secrets/certificates" / name).write_text("x\n", encoding="utf-8")
    variables = {
        "site_secrets_dir": str(work / "secrets"), "site_kubeconfig": str(work / "no-kubeconfig"), "wandb_fqdn": "wandb.storage.test",
        "wandb_license": "none", "wandb_mysql_host": "127.0.0.1", "wandb_mysql_password": "x", "wandb_redis_host": "127.0.0.1",
        "wandb_redis_password": "x", "wandb_bucket_endpoint": f"127.0.0.1:{port}", "wandb_bucket_access_key": "wandbfiles",
        "wandb_bucket_secret_key": SECRET, "wandb_ca_file": str(site.ca.file), "wandb_accept_storage_findings": accepted,
    }  # fmt: skip
    (work / "vars.yml").write_text(yaml.safe_dump(variables), encoding="utf-8")
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}
    command = ["ansible-playbook", "-i", str(work / "hosts.yml"), "-e", f"@{work / 'vars.yml'}", str(TOP / "playbooks/wandb.yml")]
    done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert SECRET not in done.stdout + done.stderr
    return done.stdout + done.stderr


def no_cors(wanted: Request, reply: Any) -> None:
    reply.headers = [(name, value) for name, value in reply.headers if not name.lower().startswith("access-control-")]


def no_presigned_upload(wanted: Request) -> Any:
    return refuse(403, "AccessDenied") if wanted.presigned and wanted.method == "PUT" else None


CASES = {
    "no CORS": ({"after": no_cors}, ["cors_preflight", "cors_response"]),
    "no presigned access": ({"before": no_presigned_upload}, ["multipart", "presigned_put"]),
}


@pytest.mark.parametrize("name", CASES)
def test_wandb_is_not_installed_unless_the_finding_is_named(site: Any, tmp_path: pathlib.Path, name: str) -> None:
    faults, found = CASES[name]
    proxy = site.proxy(certificate=str(site.ca.leaf("loopback", names=(NAME,), addresses=("127.0.0.1",))), **faults)
    try:
        refused = install(site, proxy.port, tmp_path, [])
        partly = install(site, proxy.port, tmp_path, found[:1])
        accepted = install(site, proxy.port, tmp_path, found)
    finally:
        proxy.close()
    for probe in found:
        assert f"- {probe}: seen" in refused, refused[-3000:]
    assert GOES_ON not in refused
    assert GOES_ON not in partly
    assert f"- {found[0]}: seen" not in partly
    assert GOES_ON in accepted, accepted[-3000:]


def test_a_good_bucket_needs_no_word(site: Any, tmp_path: pathlib.Path) -> None:
    proxy = site.proxy(certificate=str(site.ca.leaf("loopback", names=(NAME,), addresses=("127.0.0.1",))))
    try:
        output = install(site, proxy.port, tmp_path, [])
    finally:
        proxy.close()
    assert GOES_ON in output, output[-3000:]
    assert json.dumps("cors_preflight") not in output
