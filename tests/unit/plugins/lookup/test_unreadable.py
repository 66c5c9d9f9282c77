# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file of secrets that is no text, or no file: a sentence with a next command, not Python's own words."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.onprem.wandb.plugins.lookup import object_store, secret


def broken(path: pathlib.Path, kind: str) -> None:
    if kind == "bytes":
        path.write_bytes(b"\xff\xfe\x80")
    else:
        path.mkdir()


@pytest.mark.parametrize(("kind", "words"), [("bytes", "no text in UTF-8"), ("directory", "Is a directory")])
def test_secret(tmp_path: pathlib.Path, kind: str, words: str) -> None:
    broken(tmp_path / "redis_password", kind)
    plugin: t.Any = secret.LookupModule()
    plugin.set_options = lambda **_options: None
    plugin.get_option = lambda _name: str(tmp_path)
    with pytest.raises(AnsibleLookupError, match=words) as told:
        plugin.run(["redis_password"], {})
    assert str(told.value).endswith(f"Next: ls -l {tmp_path}; put the file back from where it is kept.")


@pytest.mark.parametrize(("kind", "words"), [("bytes", "no text in UTF-8"), ("directory", "Is a directory")])
def test_object_store(tmp_path: pathlib.Path, kind: str, words: str) -> None:
    broken(tmp_path / "file", kind)
    with pytest.raises(AnsibleLookupError, match=words) as told:
        object_store.read(str(tmp_path / "file"))
    assert str(told.value).endswith(f"Next: ls -l {tmp_path}/file; put it back from where it is kept.")
    assert object_store.read(str(tmp_path / "none")) is None
