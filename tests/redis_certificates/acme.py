# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real ACME server (pebble, from Debian) on the loopback, with a DNS server that answers 127.0.0.1 for every name."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import ssl
import subprocess
import time
import urllib.request
from datetime import datetime, timezone
from typing import Any

from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue


def free_port() -> int:
    """A port that nothing listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], log: pathlib.Path, seconds: float = 20) -> None:
    """Until something listens there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing listens at {port}: {log.read_text()[-600:]}")


class Pebble:
    """The server; its DNS; how many requests for orders it got."""

    def __init__(self, work: pathlib.Path, validity: int = 90 * 86400) -> None:
        self.work = work
        self.port, self.management, self.http, self.dns, self.dns_admin = (free_port() for dummy in range(5))
        self.log = work / "pebble.log"
        now = datetime.now(timezone.utc).replace(microsecond=0)
        key, root = issue.new_key(), issue.new_key()
        ca = issue.authority(root, "ACME test CA", now, 30)
        leaf = issue.leaf(key, "acme", ["acme.test", "127.0.0.1"], ca, root, now, 20, False)
        (work / "acme.key").write_bytes(issue.key_pem(key))
        (work / "acme.crt").write_bytes(issue.pem(leaf))
        self.ca_file = work / "acme-ca.crt"
        self.ca_file.write_bytes(issue.pem(ca))
        config = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(work / "acme.crt"),
            "privateKey": str(work / "acme.key"),
            "httpPort": self.http,
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "certificateValidityPeriod": validity,
        }
        (work / "pebble.json").write_text(json.dumps({"pebble": config}))
        admin = ["-management", f"127.0.0.1:{self.dns_admin}", "-dns01", f"127.0.0.1:{self.dns}", "-defaultIPv6", "", "-defaultIPv4", "127.0.0.1"]
        off = ["-http01", "", "-https01", "", "-tlsalpn01", ""]
        env = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "20", "PEBBLE_AUTHZREUSE": "0"}
        self.processes: list[subprocess.Popen[bytes]] = []
        with self.log.open("wb") as log:
            for command, port in (
                (["pebble-challtestsrv", *admin, *off], self.dns_admin),
                (["pebble", "-config", str(work / "pebble.json"), "-dnsserver", f"127.0.0.1:{self.dns}", "-strict"], self.port),
            ):
                process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env)
                self.processes.append(process)
                wait_for(port, process, self.log)
        self.root_file = work / "acme-root.crt"
        self.root_file.write_bytes(self._get("/roots/0"))

    def _get(self, path: str) -> bytes:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with urllib.request.urlopen(f"https://127.0.0.1:{self.management}{path}", context=context, timeout=10) as answer:
            return bytes(answer.read())

    def orders(self) -> int:
        """Requests of any kind, as the server's log counts them."""
        return self.log.read_text(errors="replace").count(" -> calling handler()")

    def hook(self) -> pathlib.Path:
        """A DNS hook as an operator would write it: it sets and clears TXT records of the test's DNS server and keeps a diary."""
        path = self.work / "dns-hook"
        path.write_text(
            "#!/bin/sh\n"
            f'echo "$1 $2 $3 $4" >> {self.work}/hook.log\n'
            '[ "$2" = dns-01 ] || { echo "only dns-01, asked for $2"; exit 3; }\n'
            "case $1 in present) action=set-txt;; cleanup) action=clear-txt;; esac\n"
            f'exec curl -sf -d "{{\\"host\\": \\"$4.\\", \\"value\\": \\"$5\\"}}" http://127.0.0.1:{self.dns_admin}/$action\n'
        )
        path.chmod(0o755)
        return path

    def variables(self, **more: Any) -> dict[str, Any]:
        """What the role needs to use this server."""
        return {
            "certificates_acme_directory_url": f"https://127.0.0.1:{self.port}/dir",
            "certificates_acme_ca_file": str(self.ca_file),
            "certificates_acme_root_ca_file": str(self.root_file),
            "certificates_acme_contact": "ops@example.test",
            "certificates_acme_terms_agreed": True,
            **more,
        }

    def close(self) -> None:
        """End both servers."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(10)
