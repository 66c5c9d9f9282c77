# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module called in this process with any arguments, on a machine where nothing can be reached, started or changed; and arguments of every sort."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import typing as t
from collections.abc import Iterator, Mapping
from unittest import mock

from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from hypothesis import strategies as st

PACKAGE = "ansible_collections.onprem.wandb.plugins.modules"
CHANGES = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate", "shutil.rmtree", "shutil.move"}
STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"}
Option = Mapping[str, t.Any]
# Mappings without a spec of their own that no inventory fills: the action plugin or role that makes them is their only author.
INTERNAL = {"checks": "roles/verify", "evidence": "_secrets/known.py", "managed_units": "_preflight/interface.py", "boot_settings": "rules/pod_network.py"}


class Captured(Exception):
    """The argument spec of a module."""

    def __init__(self, spec: dict[str, t.Any]) -> None:
        super().__init__()
        self.spec = spec


class Acts(BaseException):
    """The module went on to what would start or change something on this machine: its arguments were good enough. No module catches it."""


class Outcome(t.NamedTuple):
    """How a call ended."""

    by_ansible: bool  # Ansible's own check of the arguments refused them
    failed: bool
    message: str


def spec_of(name: str) -> dict[str, t.Any]:
    """What the module takes."""

    def capture(_self: t.Any, argument_spec: dict[str, t.Any], **_others: t.Any) -> t.NoReturn:
        raise Captured(argument_spec)

    with mock.patch.object(basic.AnsibleModule, "__init__", capture):
        try:
            importlib.import_module("%s.%s" % (PACKAGE, name)).main()
        except Captured as captured:
            return captured.spec
    raise AssertionError(name + " made no AnsibleModule")


class Nothing:
    """A machine that starts no program, reaches nobody, and waits in no time. What would change something all the same is an error of the test."""

    def __init__(self) -> None:
        self.folder = ""
        self.active = False
        self.waited = 0.0
        self.clock = time.monotonic
        sys.addaudithook(self.watch)

    def watch(self, event: str, given: tuple[t.Any, ...]) -> None:
        """Python tells this hook before it acts."""
        if not self.active:
            return
        if event in STARTS:
            raise Acts("%s %s" % (event, given[:2]))
        writes = event == "open" and (given[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if (writes or event in CHANGES) and isinstance(given[0], (str, bytes)):
            path = os.path.realpath(os.fsdecode(given[0]))
            if not path.startswith((self.folder, "/dev/null")) and not path.endswith(".pyc") and "__pycache__" not in path and ".pyc." not in path:
                raise Acts("%s %s" % (event, path))

    def sleep(self, seconds: float) -> None:
        self.waited += max(seconds, self.waited, 0.01)  # twice as long each time: no deadline is far away

    @contextlib.contextmanager
    def entered(self, folder: pathlib.Path) -> Iterator[None]:
        """For one call."""
        self.folder, self.waited = str(folder), 0.0
        patches = [
            mock.patch.object(time, "sleep", self.sleep),
            mock.patch.object(time, "monotonic", lambda: self.clock() + self.waited),
            mock.patch.object(socket.socket, "connect", refused),
            mock.patch.object(socket, "getaddrinfo", resolved),
            mock.patch.object(subprocess, "run", lambda command, **_others: subprocess.CompletedProcess(command, 1, "", "not here")),
            mock.patch.object(basic.AnsibleModule, "run_command", lambda _self, *_given, **_others: (1, "", "not here")),
            mock.patch.object(basic.AnsibleModule, "get_bin_path", lambda _self, *_given, **_others: "/bin/false"),
        ]
        with contextlib.ExitStack() as stack:
            for patch in patches:
                stack.enter_context(patch)
            self.active = True
            try:
                yield
            finally:
                self.active = False


def refused(_self: t.Any, address: t.Any) -> None:
    """Nobody listens, and what cannot be an address is told as Python does."""
    if isinstance(address, tuple):
        if not 0 <= address[1] <= 65535:
            raise OverflowError("connect(): port must be 0-65535.")
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    raise FileNotFoundError(errno.ENOENT, "No such file or directory")


real_getaddrinfo = socket.getaddrinfo


def resolved(host: t.Any, port: t.Any, *given: t.Any, **others: t.Any) -> t.Any:
    """Addresses, and no names."""
    try:
        return real_getaddrinfo(host, port, *given, **{**others, "flags": socket.AI_NUMERICHOST})
    except socket.gaierror:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None


NOTHING = Nothing()


def call(name: str, arguments: Mapping[str, t.Any], folder: pathlib.Path) -> Outcome:
    """Check mode, so that what could be changed is only told. What the module raises is raised."""
    module = importlib.import_module("%s.%s" % (PACKAGE, name))
    made: list[t.Any] = []
    real = basic.AnsibleModule.__init__

    def construct(self: t.Any, *given: t.Any, **others: t.Any) -> None:
        real(self, *given, **others)
        made.append(self)

    text = io.StringIO()
    given_all = {**arguments, "_ansible_check_mode": True, "_ansible_remote_tmp": str(folder), "_ansible_tmpdir": str(folder)}
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch_module_args(given_all))
        stack.enter_context(mock.patch.object(basic.AnsibleModule, "__init__", construct))
        stack.enter_context(contextlib.redirect_stdout(text))
        stack.enter_context(NOTHING.entered(folder))
        try:
            module.main()
        except SystemExit:
            pass
        except Acts:
            return Outcome(False, False, "")
        except Exception:
            if made:
                raise
            return Outcome(True, True, "")  # Ansible's own check of the arguments broke on them
    said = json.loads(text.getvalue().strip().splitlines()[-1])
    return Outcome(not made, bool(said.get("failed")), str(said.get("msg") or ""))


def files(folder: pathlib.Path) -> list[str]:
    """Files of every sort, and places where there is none."""
    contents: dict[str, bytes] = {
        "empty": b"",
        "text": b"hello\n",
        "binary": bytes(range(256)),
        "list": b"[1, 2]\n",
        "mapping": b"{}\n",
        "kubeconfig": b"clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n"
        b"current-context: a\nusers: [{name: a, user: {token: x}}]\n",
        "halfconfig": b"clusters: [{name: a}]\ncurrent-context: b\n",
        "nullconfig": b"clusters: null\ncontexts: {}\nusers: 3\n",
        "pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "halfpem": b"-----BEGIN PRIVATE KEY-----\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "directory").mkdir(exist_ok=True)
    for name, target in (("dangling", "nowhere"), ("loop", "loop")):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(folder / target)
    return [str(folder / name) for name in [*contents, "directory", "dangling", "loop", "missing", "text/below", "x" * 300]]


ODD = ("", " ", "\n", "a\nb", "\t", "-1", "0", "ä€😀", "%s{}", "{{ x }}", "'", '"', "\\", "/", "..", "~", "-x", "#", "null", "true", "1e9", "x" * 5000)
ADDRESSES = ("127.0.0.1", "localhost", "::1", "[::1]", "256.1.1.1", "127.0.0.1:1", "no.such.invalid", "a..b", "x" * 64 + ".invalid")
URLS = ("https://127.0.0.1:1", "https://", "http://[", "//", "https://h:x/", "https://a..b:9")
NUMBERS = (-1, 0, 1, 80, 65535, 65536, 2**31)  # as seconds the last one is 68 years
JUNK = (None, True, -(2**63), 2**64, [], {}, [None], [[]], {"": {}}, {"a": [1, {"b": None}]}, 1.5, float("1e308"), *NUMBERS, *ODD)


# No file of text has NUL or half of a surrogate pair in it: preflight refuses both.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


def junk() -> st.SearchStrategy[t.Any]:
    return st.one_of(st.sampled_from(JUNK), TEXT)


def value_of(name: str, option: Option, paths: list[str]) -> st.SearchStrategy[t.Any]:
    """Values of the right type, most of them wrong in another way."""
    kind = option.get("type", "str")
    if option.get("choices"):
        return st.sampled_from(list(option["choices"]))
    if kind == "bool":
        return st.booleans()
    if kind in ("int", "float"):
        return st.sampled_from(NUMBERS)
    if kind == "list":
        element = {"type": option.get("elements", "raw"), "options": option.get("options")}
        return st.lists(value_of(name, element, paths), max_size=3)
    if kind == "dict":
        options = option.get("options")
        if name in INTERNAL:
            return st.just({})
        return arguments_of(options, paths) if options else st.dictionaries(st.sampled_from(ODD), junk(), max_size=2)
    if kind in ("raw", "json", "jsonarg"):
        return junk()
    # Relative paths of text would be looked for, and locked, below the directory of the tests.
    if kind == "path" or any(word in name for word in ("path", "file", "dir", "conf", "socket", "src", "dest")):
        return st.sampled_from([*paths, "/", "/proc/self/nothing"])
    return st.one_of(st.sampled_from([*ODD, *ADDRESSES, *URLS]), TEXT)


def arguments_of(spec: Mapping[str, Option], paths: list[str]) -> st.SearchStrategy[dict[str, t.Any]]:
    """All that a module asks for, and some of what it takes."""
    needed = {name: value_of(name, option, paths) for name, option in spec.items() if option.get("required")}
    others = {name: value_of(name, option, paths) for name, option in spec.items() if not option.get("required")}
    return st.fixed_dictionaries(needed, optional=others)


@st.composite
def wrong(draw: st.DrawFn, spec: Mapping[str, Option], paths: list[str]) -> dict[str, t.Any]:
    """Arguments of which at most one has not even the right type."""
    arguments = draw(arguments_of(spec, paths))
    others = sorted(set(spec) - set(INTERNAL))
    if others and draw(st.integers(0, 3)) == 0:
        arguments[draw(st.sampled_from(others))] = draw(junk())
    return arguments
