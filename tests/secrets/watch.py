# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must not be seen, and everything that was: generated secrets, and the command lines of every process while something runs."""

from __future__ import annotations

import base64
import pathlib
import threading
from types import TracebackType

KEY_LINE = 40  # shorter lines of a PEM file are its headers


def forms(directory: pathlib.Path) -> dict[str, list[str]]:
    """Every generated secret by its file, as texts that would give it away: as it is, in base64, each line of a private key."""
    found: dict[str, list[str]] = {}
    for path in sorted(directory.rglob("*")):
        if not path.is_file() or path.suffix in (".crt", ".sh", ".pub", ".lock", ".csr"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace").strip()
        if "PRIVATE KEY" in text:
            found[str(path.relative_to(directory))] = [line for line in text.splitlines() if len(line) > KEY_LINE and "-----" not in line]
        elif len(text) >= 12:
            plain = text.encode()
            # Base64 of a longer text that holds the secret differs at its ends with the secret's place: the middle of each of the three.
            shifted = [base64.b64encode(b"x" * shift + plain).decode()[4:-4] for shift in range(3)]
            found[str(path.relative_to(directory))] = [text, *shifted]
    return found


def leaks(secrets: dict[str, list[str]], places: dict[str, str]) -> list[str]:
    """Sentences: which secret stands where, with a little of what is around it and not the secret."""
    found = []
    for name, texts in secrets.items():
        for place, content in places.items():
            for text in texts:
                at = content.find(text)
                if at >= 0:
                    around = content[max(0, at - 60) : at].splitlines()[-1:] or [""]
                    found.append(f"{name} stands in {place}, after {around[0]!r}")
                    break
    return found


class CommandLines:
    """Every command line on this machine, lab hosts included: their processes are this kernel's."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.rounds = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> CommandLines:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(5)

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.rounds += 1
            for path in pathlib.Path("/proc").iterdir():
                if path.name.isdigit():
                    try:
                        line = (path / "cmdline").read_bytes()
                    except OSError:
                        continue
                    if line:
                        self.seen.add(line.replace(b"\0", b" ").decode("utf-8", "replace"))
