# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Downloads against a real server that misbehaves."""

from __future__ import annotations

import collections
import datetime
import http.server
import os
import pathlib
import ssl
import threading
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._artifact import fetch
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.plan import Artifact, ArtifactError
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.fetch import Fetcher, Space

CONTENT = bytes(range(256)) * 400  # 102400 bytes
Disk = collections.namedtuple("Disk", "total used free")


@pytest.fixture(name="pauses")
def fixture_pauses() -> list[float]:
    return []


@pytest.fixture(name="fetcher")
def fixture_fetcher(tmp_path: pathlib.Path, pauses: list[float]) -> Fetcher:
    return Fetcher(str(tmp_path), Space(str(tmp_path), "The file system of /opt"), retries=3, pause=0.5, timeout=5, deadline=60, sleep=pauses.append)


def wanted(source: t.Mapping[str, str], name: str = "tool") -> Artifact:
    return Artifact(name=name, version="1.0", url=source["url"], sha256=source["sha256"])


def content(path: str) -> bytes:
    return pathlib.Path(path).read_bytes()


def test_plain_and_then_from_the_cache(file_server: t.Any, fetcher: Fetcher, tmp_path: pathlib.Path) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert file_server.log == [("/tool", 200, "")]
    assert os.listdir(tmp_path) == [artifact.sha256], "nothing else stays"


def test_damaged_cache_is_not_believed(file_server: t.Any, fetcher: Fetcher, tmp_path: pathlib.Path) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    (tmp_path / artifact.sha256).write_bytes(b"rubbish")
    assert content(fetcher.fetch(artifact)) == CONTENT


def test_resume_after_a_broken_connection(file_server: t.Any, fetcher: Fetcher) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.faults = [("cut", 40000)]
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert file_server.log == [("/tool", 200, ""), ("/tool", 206, "bytes=40000-")]


def test_resume_in_the_next_run(file_server: t.Any, fetcher: Fetcher, tmp_path: pathlib.Path) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    fetcher.retries, fetcher.ends = 0, 0.0
    file_server.faults = [("cut", 40000)]
    with pytest.raises(ArtifactError, match="within 60 seconds.*40000 bytes are kept for the next run|within 60 seconds"):
        fetcher.fetch(artifact)
    kept = os.path.getsize(tmp_path / f"{artifact.sha256}.part")
    assert 0 < kept <= 40000
    again = Fetcher(str(tmp_path), Space(str(tmp_path), "disk"))
    assert content(again.fetch(artifact)) == CONTENT
    assert file_server.log[-1] == ("/tool", 206, f"bytes={kept}-")


def test_another_address_is_another_file(file_server: t.Any, fetcher: Fetcher, tmp_path: pathlib.Path) -> None:
    """What one mirror sent is not continued from another one."""
    artifact = wanted(file_server.add("/tool", CONTENT))
    (tmp_path / f"{artifact.sha256}.part").write_bytes(b"x" * 500)
    (tmp_path / f"{artifact.sha256}.part.json").write_text('{"url": "http://elsewhere/tool", "validator": "\\"1\\""}')
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert file_server.log == [("/tool", 200, "")]


@pytest.mark.parametrize("attribute", ["ranges", "validators"])
def test_server_that_cannot_resume(file_server: t.Any, fetcher: Fetcher, attribute: str) -> None:
    setattr(file_server, attribute, False)
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.faults = [("cut", 40000)]
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert file_server.statuses == [200, 200]


def test_file_that_changes_between_two_tries(file_server: t.Any, fetcher: Fetcher) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.files["/tool"] = b"old" * 30000
    file_server.faults = [("cut", 40000)]
    fetcher.sleep = lambda _seconds: file_server.files.update({"/tool": CONTENT})
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert file_server.statuses == [200, 200], "If-Range makes the server start over"


def test_server_that_mixes_two_files(file_server: t.Any, fetcher: Fetcher) -> None:
    """It ignores If-Range: the checksum shows it, and one more try in one piece settles it."""
    file_server.honest_if_range = False
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.files["/tool"] = b"old" * 30000
    file_server.faults = [("cut", 40000)]
    fetcher.sleep = lambda _seconds: file_server.files.update({"/tool": CONTENT})
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert file_server.statuses == [200, 206, 200]


def test_wrong_range(file_server: t.Any, fetcher: Fetcher) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.faults = [("cut", 40000), ("other range", None)]
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert file_server.statuses == [200, 206, 200]


def test_part_that_is_longer_than_the_file(file_server: t.Any, fetcher: Fetcher, tmp_path: pathlib.Path) -> None:
    file_server.honest_if_range = False
    artifact = wanted(file_server.add("/tool", CONTENT))
    (tmp_path / f"{artifact.sha256}.part").write_bytes(b"x" * (len(CONTENT) + 1))
    (tmp_path / f"{artifact.sha256}.part.json").write_text(f'{{"url": "{artifact.url}", "validator": "\\"1\\""}}')
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert file_server.statuses == [416, 200]


def test_complete_part_of_a_run_that_died_before_the_rename(file_server: t.Any, fetcher: Fetcher, tmp_path: pathlib.Path) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.faults = [("bytes", CONTENT)]
    fetcher._download(artifact, str(tmp_path / f"{artifact.sha256}.part"))
    assert content(fetcher.fetch(artifact)) == CONTENT


def test_passing_faults(file_server: t.Any, fetcher: Fetcher, pauses: list[float]) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.faults = [("status", (503, {"Retry-After": "3"})), ("status", (429, {})), ("status", (500, {}))]
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert pauses == [3.0, 1.0, 2.0], "what the server asks for, then doubled"


def test_lasting_fault(file_server: t.Any, fetcher: Fetcher, pauses: list[float]) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.faults = [("status", (503, {}))] * 9
    with pytest.raises(ArtifactError, match=r"answered 503 Service Unavailable \(4 tries\)\. Check from this host: curl"):
        fetcher.fetch(artifact)
    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [404, 403, 401, 410])
def test_final_answers_are_not_asked_for_twice(file_server: t.Any, fetcher: Fetcher, status: int) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.faults = [("status", (status, {}))]
    with pytest.raises(ArtifactError, match=f"{artifact.url} could not be fetched: the server answered {status}"):
        fetcher.fetch(artifact)
    assert file_server.statuses == [status]


def test_nobody_there(fetcher: Fetcher, pauses: list[float]) -> None:
    with pytest.raises(ArtifactError, match=r"the connection failed.*\(4 tries\)"):
        fetcher.fetch(wanted({"url": "http://127.0.0.1:9/tool", "sha256": "0" * 64}))
    assert len(pauses) == 3


def test_bad_line_gets_there(file_server: t.Any, fetcher: Fetcher) -> None:
    """Twenty cuts with three retries: tries that bring something do not count."""
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.faults = [("cut", 5000)] * 20
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert len(file_server.log) == 21


def test_silent_server(file_server: t.Any, fetcher: Fetcher) -> None:
    fetcher.timeout = 0.3
    artifact = wanted(file_server.add("/tool", CONTENT))
    file_server.faults = [("stall", 1.0)]
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert file_server.statuses == [200, 206]


def test_without_length(file_server: t.Any, fetcher: Fetcher) -> None:
    file_server.lengths = False
    artifact = wanted(file_server.add("/tool", CONTENT))
    assert content(fetcher.fetch(artifact)) == CONTENT


def test_wrong_bytes(file_server: t.Any, fetcher: Fetcher, tmp_path: pathlib.Path) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    other = wanted(file_server.add("/tool", b"410 Gone"))
    with pytest.raises(ArtifactError) as caught:
        fetcher.fetch(artifact)
    for part in (artifact.url, f"expected sha256 {artifact.sha256}", f"got {other.sha256}"):
        assert part in str(caught.value)
    assert os.listdir(tmp_path) == [], "it must not be continued by the next run"
    assert file_server.statuses == [200]


def test_local_file(fetcher: Fetcher, tmp_path: pathlib.Path, file_server: t.Any) -> None:
    source = tmp_path / "with space.bin"
    source.write_bytes(CONTENT)
    artifact = wanted({**file_server.add("/unused", CONTENT), "url": f"file://{tmp_path}/with%20space.bin"})
    assert content(fetcher.fetch(artifact)) == CONTENT
    assert source.exists()
    with pytest.raises(ArtifactError, match="No such file or directory"):
        fetcher.fetch(wanted({"url": f"file://{tmp_path}/missing", "sha256": "0" * 64}))


def test_too_little_space(file_server: t.Any, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _path: Disk(0, 0, 64 << 20))
    with pytest.raises(ArtifactError, match=r"The file system of /opt has too little free space for tool 1\.0: 67 MB are needed .* 67 MB are free"):
        fetcher.fetch(artifact)
    assert os.listdir(tmp_path) == []


def test_space_is_not_promised_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _path: Disk(0, 0, 100 << 20))
    space = Space("/", "disk")
    space.claim("one", 30 << 20)
    with pytest.raises(ArtifactError, match="for two"):
        space.claim("two", 30 << 20)
    space.claim("one", 1 << 20)  # in place of the 30
    space.claim("two", 30 << 20)
    space.settle("two")
    space.claim("three", 30 << 20)


def test_disk_that_is_full(file_server: t.Any, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = wanted(file_server.add("/tool", CONTENT))
    real = open

    def full(path: str, mode: str = "r", **more: t.Any) -> t.Any:
        return real("/dev/full", "wb", buffering=0) if mode == "ab" else real(path, mode, **more)

    monkeypatch.setattr(fetch, "open", full, raising=False)
    with pytest.raises(ArtifactError, match="could not be stored: No space left on device"):
        fetcher.fetch(artifact)
    assert file_server.statuses == [200], "no use in trying again"


def test_certificate_that_is_not_trusted(fetcher: Fetcher, tmp_path_factory: pytest.TempPathFactory, pauses: list[float]) -> None:
    pem = self_signed(tmp_path_factory.mktemp("tls"))
    httpd = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    try:
        with pytest.raises(ArtifactError, match="self-signed certificate|self signed certificate") as caught:
            fetcher.fetch(wanted({"url": f"https://127.0.0.1:{httpd.server_port}/tool", "sha256": "0" * 64}))
        assert "trust store" in str(caught.value)
        assert pauses == [], "no use in trying again"
    finally:
        httpd.shutdown()
        httpd.server_close()


def self_signed(folder: pathlib.Path) -> pathlib.Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime(2020, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    certificate = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=36500)).sign(key, hashes.SHA256())
    pem = folder / "server.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return pem
