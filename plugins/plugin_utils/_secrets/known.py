# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: every secret that the collection makes, who needs it, and what proves that a host was set up with one. The one table."""

from __future__ import annotations

from dataclasses import dataclass

from .. import _store_wiring

MYSQL_EVIDENCE = ("/var/lib/onprem-wandb/mysql-role.json", "/etc/onprem-wandb/mysql/guard.json")
BUNDLE = "ca-bundle.crt"  # in the directory of certificates; role certificates writes it beside whatever it makes or is given
# What says which of the bucket's keys counts. Not a secret: it goes where the secrets go.
ACCESS_KEY = _store_wiring.KEY_FILE
FIRST_ACCESS_KEY = _store_wiring.FIRST_KEY


@dataclass(frozen=True)
class Secret:
    """One secret, named after its file below the directory of secrets."""

    name: str
    group: str  # whose hosts are set up with it
    variables: tuple[str, ...] = ()  # any of them, set by the inventory, takes the place of the file
    evidence: tuple[str, ...] = ()  # "path" or "path::text" on a host: it was set up with such a secret
    optional: bool = False  # only a site that asks for more has it, so it is not announced


KNOWN: tuple[Secret, ...] = (
    Secret("mysql_app_password", "mysql", ("mysql_app_password", "wandb_mysql_password"), MYSQL_EVIDENCE),
    Secret("mysql_replication_password", "mysql", ("mysql_replication_password",), MYSQL_EVIDENCE),
    Secret("mysql_clone_password", "mysql", ("mysql_clone_password",), MYSQL_EVIDENCE),
    Secret("mysql_backup_password", "mysql", ("mysql_backup_password",), ("/etc/onprem-wandb/mysql-backup/environment",)),
    Secret("mysql_backup_secret_key", "mysql", ("mysql_backup_secret_key",), ("/etc/onprem-wandb/mysql-backup/environment",)),
    Secret("redis_password", "redis", ("redis_password", "wandb_redis_password"), ("/etc/redis/auth.conf",)),
    Secret("redis_admin_password", "redis", ("redis_admin_password",), ("/etc/redis/auth.conf",)),
    Secret("minio_root_password", "minio", ("minio_root_password",), ("/etc/default/minio::MINIO_ROOT_PASSWORD",)),
    Secret("minio_secret_key", "minio", ("minio_secret_key", "wandb_bucket_secret_key"), ("/etc/default/minio::MINIO_ROOT_PASSWORD",)),
    Secret("minio_backup_secret_key", "minio", ("minio_backup_secret_key",), ("/etc/onprem-wandb/minio-backup/rclone.conf",), optional=True),
    Secret(
        BUNDLE,
        "all",
        (),
        (
            "/usr/local/share/ca-certificates/onprem-wandb.crt",
            "/etc/pki/ca-trust/source/anchors/onprem-wandb.crt",
            "/etc/onprem-wandb/mysql/ca.crt",
            "/etc/redis/tls/ca.crt",
            "/etc/minio/certs/CAs/ca.crt",
        ),
    ),
)
FILES = (
    *(secret.name for secret in KNOWN if secret.variables),
    *(ACCESS_KEY, "kubeconfig", "certificates/ca-bundle.crt", "certificates/ca.crt", "certificates/ca.key"),
)


def of(name: str) -> Secret:
    """The entry of a file's name. A key that took the place of the bucket's first one is named after it, as in minio_secret_key_wandbfiles2."""
    fitting = [secret for secret in KNOWN if name == secret.name or name.startswith(secret.name + "_")]
    if not fitting:
        raise ValueError(f"No secret is named {name}. Known names: {', '.join(secret.name for secret in KNOWN)}.")
    return max(fitting, key=lambda secret: len(secret.name))
