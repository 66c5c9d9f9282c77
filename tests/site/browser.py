# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Headless Chromium, driven by Debian's ChromeDriver in the protocol that W3C calls WebDriver: no certificate check is turned off."""

from __future__ import annotations

import base64
import http.client
import json
import os
import pathlib
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Chromium asks its maker's hosts at every start, which no site without a route out has.
QUIET = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--disable-gpu")


class Refused(Exception):
    """What the browser says when it does not do it."""


class Browser:
    """One window."""

    def __init__(self, port: int, arguments: list[str]) -> None:
        self.port, self.session = port, ""
        options = {"binary": "/usr/bin/chromium", "args": arguments}
        made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": False, "goog:chromeOptions": options}}})
        self.session = f"/session/{made['sessionId']}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, self.session + path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
            found = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(found, dict) and "error" in found:
            raise Refused(f"{found['error']}: {found['message'].splitlines()[0]}")
        return found

    def open(self, url: str) -> None:
        """Go there, and wait until it is loaded; where Chromium shows a page of its own instead, its words are raised."""
        self.ask("POST", "/url", {"url": url})
        place, text = self.run("return [location.href, document.body.innerText]")
        if place.startswith("chrome-error:"):
            raise Refused(f"{url}: {' '.join(text.split())}")

    def run(self, script: str, *arguments: Any) -> Any:
        """What the body of a function in the page returns, or what the promise that it returns becomes."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def screenshot(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode(self.ask("GET", "/screenshot"))


def trust(home: pathlib.Path, *roots: pathlib.Path) -> None:
    """The user's own certificates, where Chromium looks for them on Linux."""
    database = home / ".pki/nssdb"
    database.mkdir(parents=True)
    subprocess.run(["certutil", "-d", f"sql:{database}", "-N", "--empty-password"], check=True, capture_output=True)
    for root in roots:
        subprocess.run(["certutil", "-d", f"sql:{database}", "-A", "-t", "C,,", "-n", root.name, "-i", str(root)], check=True, capture_output=True)


@contextmanager
def window(home: pathlib.Path, *roots: pathlib.Path, width: int = 1180, height: int = 960) -> Iterator[Browser]:
    """A browser of a user whose home this is and who trusts these roots besides those of the system."""
    trust(home, *roots)
    arguments = ["--headless=new", f"--window-size={width},{height}", f"--user-data-dir={home / 'profile'}", *QUIET]
    if os.geteuid() == 0:
        # Chromium's sandbox makes namespaces in which it is nobody, and refuses to start as root without this. The pages are the lab's own.
        arguments.append("--no-sandbox")
    driver = subprocess.Popen(
        ["/usr/bin/chromedriver", "--port=0"], env={**os.environ, "HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert driver.stdout
        port = next((int(found[1]) for line in driver.stdout if (found := re.search(r"started successfully on port (\d+)", line))), 0)
        assert port, "ChromeDriver ended before it listened"
        browser = Browser(port, arguments)
        try:
            yield browser
        finally:
            browser.ask("DELETE", "")
    finally:
        driver.terminate()
        driver.wait(20)
