# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""roles/cni/files/flannel-start.sh with a flanneld that only writes its file."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

SCRIPT = pathlib.Path(__file__).parents[3] / "roles/cni/files/flannel-start.sh"


def start(root: pathlib.Path, subnet: str, write: bool = True) -> tuple[int, str]:
    """Run the script until it has written what it writes."""
    (root / "run/flannel").mkdir(parents=True, exist_ok=True)
    (root / "etc/cni/net.d").mkdir(parents=True, exist_ok=True)
    flanneld = root / "flanneld"
    env = root / "run/flannel/subnet.env"
    lines = f"printf 'FLANNEL_SUBNET={subnet}\\nFLANNEL_MTU=1450\\n' > {env}.new && mv {env}.new {env}\n" if write else ""
    wait = f"n=0; while [ ! -s {root}/run/flannel/configured ] && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done"
    flanneld.write_text(f'#!/bin/sh\n{lines}echo args: "$@"\n{wait}\n')
    flanneld.chmod(0o755)
    environment = {**os.environ, "ROOT": str(root), "FLANNELD": str(flanneld)}
    with (root / "out").open("w+") as out:
        # A session of its own: what waits in the background must end with the test.
        with subprocess.Popen(["sh", str(SCRIPT), "--ip-masq", "--iface=198.18.0.11"], env=environment, stdout=out, stderr=out, start_new_session=True) as run:
            run.wait(30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
        out.seek(0)
        return run.returncode, out.read()


@pytest.mark.parametrize(
    ("subnet", "network"),
    [
        ("10.244.3.1/24", "10.244.3.0/24"),
        ("10.244.3.129/25", "10.244.3.128/25"),
        ("198.19.127.1/20", "198.19.112.0/20"),
        ("10.1.2.3/32", "10.1.2.3/32"),
    ],
)
def test_the_conflist_has_the_nodes_network(tmp_path: pathlib.Path, subnet: str, network: str) -> None:
    code, output = start(tmp_path, subnet)
    assert code == 0, output
    assert "args: --ip-masq --iface=198.18.0.11" in output
    bridge, portmap = json.loads((tmp_path / "etc/cni/net.d/10-flannel.conflist").read_text())["plugins"]
    assert bridge["ipam"]["ranges"] == [[{"subnet": network}]]
    assert bridge["mtu"] == 1450
    # Both together are an error of the bridge plugin: "file exists", and no pod starts.
    assert bridge["isDefaultGateway"] is True
    assert "routes" not in bridge["ipam"]
    assert portmap["type"] == "portmap"
    assert (tmp_path / "run/flannel/configured").read_text().strip() == subnet


def test_the_same_configuration_is_not_written_again(tmp_path: pathlib.Path) -> None:
    start(tmp_path, "10.244.3.1/24")
    conflist = tmp_path / "etc/cni/net.d/10-flannel.conflist"
    before = conflist.stat().st_mtime_ns
    time.sleep(0.02)
    start(tmp_path, "10.244.3.1/24")
    assert conflist.stat().st_mtime_ns == before
    assert not conflist.with_suffix(".conflist.new").exists()


def test_what_an_earlier_life_left_is_not_used(tmp_path: pathlib.Path) -> None:
    start(tmp_path, "10.244.3.1/24")
    start(tmp_path, "10.244.9.1/24")
    text = (tmp_path / "etc/cni/net.d/10-flannel.conflist").read_text()
    assert "10.244.9.0/24" in text
    assert "10.244.3.0" not in text


def test_not_ready_before_flannel_has_its_subnet(tmp_path: pathlib.Path) -> None:
    start(tmp_path, "10.244.3.1/24")
    start(tmp_path, "", write=False)
    assert not (tmp_path / "run/flannel/configured").exists()
