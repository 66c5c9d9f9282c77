# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long role wandb waits for the API server the first time: a slow one is no missing one, but nobody waits for a cluster that check mode has not made."""

from __future__ import annotations

import contextlib
import http.server
import pathlib
import threading
import time
import typing as t

import pytest
import yaml

from .role_value import ROLES, play

LOOK = next(task for task in yaml.safe_load((ROLES / "wandb/tasks/main.yml").read_text()) if task["name"] == "Look at the cluster")
CONFIG = """clusters: [{name: a, cluster: {server: "http://127.0.0.1:%d"}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
current-context: a
users: [{name: a, user: {token: x}}]
"""
SLOW = 7.0  # seconds: more than check mode's five, less than the role's thirty


class Slow(http.server.BaseHTTPRequestHandler):
    """The first answer takes long, as after many pods were replaced; W&B is not there yet."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        if type(self).asked == 1:
            time.sleep(SLOW)
        found = "weightsandbiases" not in self.path
        body = b'{"items": []}' if found else b'{"kind": "Status", "code": 404, "reason": "NotFound", "message": "not found"}'
        with contextlib.suppress(ConnectionError):  # who waited has gone
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_words: t.Any) -> None:
        """Not in the tests' output."""


@pytest.mark.parametrize(("options", "reachable"), [((), True), (("--check",), False)])
def test_a_slow_api_server(tmp_path: pathlib.Path, options: tuple[str, ...], reachable: bool) -> None:
    Slow.asked = 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "kubeconfig").write_text(CONFIG % server.server_port)
        said = {"name": "Say", "ansible.builtin.debug": {"msg": "reachable={{ __wandb_seen.reachable }}"}}
        files = [str(ROLES / f"wandb/{name}/main.yml") for name in ("defaults", "vars")]
        code, output = play(tmp_path, {"all": {"hosts": {"cp1": {}}}}, [LOOK, said], files, options, wandb_kubeconfig=str(tmp_path / "kubeconfig"))
        server.shutdown()
    assert code == 0 and f"reachable={reachable}" in output, output[-2000:]
