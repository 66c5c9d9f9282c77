# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The producers, each before a real service on loopback, by the name of its recording."""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import Any

import boto3
import cluster_site
import mysql_backups
import mysql_servers
import s3_server
import servers
from ansible_collections.onprem.wandb.tests.unit.plugins.modules import mysql_look
from module_run import TOP, module
from s3_proxy import Proxy

Results = dict[str, dict[str, Any]]
MIRROR = TOP / "roles/minio_backup/files"


def lab(name: str) -> Any:
    """A part of the lab's builder: it has real programs, or builds them."""
    sys.path.insert(0, str(TOP / "lab"))
    return importlib.import_module(f"lablib.{name}")


def redis(work: pathlib.Path) -> Results:
    """redis_check before a server as the role leaves it: TLS, a password, a limit."""
    pki = servers.Pki(work)
    tls = ["tls-cert-file", pki.write("server.crt", pki.leaf(), pki.middle), "tls-key-file", pki.path("server.key"), "tls-ca-cert-file", pki.path("root.crt")]
    asked = {"host": "127.0.0.1", "password": servers.PASSWORD, "tls": True, "ca_file": pki.path("root.crt"), "report_only": True}
    with servers.redis(work, tls) as port:
        return {"redis_check": module("onprem.wandb.redis_check", port=port, **asked)}


def mysql(_work: pathlib.Path) -> Results:
    """mysql_check, the program mysql-backup on both members of a pair, mysql_replica_info on each, and on the host of a server that was stopped."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="pair-"))  # the servers' user may look into no directory of pytest
    work.chmod(0o755)
    try:
        with mysql_servers.pair(work) as pair:
            ids = [server.value("SELECT @@server_uuid") for server in pair]
            found = measured(work, *pair)
    finally:
        shutil.rmtree(work)
    text = json.dumps(found)
    for old, new in (*zip(ids, mysql_look.UUID.values()), *zip(mysql_servers.ADDRESSES, mysql_look.ADDRESS.values()), (str(work), "/recorded")):
        text = text.replace(old, new)
    return dict(json.loads(text))


def measured(work: pathlib.Path, primary: mysql_servers.Mysql, standby: mysql_servers.Mysql) -> Results:
    """Everything, in the order of a site's life."""
    primary.sql("CREATE TABLE wandb_local.runs (id INT PRIMARY KEY)", "INSERT INTO wandb_local.runs VALUES (1), (2)")
    login = {"host": primary.address, "password": mysql_servers.APP}
    found = {"mysql_check": module("onprem.wandb.mysql_check", login_unix_socket=primary.socket, sync_milliseconds=10000, **login)}
    backups = mysql_backups.Backups(work, lab("packages").unpacked("restic") / "usr/bin/restic", primary, standby)
    found["mysql_backup_setup"] = backups.run(standby, "setup")
    for verb in mysql_backups.STEPS[1:]:
        if verb == "ship":
            primary.sql("INSERT INTO wandb_local.runs VALUES (3)")
            standby.holds("SELECT COUNT(*) FROM wandb_local.runs", "3")
        found[f"mysql_backup_{verb}"] = backups.run(standby, verb)
        found["mysql_backup_idle"] = backups.run(primary, verb)
    found["mysql_backup_would_full"], found["mysql_backup_would_verify"] = backups.run(standby, "would", "full"), backups.run(standby, "would", "verify")
    found["mysql_backup_would_nothing"] = backups.run(primary, "would", "full")
    found["mysql_backup_status"] = backups.run(standby, "status")
    found["mysql_backup_plan"] = backups.run(standby, "plan")
    found["mysql_backup_restore_state"] = backups.run(primary, "restore-state")
    for name, server, other in (("mysql_primary", primary, standby), ("mysql_standby", standby, primary), ("mysql_stopped", standby, primary)):
        if name == "mysql_stopped":
            standby.stop()
        files = {f"{option}_file": str(server.directory / f"{option}_file") for option in ("guard_status", "role", "marker", "journal")}
        found[name] = module(
            "onprem.wandb.mysql_replica_info", login_unix_socket=server.socket, peers=[{"host": other.address}], peer_user="replication",
            peer_password=mysql_servers.REPLICATION, ssl={"ca": str(server.ca)}, measure=server is primary, my_cnf=str(server.directory / "my.cnf"),
            backup_status_file=str(backups.state(server) / "status.json"), **files,
        )  # fmt: skip
    backups.run(primary, "prepare")
    primary.stop()
    backups.run(primary, "place")
    found["mysql_backup_placed"] = backups.run(primary, "plan")
    primary.start()
    found["mysql_backup_finish"] = backups.run(primary, "finish")
    return found


def object_store(work: pathlib.Path) -> Results:
    """s3_bucket_check, minio_info, and the mirror's program with minio_backup_info after it."""
    server = s3_server.Minio(work)
    server.start()
    try:
        server.declare("wandbfiles", "wandb-files", s3_server.policy(), versioning=True, noncurrent_days=30)
        authority = s3_server.Authority(work)
        proxy = Proxy(server.port, str(authority.leaf("good")), None, None)
        root = {"root_user": s3_server.ROOT, "root_password": s3_server.PASSWORD}
        return {
            "s3_bucket_check": module(
                "onprem.wandb.s3_bucket_check", endpoint=f"https://{s3_server.NAME}:{proxy.port}", connect_to="127.0.0.1", ca_file=str(authority.file),
                bucket=s3_server.BUCKET, access_key="wandbfiles", secret_key=s3_server.SECRET, origins=[s3_server.ORIGIN],
                prefix=".onprem-wandb-check/recorded", report_only=True,
            ),
            "minio_info": module("onprem.wandb.minio_info", endpoint=server.url, bucket=s3_server.BUCKET, **root),
            "minio_backup_info": mirror(work, server),
        }  # fmt: skip
    finally:
        server.stop()


def mirror(work: pathlib.Path, server: s3_server.Minio) -> dict[str, Any]:
    """What is told after the first run of the mirror's program."""
    client = boto3.client(
        "s3", endpoint_url=server.url, aws_access_key_id=s3_server.ROOT, aws_secret_access_key=s3_server.PASSWORD, region_name="us-east-1"
    )
    client.put_object(Bucket=s3_server.BUCKET, Key="run/config.yaml", Body=b"lr: 0.1")
    etc, state = work / "etc", work / "state"
    for directory in (etc, state, work / "roots", work / "mirror"):
        directory.mkdir()
    config = {
        "source": f"source:{s3_server.BUCKET}", "target": f"target:{work}/mirror", "kind": "local", "place": "local", "roots": str(work / "roots"),
        "state": str(state), "keep_days": 30, "max_loss_percent": 20, "sample_mb": 100, "rclone_oldest": "1.59", "transfers": 8, "bandwidth": "",
        "max_age_hours": 26,
    }  # fmt: skip
    (etc / "config.json").write_text(json.dumps(config), encoding="utf-8")
    source = {"type": "s3", "provider": "Minio", "endpoint": server.url, "region": "us-east-1", "access_key_id": s3_server.ROOT}
    source |= {"secret_access_key": s3_server.PASSWORD, "no_check_bucket": "true"}
    sections = {"source": source, "target": {"type": "local"}}
    text = "".join(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in options.items()) for name, options in sections.items())
    (etc / "rclone.conf").write_text(text, encoding="utf-8")
    path = f"{lab('packages').unpacked('rclone')}/usr/bin:{os.environ['PATH']}"
    environment = {**os.environ, "MINIO_BACKUP_ETC": str(etc), "PATH": path, "PYTHONPATH": f"{MIRROR}:{TOP / '.lab/collections'}"}
    environment.pop("AWS_CA_BUNDLE", None)
    subprocess.run([sys.executable, "-c", "import sys; from minio_backup.cli import main; sys.exit(main(['run']))"], env=environment, check=True, timeout=120)
    return module("onprem.wandb.minio_backup_info", path=str(state / "status.json"))


def cluster(work: pathlib.Path) -> Results:
    """cluster_info, wandb_instance_info and ingress_check."""
    with cluster_site.cluster(work) as made:
        asked = {"ca_file": made.ca_file, "host": cluster_site.HOST}
        helm = lab("binaries").component("helm") / "helm"
        return {
            "cluster_info": module("onprem.wandb.cluster_info", kubeconfig=made.kubeconfig, helm_binary=str(helm)),
            "wandb_instance_info": module(
                "onprem.wandb.wandb_instance_info", kubeconfig=made.kubeconfig, ingress_addresses=["127.0.0.1"], ingress_port=made.https_port, **asked
            ),
            "ingress_check": module("onprem.wandb.ingress_check", addresses=["127.0.0.1"], http_port=made.http_port, https_port=made.https_port, **asked),
        }


# By the names of what it writes.
PRODUCERS = {
    ("redis_check",): redis,
    ("cluster_info", "wandb_instance_info", "ingress_check"): cluster,
    ("mysql_check", *(f"mysql_{name}" for name in ("primary", "standby", "stopped")), *(f"mysql_backup_{name}" for name in mysql_backups.RECORDED)): mysql,
    ("s3_bucket_check", "minio_info", "minio_backup_info"): object_store,
}
