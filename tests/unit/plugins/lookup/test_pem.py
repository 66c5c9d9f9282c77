# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every PEM file of the operator goes through the lookup pem, and the lookup gives nothing else of it."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.onprem.wandb.plugins.lookup.pem import LookupModule

ROLES = pathlib.Path(__file__).resolve().parents[4] / "roles"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----\n"


def look(path: pathlib.Path, kind: str) -> str:
    plugin = LookupModule(loader=DataLoader(), templar=Templar(loader=DataLoader()))
    plugin.set_options = lambda **_options: None  # type: ignore[method-assign]
    plugin.get_option = lambda _name: kind  # type: ignore[method-assign]
    return str(plugin.run([str(path)], {})[0])


def test_the_wanted_blocks_only(tmp_path):
    path = tmp_path / "all.pem"
    path.write_bytes(("\ufeff" + KEY + "text\n" + CERTIFICATE).replace("\n", "\r\n").encode())
    assert look(path, "certificates") == CERTIFICATE
    assert look(path, "private_key") == KEY


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [(None, "certificates", "No such file"), (KEY, "certificates", "no block CERTIFICATE"), (CERTIFICATE, "private_key", "no block PRIVATE KEY")],
)
def test_another_file_is_named_with_what_is_expected(tmp_path, content, kind, words):
    path = tmp_path / "x.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(AnsibleLookupError, match=f"x.pem on the controller cannot be used: {words}.*in PEM form. Next: openssl storeutl"):
        look(path, kind)


def test_no_role_copies_a_certificate_or_key_as_it_is():
    """`ansible.builtin.file` gives whatever else the file holds: a key beside a certificate lands in a public file and in a diff."""
    found = []
    for path in (path for path in ROLES.rglob("*") if path.suffix in (".yml", ".j2") and path.is_file()):
        for name in re.findall(r"builtin\.file', ([\w.]+)", path.read_text(encoding="utf-8")):
            if re.search(r"(ca|certificate|tls_key|private_key)_file$|bundle$|_ca$", name):
                found.append(f"{path.relative_to(ROLES)}: {name}")
    assert not found, found
