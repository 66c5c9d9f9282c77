"""Labs that may run beside each other have names and networks of their own: with the same ones, each would remove the other's hosts."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[3]
WHERE = ("molecule/*/molecule.yml", "tests/tools/*.sh")


def twins(texts: list[str], pattern: str) -> list[str]:
    """What two of them use."""
    return [value for value, times in Counter(found for text in texts for found in re.findall(pattern, text)).items() if times > 1]


@pytest.mark.parametrize("pattern", [r"LAB_NET(?:: |=\$\{LAB_NET:-)([\d./]+)", r"LAB_NAME(?:: |=\$\{LAB_NAME:-)(\w+)"])
def test_no_two_labs_are_the_same(pattern: str) -> None:
    texts = [path.read_text(encoding="utf-8") for glob in WHERE for path in sorted(TOP.glob(glob))]
    assert sum(len(re.findall(pattern, text)) for text in texts) > 8
    assert twins(texts, pattern) == []
    assert twins([*texts, *texts], pattern)
