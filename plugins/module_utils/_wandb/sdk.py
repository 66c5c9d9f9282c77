# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: W&B's SDK as a program of this machine. It has a home of its own that goes with it, and the key by its environment alone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.onprem.wandb.plugins.module_utils._probe import Finding
from ansible_collections.onprem.wandb.plugins.module_utils._wandb import sdk_run

GOOD, BAD = "\u2705", "\u274c"  # marks of `wandb verify`
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
CHECK = re.compile(r"^(Checking .*?)\.{2,}", re.MULTILINE)
# A newer SDK than W&B knows of is a word to the operator.
VERSION = "Checking wandb package version is up to date"
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
FIND_VERSION = "import wandb; print(wandb.__version__)"


@dataclass
class Done:
    """How a program ended."""

    code: int
    output: str
    errors: str

    def last_words(self) -> str:
        """The line that says most: an error of the SDK, else the last one."""
        lines = [line.strip() for line in COLOURS.sub("", self.errors or self.output).splitlines() if line.strip()]
        told = [line for line in lines if re.search(r"\b(\w*Error|ERROR|error|Failed|failed)\b", line)]
        return ((told or lines)[-1] if lines else "it said nothing")[:300]


@dataclass
class Sdk:
    """The SDK, for one site and one key."""

    url: str
    key: str
    bundle: str  # one file of root certificates, or an empty string for those of the system
    home: Path  # of this run alone, mode 0700
    python: str = ""

    def environment(self) -> dict[str, str]:
        """Nothing of the machine's own settings for W&B, of its users' keys and of its caches."""
        kept = {name: os.environ[name] for name in ("PATH", *PROXIES) if name in os.environ}
        trust = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"), self.bundle) if self.bundle else {}
        places = {name: str(self.home) for name in ("HOME", "TMPDIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR")}
        quiet = {"WANDB_SILENT": "true", "WANDB_DISABLE_GIT": "true", "WANDB_DISABLE_CODE": "true", "WANDB_ERROR_REPORTING": "false"}
        return {**kept, **trust, **places, **quiet, "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "WANDB_BASE_URL": self.url, "WANDB_API_KEY": self.key}

    def run(self, command: t.Sequence[str], seconds: float, **more: str) -> Done:
        """One program, with all that it has started, until it ends or its time is over. Nobody sees the key in what it says."""
        place = self.home / "work"
        place.mkdir(exist_ok=True)
        process = subprocess.Popen(
            list(command), cwd=place, env={**self.environment(), **more}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, encoding="utf-8", errors="replace", start_new_session=True,
        )  # fmt: skip
        try:
            output, errors = process.communicate(timeout=max(seconds, 1))
        except subprocess.TimeoutExpired:
            end_all(process)
            output, errors = process.communicate()
            errors += f"\nError: it did not end within {seconds:.0f} s"
        except BaseException:
            end_all(process)
            raise
        end_all(process)  # the SDK's service, where it is still there
        return Done(process.returncode, output.replace(self.key, "(key)"), errors.replace(self.key, "(key)"))

    def version(self) -> str:
        """Of the SDK that the Python has."""
        if not os.access(self.python, os.X_OK):
            raise Finding("No program is there. Next: set accept_python: <path of a Python that has the package wandb>", python=self.python)
        done = self.run([self.python, "-c", FIND_VERSION], 60)
        if done.code:
            remedy = "That Python has no W&B SDK. Next: set accept_python: <path of a Python that has the package wandb>"
            raise Finding(remedy, python=self.python, error=done.last_words())
        return done.output.strip()

    def install(self, base: str, index: str, version: str, seconds: float) -> None:
        """An environment below our home, with the SDK of the site's package index. The index goes by the environment: its URL may hold a password."""
        venv = self.home / "venv"
        made = self.run([base, "-m", "venv", str(venv)], 120)
        if made.code:
            raise Finding(
                "That Python makes no virtual environment. Next: apt-get install python3-venv (Debian, Ubuntu), or dnf install python3 (EL)",
                python=base,
                error=made.last_words(),
            )
        self.python = str(venv / "bin/python")
        wanted = "wandb" + (f"=={version}" if version else "")
        pip = [self.python, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--retries", "1", wanted]
        done = self.run(pip, seconds, PIP_INDEX_URL=index, PIP_CONFIG_FILE=os.devnull)
        if done.code:
            remedy = f"The index did not give it. Next: set accept_index_url: <URL of an index that has {wanted} for this machine's Python>"
            raise Finding(remedy, wanted=wanted, error=done.last_words().replace(index, "(index)"))

    def own(self, verb: str, state: dict[str, t.Any], seconds: float) -> tuple[dict[str, t.Any], Done]:
        """One verb of sdk_run.py: what it found out, also when it broke off."""
        program, place = self.home / "sdk_run.py", self.home / f"{verb}.json"
        program.write_text(source_of(sdk_run), encoding="utf-8")
        place.write_text(json.dumps(state), encoding="utf-8")
        done = self.run([self.python, str(program), verb, str(place)], seconds)
        return dict(json.loads(place.read_text(encoding="utf-8", errors="strict"))), done

    def verify(self, seconds: float) -> tuple[dict[str, str], Done]:
        """The SDK's own `wandb verify`: each of its checks with what is wrong, or an empty string."""
        done = self.run([self.python, "-m", "wandb", "verify", "--host", self.url], seconds)
        return checks(done), done

    def begun(self) -> list[str]:
        """Ids of the runs that were begun here, those of programs that broke off, too: each has a directory."""
        return sorted({path.name.split("-", 2)[2] for path in self.home.rglob("run-*-*") if path.is_dir() and path.parent.name == "wandb"})


def source_of(module: t.Any) -> str:
    """The text of a module: of a file, of the archive that Ansible sends to a host, or by Ansible's own loader."""
    return bytes(module.__spec__.loader.get_data(module.__file__)).decode()


def end_all(process: subprocess.Popen[str]) -> None:
    """The program and what it started; that it is gone already is fine."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def checks(done: Done) -> dict[str, str]:
    """What `wandb verify` printed. A check without a mark is the one in which it broke off."""
    parts = CHECK.split(COLOURS.sub("", done.output))[1:]  # title, text, title, text …
    return dict(zip(parts[::2], (problem(text, done) for text in parts[1::2])))


def problem(text: str, done: Done) -> str:
    """What one check says against the site."""
    if GOOD in text:
        return ""
    if BAD not in text:
        return f"broke off: {done.last_words()}"
    return " ".join(text.partition(BAD)[2].split()) or "failed"
