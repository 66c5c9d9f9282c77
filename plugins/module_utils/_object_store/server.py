# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to the administration interface of a server of the MinIO kind. PRIVATE to the collection."""

from __future__ import annotations

import functools
import json
import time
import traceback
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._object_store.account import Seen, Step, Wanted, attached_policies
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Endpoint

try:
    import urllib3
    from minio import Minio
    from minio.commonconfig import ENABLED, Filter
    from minio.credentials import StaticProvider
    from minio.error import MinioAdminException, MinioException, S3Error
    from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule
    from minio.minioadmin import MinioAdmin
    from minio.versioningconfig import SUSPENDED, VersioningConfig

    MINIO_ERROR: t.Optional[str] = None
except ImportError:
    MINIO_ERROR = traceback.format_exc()

PAUSE = 0.25
UNVERSIONED = [".onprem-wandb-check/*"]  # objects of the checks; an extension of servers of the MinIO kind
RULE = "onprem-wandb-versions"  # the id of our lifecycle rule; rules of others stay
STARTING = ("XMinioServerNotInitialized", "XMinioAdminServerNotInitialized", "SlowDown", "ServiceUnavailable", "XMinioIAMNotInitialized")


class Unreachable(Exception):
    """Nothing usable answers; the text is a sentence."""


def error_part(text: str, name: str) -> str:
    """A part of an error document of the administration interface."""
    try:
        return str(json.loads(text).get(name, ""))
    except (ValueError, AttributeError):
        return ""


class Server:
    """The server, as its administrator and as the user."""

    def __init__(self, endpoint: Endpoint, root_user: str, root_password: str, region: str) -> None:
        self.endpoint = endpoint
        self.root_user = root_user
        self.region = region
        timeout = urllib3.Timeout(connect=5, read=15)
        context = endpoint.context() if endpoint.secure else None
        self.http = urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(0), ssl_context=context)
        self.admin = MinioAdmin(
            endpoint=endpoint.netloc, credentials=StaticProvider(root_user, root_password), region=region, secure=endpoint.secure, http_client=self.http
        )
        self.root = self._client(root_user, root_password)

    def _client(self, access_key: str, secret_key: str) -> t.Any:
        return Minio(
            endpoint=self.endpoint.netloc,
            access_key=access_key,
            secret_key=secret_key,
            region=self.region,
            secure=self.endpoint.secure,
            http_client=self.http,
        )

    # --- looking -----------------------------------------------------------------------------------------------------------

    def look(self, wanted: Wanted, secret_key: str, patience: float) -> Seen:
        """The state of bucket, policy and user; waits for a server that is starting."""
        end = time.monotonic() + patience
        while True:
            try:
                return self._look(wanted, secret_key)
            except (MinioException, MinioAdminException) as error:
                code, text = self._explain(error)
                if code not in STARTING or time.monotonic() > end:
                    raise Unreachable(self._sentence(code, text)) from error
            except (urllib3.exceptions.HTTPError, OSError) as error:
                reason = getattr(error, "reason", error)  # without urllib3's words about retries
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise ValueError(
                        f"{self.endpoint.url}: its certificate is not good: {reason}. Expected one for {self.endpoint.host} by a CA in "
                        f"{self.endpoint.ca_file or 'the system store'}."
                    ) from error
                if time.monotonic() > end:
                    raise Unreachable(
                        f"{self.endpoint.url}: no answer at {self.endpoint.connect_to or self.endpoint.host} ({type(reason).__name__}: {reason}). "
                        "Next, on the host: systemctl status minio"
                    ) from error
            time.sleep(PAUSE)

    def _look(self, wanted: Wanted, secret_key: str) -> Seen:
        # The policy first: unlike the bucket's HEAD, its answer has a body that says why an administrator is refused.
        seen = Seen(policy=self._policy(wanted.policy_name))
        seen.bucket = self.root.bucket_exists(bucket_name=wanted.bucket)
        user = self._user(wanted.access_key)
        if user is not None:
            seen.user = True
            seen.enabled = user.get("status") == "enabled"
            seen.attached = attached_policies(user)
            seen.secret_valid = self._signs(wanted, secret_key) if seen.enabled else False
        seen.retired = [key for key in wanted.retired if self._user(key) is not None]
        if seen.bucket:
            self._look_at_bucket(wanted, seen)
        return seen

    def _look_at_bucket(self, wanted: Wanted, seen: Seen) -> None:
        if wanted.versioning is not None:
            seen.versioning = self.root.get_bucket_versioning(bucket_name=wanted.bucket).status == ENABLED
        if wanted.noncurrent_days is not None:
            ours = [rule for rule in self._rules(wanted.bucket) if rule.rule_id == RULE and rule.status == ENABLED and rule.noncurrent_version_expiration]
            seen.noncurrent_days = int(ours[0].noncurrent_version_expiration.noncurrent_days or 0) if ours else 0
        if wanted.quota is not None:
            seen.quota = int((self._ask(self.admin.bucket_quota_get, wanted.bucket, missing="NoSuchQuotaConfiguration") or {}).get("quota") or 0)

    def _rules(self, bucket: str) -> list[t.Any]:
        config = self.root.get_bucket_lifecycle(bucket_name=bucket)
        return list(config.rules) if config else []

    def _policy(self, name: str) -> t.Optional[dict[str, t.Any]]:
        document = self._ask(self.admin.policy_info, name, missing="NoSuchPolicy")
        return document.get("Policy", document) if document is not None else None

    def _user(self, access_key: str) -> t.Optional[dict[str, t.Any]]:
        return self._ask(self.admin.user_info, access_key, missing="NoSuchUser")

    @staticmethod
    def _ask(question: t.Callable[[str], str], name: str, missing: str) -> t.Optional[dict[str, t.Any]]:
        try:
            return json.loads(question(name))
        except MinioAdminException as error:
            if missing in error_part(error._body, "Code"):
                return None
            raise

    def _signs(self, wanted: Wanted, secret_key: str) -> bool:
        """Whether the server accepts the user's signature. What the user may do is another matter."""
        try:
            next(iter(self._client(wanted.access_key, secret_key).list_objects(bucket_name=wanted.bucket)), None)
        except S3Error as error:
            if error.code in ("SignatureDoesNotMatch", "InvalidAccessKeyId"):
                return False
            if error.code not in ("AccessDenied", "NoSuchBucket"):
                raise
        return True

    def health(self, bucket: str) -> tuple[str, int]:
        """The document of the request info, and the bucket's quota in bytes."""
        try:
            quota = self._ask(self.admin.bucket_quota_get, bucket, missing="NoSuchQuotaConfiguration") or {}
            return self.admin.info(), int(quota.get("quota") or 0)
        except (MinioException, MinioAdminException) as error:
            raise Unreachable(self._sentence(*self._explain(error))) from error
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{self.endpoint.url}: no answer ({error}). Next, on the host: systemctl status minio") from error

    # --- acting ------------------------------------------------------------------------------------------------------------

    def carry_out(self, steps: t.Sequence[Step], wanted: Wanted, secret_key: str) -> None:
        """Do the steps and look again: what was declared is what is there."""
        actions: dict[str, t.Callable[[], t.Any]] = {
            "make_bucket": lambda: self.root.make_bucket(bucket_name=wanted.bucket, location=wanted.region),
            "put_policy": lambda: self.admin.policy_add(wanted.policy_name, policy=dict(wanted.policy)),
            "put_user": lambda: self.admin.user_add(wanted.access_key, secret_key),
            "enable_user": lambda: self.admin.user_enable(wanted.access_key),
            "attach_policy": lambda: self.admin.policy_set(wanted.policy_name, user=wanted.access_key),
            "put_versioning": lambda: self.root.set_bucket_versioning(
                bucket_name=wanted.bucket, config=VersioningConfig(ENABLED, excluded_prefixes=UNVERSIONED) if wanted.versioning else VersioningConfig(SUSPENDED)
            ),
            "put_lifecycle": lambda: self._put_rule(wanted.bucket, wanted.noncurrent_days or 0),
            "put_quota": lambda: self.admin.bucket_quota_set(wanted.bucket, wanted.quota or 0),
            **{f"remove_user {key}": functools.partial(self.admin.user_remove, key) for key in wanted.retired},
        }
        for step in steps:
            try:
                actions[step.action]()
            except (MinioException, MinioAdminException) as error:
                code, text = self._explain(error)
                raise ValueError(f"{self.endpoint.url}: {step.action} was refused: {code} {text}") from error
            except urllib3.exceptions.HTTPError as error:
                raise Unreachable(f"{self.endpoint.url}: the connection broke at {step.action} ({error}). Run again.") from error

    def _put_rule(self, bucket: str, days: int) -> None:
        """Our rule beside those of others. What W&B deletes leaves a marker and an old version: both go, or the disk never gets emptier."""
        rules = [rule for rule in self._rules(bucket) if rule.rule_id != RULE]
        if days:
            rules.append(
                Rule(
                    status=ENABLED,
                    rule_id=RULE,
                    rule_filter=Filter(prefix=""),
                    expiration=Expiration(expired_object_delete_marker=True),
                    noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=days),
                )
            )
        if rules:
            self.root.set_bucket_lifecycle(bucket_name=bucket, config=LifecycleConfig(rules))
        else:
            self.root.delete_bucket_lifecycle(bucket_name=bucket)

    def _explain(self, error: Exception) -> tuple[str, str]:
        if isinstance(error, S3Error):
            return error.code or "", error.message or ""
        if not isinstance(error, MinioAdminException):
            return type(error).__name__, str(error)
        code = error_part(error._body, "Code")
        return code, error_part(error._body, "Message") if code else f"{error._code} {error._body[:200]}"

    def _sentence(self, code: str, text: str) -> str:
        if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "XMinioAdminInvalidAccessKey"):
            return (
                f"{self.endpoint.url}: the administrator {self.root_user!r} is refused ({code}). The server has another root user or password: compare "
                "minio_root_user and the secret minio_root_password with MINIO_ROOT_USER and MINIO_ROOT_PASSWORD in /etc/default/minio."
            )
        if code == "RequestTimeTooSkewed":
            return f"{self.endpoint.url}: the clocks of this machine and of the server differ by more than 15 minutes. Look at chrony on both."
        return f"{self.endpoint.url}: the server answers {code} {text}. Next, on the host: journalctl -u minio"
