# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A template in a test finds the collection's own filters and lookups, without a run of Ansible."""

from __future__ import annotations

import importlib
import pathlib

import hypothesis

# A machine that does something else at the same time is no fault of the code.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

# Ansible's loader wants to know where a package lies and what its collection says of itself; a namespace package tells neither.
TOP = importlib.import_module("ansible_collections.onprem.wandb")
TOP._collection_meta = {}  # type: ignore[attr-defined]
for kind in ("plugins", "plugins.filter", "plugins.lookup"):
    package = importlib.import_module(f"ansible_collections.onprem.wandb.{kind}")
    package.__file__ = str(pathlib.Path(next(iter(package.__path__))) / "__synthetic__")
