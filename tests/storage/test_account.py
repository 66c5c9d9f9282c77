# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The user that W&B gets, on a real server: what it cannot do; what is declared twice changes once; keys that are replaced under load."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import threading
import time
from typing import Any

import boto3
import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import account
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import sign
from botocore.config import Config
from botocore.exceptions import ClientError
from s3_server import BUCKET, SECRET, policy

REQUESTS = 10_000
OTHER_SECRET = "zyxwvutsrqponmlkjihgfedc"


def client(site: Any, key: str = "wandbfiles", secret: str = SECRET) -> Any:
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    return boto3.client("s3", endpoint_url=site.minio.url, aws_access_key_id=key, aws_secret_access_key=secret, region_name="us-east-1", config=config)


FORBIDDEN = {
    "make a bucket": lambda c: c.create_bucket(Bucket="mine"),
    "remove the bucket": lambda c: c.delete_bucket(Bucket=BUCKET),
    "open the bucket": lambda c: c.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": []})),
    "stop keeping versions": lambda c: c.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}),
    "remove the rule about versions": lambda c: c.delete_bucket_lifecycle(Bucket=BUCKET),
    "remove an old version": lambda c: c.delete_object(Bucket=BUCKET, Key="kept", VersionId=c.list_object_versions(Bucket=BUCKET)["Versions"][0]["VersionId"]),
    "read another bucket": lambda c: c.get_object(Bucket="payroll", Key="salaries"),
    "write another bucket": lambda c: c.put_object(Bucket="payroll", Key="salaries", Body=b"0"),
    "list another bucket": lambda c: c.list_objects_v2(Bucket="payroll"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_the_user_cannot_do(site: Any, what: str) -> None:
    root = site.minio.admin().root
    if not root.bucket_exists(bucket_name="payroll"):
        root.make_bucket(bucket_name="payroll")
    client(site).put_object(Bucket=BUCKET, Key="kept", Body=b"1")
    try:
        with pytest.raises(ClientError) as refused:
            FORBIDDEN[what](client(site))
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
    finally:
        remove_all(site)


def test_the_user_is_no_administrator(site: Any) -> None:
    server = site.minio.admin()
    server.admin._provider = type(server.admin._provider)("wandbfiles", SECRET)  # the same questions, asked as W&B's user
    with pytest.raises(Exception, match="AccessDenied"):
        server.admin.user_list()


def remove_all(site: Any) -> None:
    root = site.minio.admin().root
    for entry in root.list_objects(bucket_name=BUCKET, recursive=True, include_version=True):
        root.remove_object(bucket_name=BUCKET, object_name=entry.object_name, version_id=entry.version_id)


def wanted(**more: Any) -> account.Wanted:
    return account.Wanted(BUCKET, "us-east-1", "wandbfiles", "wandb-files", policy(), **more)


def steps(site: Any, declared: account.Wanted) -> list[str]:
    """Carry out what is missing, and say what it was."""
    server = site.minio.admin()
    missing = account.plan(declared, server.look(declared, SECRET, 10))
    server.carry_out(missing, declared, SECRET)
    return [step.action for step in missing]


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"versioning": False, "noncurrent_days": 0}, ["put_versioning", "put_lifecycle"]),
        ({"noncurrent_days": 7}, ["put_lifecycle"]),
        ({"quota": 10**12}, ["put_quota"]),
    ],
)
def test_what_is_declared_twice_changes_once(site: Any, change: dict[str, Any], step: list[str]) -> None:
    usual = {"versioning": True, "noncurrent_days": 30, "quota": 0}
    assert steps(site, wanted(**usual)) == []
    assert steps(site, wanted(**{**usual, **change})) == step
    assert steps(site, wanted(**{**usual, **change})) == []
    assert steps(site, wanted(**usual)) == step
    assert steps(site, wanted(**usual)) == []


def test_rules_of_others_stay(site: Any) -> None:
    from minio.commonconfig import ENABLED, Filter
    from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule

    root = site.minio.admin().root
    before = root.get_bucket_lifecycle(bucket_name=BUCKET)
    theirs = Rule(status=ENABLED, rule_id="theirs", rule_filter=Filter(prefix="tmp/"), expiration=Expiration(days=3))
    root.set_bucket_lifecycle(bucket_name=BUCKET, config=LifecycleConfig([*before.rules, theirs]))
    try:
        steps(site, wanted(noncurrent_days=9))
        assert sorted(rule.rule_id for rule in root.get_bucket_lifecycle(bucket_name=BUCKET).rules) == ["onprem-wandb-versions", "theirs"]
    finally:
        root.set_bucket_lifecycle(bucket_name=BUCKET, config=before)


class Load:
    """Clients with URLs that W&B has signed: each uses a URL once, W&B signs with the key it has at the moment."""

    def __init__(self, site: Any) -> None:
        self.site, self.pair = site, ("wandbfiles", SECRET)
        self.done, self.bad, self.keys = 0, [], set()
        self.lock, self.stop = threading.Lock(), threading.Event()

    def work(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.site.minio.port, timeout=20)
        host, turn = f"127.0.0.1:{self.site.minio.port}", 0
        while not self.stop.is_set():
            turn += 1
            pair = self.pair
            # The first request of a turn uploads; its URL was signed a while ago, as it is while a client is busy.
            method = "PUT" if turn % 4 == 1 else "GET"
            moment = dt.datetime.now(dt.timezone.utc) - dt.timedelta(minutes=1)
            target = sign.presign(method, host, f"/{BUCKET}/rotation/{number}", *pair, "us-east-1", moment, 3600)
            connection.request(method, target, body=b"x" * 500 if method == "PUT" else None)
            answer = connection.getresponse()
            answer.read()
            with self.lock:
                self.done += 1
                self.keys.add(pair[0])
                if answer.status != 200:
                    self.bad.append((method, pair[0], answer.status))
        connection.close()

    def until(self, count: int) -> None:
        end = time.monotonic() + 120
        while self.done < count:
            assert time.monotonic() < end, f"only {self.done} requests in 120 s"
            time.sleep(0.02)


def test_a_key_is_replaced_with_no_failed_request(site: Any) -> None:
    load = Load(site)
    workers = [threading.Thread(target=load.work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    try:
        load.until(REQUESTS // 4)
        later = account.Wanted(BUCKET, "us-east-1", "wandbfiles2", "wandb-files", policy())
        server = site.minio.admin()
        server.carry_out(account.plan(later, server.look(later, OTHER_SECRET, 10)), later, OTHER_SECRET)
        load.pair = ("wandbfiles2", OTHER_SECRET)  # W&B's pods are replaced
        load.until(3 * REQUESTS // 4)
        later.retired = ["wandbfiles"]
        removal = account.plan(later, server.look(later, OTHER_SECRET, 10))
        assert [step.action for step in removal] == ["remove_user wandbfiles"]
        server.carry_out(removal, later, OTHER_SECRET)
        load.until(REQUESTS + 500)
    finally:
        load.stop.set()
        for worker in workers:
            worker.join()
    try:
        assert load.bad == []
        assert load.keys == {"wandbfiles", "wandbfiles2"}
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            client(site).list_objects_v2(Bucket=BUCKET)
    finally:
        site.minio.declare("wandbfiles", "wandb-files", policy(), retired=["wandbfiles2"])
        remove_all(site)
    print(f"{load.done} requests, {len(load.bad)} failed")
