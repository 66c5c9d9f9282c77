# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One server for all tests of a process, and the question they put to it."""

from __future__ import annotations

import pathlib
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(TOP / ".lab/collections")]

import s3_server
from ansible_collections.onprem.wandb.plugins.module_utils._probe import findings
from ansible_collections.onprem.wandb.plugins.module_utils._work import s3_bucket_check
from s3_proxy import Proxy


@dataclass
class Site:
    """A server with W&B's bucket and W&B's user, and a CA."""

    minio: s3_server.Minio
    ca: s3_server.Authority
    directory: pathlib.Path

    def proxy(self, before: Any = None, after: Any = None, certificate: str = "") -> Proxy:
        return Proxy(self.minio.port, certificate or str(self.directory / "good.pem"), before, after)

    def ask(self, port: int, strict: bool = True, **changes: Any) -> tuple[list[str], dict[str, dict[str, Any]]]:
        """Names of the findings (tls_public apart: the CA is our own), and all probes."""
        params = {
            "endpoint": f"https://{s3_server.NAME}:{port}", "connect_to": "127.0.0.1", "ca_file": str(self.ca.file), "bucket": s3_server.BUCKET,
            "region": "us-east-1", "access_key": "wandbfiles", "secret_key": s3_server.SECRET, "addressing_style": "path", "origins": [s3_server.ORIGIN],
            "prefix": ".onprem-wandb-check/tests", "large_bytes": 0, "timeout": 5, "deadline": 60, **changes,
        }  # fmt: skip
        prober = s3_bucket_check.ask(params, str(self.directory), True)
        return findings(prober.results, ["tls_public"], strict), {result["name"]: result for result in prober.results}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("storage")
    minio = s3_server.Minio(directory)
    minio.start()
    try:
        minio.declare("wandbfiles", "wandb-files", s3_server.policy(), versioning=True, noncurrent_days=30)
        ca = s3_server.Authority(directory)
        ca.leaf("good")
        yield Site(minio, ca, directory)
    finally:
        minio.stop()


@pytest.fixture(autouse=True)
def plain_resolver() -> Iterator[None]:
    """The check pins names for its process."""
    original: Callable[..., Any] = socket.getaddrinfo
    yield
    socket.getaddrinfo = original
