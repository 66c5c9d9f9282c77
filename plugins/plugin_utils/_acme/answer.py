# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answering challenges: a small web server, a file in a web server's directory, or a command of the operator. PRIVATE to the collection."""

from __future__ import annotations

import http.server
import os
import subprocess
import threading
import typing as t
from dataclasses import dataclass, field

HOOK_SECONDS = 300


class Refused(Exception):
    """A challenge could not be answered; the text is a sentence."""


@dataclass
class Challenge:
    """What the ACME server will look for: at a URL (http-01) or as a TXT record (dns-01)."""

    kind: str
    host: str
    place: str  # path below the host, or name of the record
    value: str

    def asked(self) -> str:
        """What the ACME server asks, as a person would."""
        return f"http://{self.host}/{self.place}" if self.kind == "http-01" else f"TXT {self.place}"

    def by_hand(self) -> str:
        """The same question by a command."""
        return f"curl -i http://{self.host}/{self.place}" if self.kind == "http-01" else f"dig +short TXT {self.place}"


@dataclass
class Way:
    """How challenges are answered, and what was seen of the questions."""

    listen: str = ""
    directory: str = ""
    hook: t.Sequence[str] = ()
    requests: list[str] = field(default_factory=list)
    _answers: dict[str, str] = field(default_factory=dict)
    _written: list[str] = field(default_factory=list)
    _hooked: list[Challenge] = field(default_factory=list)
    _server: t.Optional[http.server.ThreadingHTTPServer] = None

    def present(self, challenge: Challenge) -> None:
        """Make the answer visible."""
        if challenge.kind == "http-01" and self.listen:
            self._answers["/" + challenge.place] = challenge.value
            self._serve()
        elif challenge.kind == "http-01" and self.directory:
            path = os.path.join(self.directory, challenge.place)
            try:
                os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
                with open(path, "w", encoding="ascii") as stream:
                    os.fchmod(stream.fileno(), 0o644)
                    stream.write(challenge.value)
            except OSError as error:
                raise Refused(f"certificates_acme_http_directory: {path} cannot be written ({error.strerror}).") from error
            self._written.append(path)
        else:
            self._hooked.append(challenge)
            self._call("present", challenge)

    def remove(self) -> list[str]:
        """Take everything back; sentences about what did not go."""
        lost = []
        for challenge in self._hooked:
            try:
                self._call("cleanup", challenge)
            except Refused as refused:
                lost.append(str(refused))
        for path in self._written:
            if os.path.exists(path):
                os.unlink(path)
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._hooked, self._written, self._server = [], [], None
        return lost

    def seen(self, challenge: Challenge) -> str:
        """What this side saw of the ACME server's questions."""
        if challenge.kind == "http-01" and self.listen:
            asked = ", ".join(dict.fromkeys(self.requests)) or "nothing: the request goes elsewhere"
            return f"The server at certificates_acme_http_listen={self.listen} was asked for {asked}."
        if challenge.kind == "http-01" and self.directory:
            return f"The answer lay in {self.directory}/{challenge.place}."
        return f"The hook {self.hook[0]} ended with 0 before."

    def _call(self, verb: str, challenge: Challenge) -> None:
        command = [*self.hook, verb, challenge.kind, challenge.host, challenge.place, challenge.value]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=HOOK_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Refused(f"The hook could not be run: {error}") from error
        if done.returncode:
            raise Refused(f"The hook ended with {done.returncode}: {' '.join(command[:-1])} VALUE. It said: {done.stdout.strip()[-400:] or 'nothing'}")

    def _serve(self) -> None:
        if self._server is not None:
            return
        answers, requests = self._answers, self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = answers.get(self.path)
                requests.append(f"http://{self.headers.get('Host', '')}{self.path}")
                self.send_response(200 if answer else 404)
                self.send_header("Content-Type", "application/octet-stream")
                self.end_headers()
                self.wfile.write((answer or "no challenge here\n").encode())

            def log_message(self, format: str, *args: t.Any) -> None:
                pass

        host, dummy, port = self.listen.rpartition(":")
        try:
            self._server = http.server.ThreadingHTTPServer((host.strip("[]"), int(port)), Handler)
        except (OSError, ValueError) as error:
            raise Refused(
                f"certificates_acme_http_listen={self.listen}: the controller cannot listen there ({error}). Is it in use, or below 1024 without root?"
            ) from error
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
