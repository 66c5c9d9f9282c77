# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: names of other rooms that the rules ask for. The only place to edit when one of them is renamed.

A unit test holds these names against the argument specs of the roles.
"""

from __future__ import annotations

from typing import Any

# Variables of the site itself: no role owns them, every role maps them in its defaults.
SITE_OPTIONS: dict[str, dict[str, Any]] = {
    "site_name": {"type": "str", "required": True, "description": "name that destructive playbooks ask for"},
    "wandb_fqdn": {"type": "str", "required": True, "description": "host name of W&B, such as wandb.example.com"},
    "site_secrets_dir": {"type": "path"},
    "site_accept_new_secrets": {"type": "str"},
    "site_kubeconfig": {"type": "path"},
    "artifacts_mirror": {"type": "str"},
    "artifacts_overrides": {"type": "dict"},
    "host_address": {"type": "str"},
    "mysql_primary": {"type": "str"},
}

# role, variable with the version, artifacts of the catalogue
ARTIFACT_VERSIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("containerd", "containerd_version", ("containerd",)),
    ("containerd", "containerd_runc_version", ("runc",)),
    ("containerd", "containerd_cni_plugins_version", ("cni-plugins",)),
    ("kubernetes", "kubernetes_version", ("kubeadm", "kubelet", "kubectl")),
    ("mysql", "mysql_version", ("mysql",)),
    ("minio", "minio_version", ("minio",)),
    ("wandb", "wandb_helm_version", ("helm",)),
)

# Values that end up inside an address which W&B puts together without encoding.
CREDENTIALS = (
    "mysql_backup_secret_key",
    "minio_backup_secret_key",
    "redis_admin_password",
    "mysql_app_password",
    "mysql_replication_password",
    "mysql_clone_password",
    "redis_password",
    "minio_root_user",
    "minio_root_password",
    "minio_access_key",
    "minio_secret_key",
    "wandb_mysql_user",
)

# empty group -> what, variables that must then be set, (host variable, port variable, default port) to be reached from the nodes
EXTERNAL: dict[str, tuple[str, tuple[str, ...], tuple[str, str, int]]] = {
    "mysql": ("MySQL", ("wandb_mysql_host", "wandb_mysql_password"), ("wandb_mysql_host", "wandb_mysql_port", 3306)),
    "redis": ("Redis", ("wandb_redis_host", "wandb_redis_password"), ("wandb_redis_host", "wandb_redis_port", 6379)),
    "minio": ("S3", ("wandb_bucket_access_key", "wandb_bucket_secret_key"), ("wandb_bucket_endpoint", "", 443)),
}

# Host names that people and programs outside type.
NAMES = ("wandb_fqdn", "minio_fqdn")

# entry of certificates_provided -> variable with the host name it is for
CERTIFICATE_NAMES = {"ingress": "wandb_fqdn", "minio": "minio_fqdn"}

# group, variable with one path or a list of them (or None), path when the variable is not set
DATA_PATHS: tuple[tuple[str, str | None, str], ...] = (
    ("kube", None, "/var/lib/containerd"),
    ("kube", None, "/var/lib/kubelet"),
    ("kube", "storage_path", "/opt/local-path-provisioner"),
    ("kube_control_plane", None, "/var/lib/etcd"),
    ("mysql", "mysql_data_dir", "/var/lib/mysql"),
    ("redis", "redis_data_dir", "/var/lib/redis"),
    ("minio", "minio_volumes", "/var/lib/minio/data"),
)

# role -> its variable with the packages of the distribution that it installs. bucket_check's is not here: storage_check is no part of a site's run.
PACKAGES = {
    "host": "__host_packages",
    "mysql": "mysql_packages",
    "mysql_backup": "mysql_backup_packages",
    "redis": "redis_package_names",
    "minio_backup": "minio_backup_packages",
}

# Units of distribution packages that the collection configures -> proofs that it did. The first one is there before the package, so that
# a run that was interrupted right after the package started its service can go on.
REDIS_MARKERS = ["/etc/onprem-wandb/redis/host", "/etc/redis/redis.conf::onprem.wandb"]
MANAGED_UNITS = {"redis-server.service": REDIS_MARKERS, "redis.service": REDIS_MARKERS}
