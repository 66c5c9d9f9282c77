# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The question about names before a real server: it takes all of them, or says itself that it has no such names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import s3_server
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import client
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes import limits
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import Bucket
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Prober
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PART = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=40).filter(lambda part: part not in (".", ".."))
NAMES = st.lists(st.lists(PART, min_size=1, max_size=3).map("/".join), min_size=1, max_size=10, unique=True)
PREFIX = ".onprem-wandb-check/names"
Ask = Callable[[Any], dict[str, Any]]


@pytest.fixture(scope="module")
def ask(site: Any, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """What it says of names; nothing is left of them."""
    endpoint = Endpoint(site.minio.url)
    made = client.make_client(endpoint, "wandbfiles", s3_server.SECRET, "us-east-1", "path", str(tmp_path_factory.mktemp("names")))
    bucket = Bucket(endpoint, made, s3_server.BUCKET, PREFIX, [], "us-east-1")

    def asked(names: Any) -> dict[str, Any]:
        prober = Prober(60, client.explain, client.ERRORS)
        prober.run("names", lambda: limits.names(bucket, names))
        bucket.clean()
        return prober.results[0]

    return asked


def test_every_name_of_the_check(ask: Ask) -> None:
    assert ask(limits.NAMES)["verdict"] == "pass"


def test_a_name_that_this_server_does_not_have(ask: Ask) -> None:
    told = ask(["a", "x" * 256])  # it keeps each part of a name as a directory
    assert (told["verdict"], told["evidence"].get("names")) == ("notice", [f"a name of {len(PREFIX) + len('/names/') + 256} bytes"]), told


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(names=NAMES)
def test_any_name(ask: Ask, names: list[str]) -> None:
    told = ask([name for name in names if not any(other.startswith(f"{name}/") for other in names)])  # this server lists nothing below an object
    assert told["verdict"] in ("pass", "notice"), told
