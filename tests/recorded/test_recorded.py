# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the consumers' tests read is what the producers return today. With --record it is written instead."""

from __future__ import annotations

import pathlib

import producers
import pytest
from ansible_collections.onprem.wandb.tests.unit.recorded import recording


@pytest.mark.parametrize("names", list(producers.PRODUCERS), ids="+".join)
def test_the_recording_is_what_is_returned(names: tuple[str, ...], request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> None:
    found = producers.PRODUCERS[names](tmp_path)
    assert set(found) == set(names)
    if request.config.getoption("--record"):
        for name, result in found.items():
            recording.write(name, result)
    wrong = {name: recording.differences(recording.read(name), result) for name, result in found.items()}
    assert not any(wrong.values()), f"{wrong}. Next: make record, and look at what changed for the consumers"


def test_every_recording_has_a_producer() -> None:
    assert sorted(name for names in producers.PRODUCERS for name in names) == recording.NAMES
