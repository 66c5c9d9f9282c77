# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The mirror's program between real servers: every name that a user can give an object is mirrored, repaired and restored."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import s3_server
import sftp_server
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "roles/minio_backup/files"))

from minio_backup import cli as program

SOURCE, TARGET = "names", "second-place"
NAMES = [
    "plain", "#hash", ";semicolon", " leading", "trailing ", "tab\tx", "line\nend", "cr\r", "\x0b\x0c\x1c\x7f", "\u2028", "par\u2029", "nel\x85x", "*?[a]{b}",
    "back\\slash", "‛", "‛q", "a‛‛/b‛", "␊", "‛␊", "␀", "．", "．．", "／", "größe-模型", "e\u0301", "a/b/c", "- rule", "+ /rule", "%2F%", "a+b c",
    "\ufeffbom", "\u202ertl",
    "x" * 255, "ö" * 127, "/".join(["y" * 200] * 5) + "/" + "z" * 18,  # the last has 1,023 bytes
    ".names", ".deleted/2020-01-01/x", "deleted/.deleted", "index.json", "␀" * 64, "␀" * 85,
]  # fmt: skip
PART = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=40).filter(lambda part: part not in (".", ".."))
KEYS = st.lists(PART, min_size=1, max_size=3).map("/".join)
QUICK = ["s3", "local"]
KINDS = [*QUICK, "sftp"]  # each call of rclone makes a connection: it has the names that are known to hurt, not those that come by chance


def rclone() -> pathlib.Path:
    """That of the hosts' system: the oldest that the role takes."""
    sys.path.insert(0, str(TOP / "lab"))
    from lablib import packages

    return packages.unpacked("rclone") / "usr/bin"


@dataclass
class Mirror:
    """The program, a bucket and a second place."""

    backup: Any
    client: Any
    kind: str
    directory: pathlib.Path

    def put(self, keys: list[str]) -> dict[str, bytes]:
        """Those that the server takes."""
        held = {}
        for key in keys:
            body = b"of " + key.encode()
            try:
                self.client.put_object(Bucket=SOURCE, Key=key, Body=body)
                held[key] = body
            except ClientError:
                continue  # the server has no such name, so nobody can give it
        return held

    def bucket(self) -> dict[str, bytes]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=SOURCE)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents") or []]
        return {key: self.client.get_object(Bucket=SOURCE, Key=key)["Body"].read() for key in keys}

    def empty(self, place: str = SOURCE) -> None:
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=place):
            for entry in page.get("Contents") or []:
                self.client.delete_object(Bucket=place, Key=entry["Key"])

    def run(self, force: bool = True) -> dict[str, Any]:
        return dict(self.backup.run(force, False))


@pytest.fixture(scope="module", params=KINDS)
def mirror(request: pytest.FixtureRequest, site: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    directory = tmp_path_factory.mktemp(f"mirror-{request.param}")
    for name in ("state", "roots", "place"):
        (directory / name).mkdir()
    with contextlib.ExitStack() as stack:
        yield made(stack, request.param, site, directory)


def made(stack: contextlib.ExitStack, kind: str, site: Any, work: pathlib.Path) -> Mirror:
    """One kind of second place, empty like the bucket; what it needs ends with the stack."""
    login = {"endpoint": site.minio.url, "region": "us-east-1", "access_key_id": s3_server.ROOT, "secret_access_key": s3_server.PASSWORD}
    remote = {"type": "s3", "provider": "Minio", **login, "no_check_bucket": "true"}
    directory = work
    target, path = remote, f"{TARGET}/deep"
    if kind == "local":
        target, path = {"type": "local"}, str(directory / "place")
    elif kind == "sftp":
        server = stack.enter_context(sftp_server.sftp())
        target, path, directory = server.options(), str(server.directory / "place"), server.directory
    places = {"source": remote, "target": target}
    text = "".join(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in options.items()) for name, options in places.items())
    (work / "rclone.conf").write_text(text, encoding="utf-8")
    client = boto3.client(
        "s3", endpoint_url=site.minio.url, aws_access_key_id=s3_server.ROOT, aws_secret_access_key=s3_server.PASSWORD, region_name="us-east-1"
    )
    for bucket in (SOURCE, TARGET):
        if bucket not in [entry["Name"] for entry in client.list_buckets()["Buckets"]]:
            client.create_bucket(Bucket=bucket)
    config = {
        "source": f"source:{SOURCE}", "target": f"target:{path}", "kind": kind, "place": kind, "roots": str(work / "roots"),
        "state": str(work / "state"), "keep_days": 30, "max_loss_percent": 20, "sample_mb": 100,
        "rclone_oldest": "1.59", "transfers": 8, "bandwidth": "", "max_age_hours": 26,
    }  # fmt: skip
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    patch.delenv("AWS_CA_BUNDLE", raising=False)  # of this machine; rclone takes no bundle beside its own
    patch.setenv("PATH", f"{rclone()}:{os.environ['PATH']}")
    found = Mirror(program.Backup(config, work / "rclone.conf"), client, kind, directory)
    found.empty()
    found.empty(TARGET)
    return found


def there_and_back(mirror: Mirror, keys: list[str]) -> None:
    """Mirrored, proved, lost, restored."""
    mirror.empty()
    # This server does not list what lies below the name of another object, so nobody can mirror it.
    held = mirror.put([key for key in keys if not any(other.startswith(f"{key}/") for other in keys)])
    told = mirror.run()
    assert (told["objects"], told["compared"], told["repaired"]) == (len(held),) * 2 + (0,)
    again = mirror.run(force=False)
    assert (again["new"], again["moved_aside"], again["repaired"], again["objects"]) == (0, 0, 0, len(held))
    mirror.empty()
    plan = mirror.backup.restore("", "", True)
    assert plan["would_copy"] == len(held) and mirror.bucket() == {}
    done = mirror.backup.restore("", "", False)
    assert done["copied"] == len(held)
    assert mirror.bucket() == held
    assert mirror.backup.restore("", "", False)["copied"] == 0


def test_the_names_that_are_known_to_hurt(mirror: Mirror) -> None:
    held = mirror.put(NAMES)
    refused = sorted(set(NAMES) - set(held))
    print(f"\n{mirror.kind}: {len(held)} names, refused by the server: {refused}")
    assert len(held) >= len(NAMES) - 4
    there_and_back(mirror, NAMES)


@pytest.mark.parametrize("mirror", QUICK, indirect=True)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(keys=st.lists(KEYS, min_size=10, max_size=40, unique=True))
def test_any_name(mirror: Mirror, keys: list[str]) -> None:
    there_and_back(mirror, keys)


@pytest.mark.parametrize("key", ["plain", " #;\u2028", "‛q"])
def test_what_changed_in_the_second_place_is_repaired_or_told(mirror: Mirror, key: str) -> None:
    """Other bytes of the same size and time."""
    mirror.empty()
    mirror.put([key])
    mirror.run()
    name = f".names/{program.odd_names.hashed(key)}" if "‛" in key else key
    if mirror.kind != "s3":
        file = mirror.directory / "place" / name
        seen = file.stat()
        file.write_bytes(b"XX" + file.read_bytes()[2:])
        os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    else:
        mirror.client.put_object(Bucket=TARGET, Key=f"deep/{name}", Body=b"XX" + (b"of " + key.encode())[2:])
    # In S3 another ETag tells the copy itself; what only reading shows counts as repaired.
    assert mirror.run()["repaired"] == (1 if mirror.kind != "s3" or "‛" in key else 0)
    assert mirror.run()["repaired"] == 0
    mirror.empty()
    mirror.backup.restore("", "", False)
    assert mirror.bucket() == {key: b"of " + key.encode()}


def test_a_prefix_means_its_characters(mirror: Mirror) -> None:
    mirror.empty()
    held = mirror.put(["run[1]/a", "run1/a", "run*/a", "tab\t/x", "tab/x", "‛p/a", "‛r/a"])
    mirror.run()
    mirror.empty()
    for prefix in ("run[1]/", "tab\t/", "‛p"):
        mirror.backup.restore(prefix, "", False)
    assert set(mirror.bucket()) == {key for key in held if key.startswith(("run[1]/", "tab\t/", "‛p"))}


def test_what_was_deleted_comes_back_from_its_day(mirror: Mirror) -> None:
    mirror.empty()
    held = mirror.put(["keep", "go\u2028ne", "go‛ne", "other"])
    mirror.run()
    for key in ("go\u2028ne", "go‛ne"):
        mirror.client.delete_object(Bucket=SOURCE, Key=key)
    assert mirror.run()["objects"] == 2
    day = program.dt.datetime.now(program.dt.timezone.utc).strftime("%Y-%m-%d")
    mirror.backup.restore("go", day, False)
    assert mirror.bucket() == held


@pytest.mark.parametrize("mirror", QUICK, indirect=True)
def test_a_name_that_was_a_file_and_then_a_folder_on_one_day(mirror: Mirror) -> None:
    for keys in (["turn"], ["turn/a"], ["turn"], ["other"]):
        mirror.empty()
        mirror.put(keys)
        mirror.run()
    day = program.dt.datetime.now(program.dt.timezone.utc).strftime("%Y-%m-%d")
    mirror.empty()
    plan = mirror.backup.restore("turn/", day, True)
    assert plan["would_copy"] == plan["objects"] == 1
    mirror.backup.restore("turn/", day, False)
    assert set(mirror.bucket()) == {"turn/a"}


@pytest.mark.parametrize("mirror", QUICK, indirect=True)
def test_a_place_that_was_emptied_is_not_filled_again_unasked(mirror: Mirror) -> None:
    mirror.empty()
    mirror.put(["a", "b", "c"])
    result = mirror.run()
    mirror.backup.tell(success=1, problem="", place=mirror.backup.config["place"], **result)
    mirror.backup.target, kept = mirror.backup.target + "-away", mirror.backup.target
    try:
        with pytest.raises(program.Failed, match="the last good run left 3"):
            mirror.run(force=False)
    finally:
        mirror.backup.target = kept
        mirror.backup.status_file.unlink()
    assert json.loads(json.dumps(mirror.run(force=False)))["objects"] == 3
