# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: a value against one option of an argument spec, stricter than Ansible.

Ansible validates a role's arguments after converting them and then hands the role the unconverted value: "false" passes as a boolean
and is true in a condition. Here nothing is converted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Complaint = tuple[str, Any, str, str]  # path, value, expected, remedy

JSON_HINT = "on the command line pass JSON: -e '{\"%s\": %s}'; in a YAML file drop the quotes"
INI_HINT = "; in an INI file write %s=%s, as true is text there"
WORDS = {"bool": "true or false", "int": "an integer", "float": "a number", "str": "text", "path": "a path", "list": "a list", "dict": "a mapping"}
NO_TEXT = re.compile("[\x00\ud800-\udfff]")  # YAML and JSON can say both, and no path or protocol can
TRUE_WORDS = ("true", "yes", "on", "1")
BOOLEAN_WORDS = (*TRUE_WORDS, "false", "no", "off", "0")


def is_empty(value: Any) -> bool:
    """None, "" and empty collections; false and 0 are values."""
    return value is None or (isinstance(value, (str, list, tuple, Mapping)) and len(value) == 0) or (isinstance(value, str) and not value.strip())


def has_type(value: Any, wanted: str) -> bool:
    """Whether a value has the type without conversion."""
    if wanted == "bool":
        return isinstance(value, bool)
    if wanted == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if wanted == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if wanted in ("str", "path"):
        return isinstance(value, str)
    if wanted == "list":
        return isinstance(value, (list, tuple))
    if wanted == "dict":
        return isinstance(value, Mapping)
    return True  # raw, json, bytes, bits: nothing to hold them against


def type_remedy(name: str, value: Any, wanted: str) -> str:
    """What to write instead."""
    if wanted == "bool" and isinstance(value, str) and value.strip().lower() in BOOLEAN_WORDS:
        true = value.strip().lower() in TRUE_WORDS
        return JSON_HINT % (name, str(true).lower()) + INI_HINT % (name, true)
    if wanted in ("int", "float") and isinstance(value, str):
        return JSON_HINT % (name, value.strip() or "1")
    if wanted in ("str", "path") and isinstance(value, (int, float)):
        return 'put it in quotes: %s: "%s"' % (name, str(value).lower() if isinstance(value, bool) else value)
    return "%s: <%s>" % (name, WORDS.get(wanted, wanted))


def complaints(path: str, value: Any, option: Mapping[str, Any]) -> Iterator[Complaint]:
    """Everything that is wrong with one supplied value, down to the suboptions."""
    wanted = option.get("type", "str")
    if value is None and not option.get("required"):
        return
    if not has_type(value, wanted):
        yield path, value, "%s, not %s" % (WORDS.get(wanted, wanted), kind(value)), type_remedy(path, value, wanted)
        return
    if isinstance(value, str) and NO_TEXT.search(value):
        yield path, repr(value), "text that a file can hold, without NUL and halves of a character", "%s: <%s>" % (path, WORDS.get(wanted, wanted))
        return
    choices = option.get("choices")
    if choices and not is_empty(value):
        for item in value if wanted == "list" else [value]:
            if item not in choices:
                yield path, item, "one of %s" % ", ".join(str(choice) for choice in choices), "%s: %s" % (path.split(".")[-1].split("[")[0], choices[0])
    if wanted == "list" and (option.get("elements") or option.get("options")):
        element = {"type": option.get("elements", "str"), "options": option.get("options")}
        for number, item in enumerate(value):
            yield from complaints("%s[%d]" % (path, number), item, element)
    elif wanted == "dict" and option.get("options"):
        yield from suboptions(path, value, option["options"])


def suboptions(path: str, value: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[Complaint]:
    """Missing, unknown and wrong keys of a mapping."""
    for key, option in options.items():
        if key in value:
            yield from complaints("%s.%s" % (path, key), value[key], option)
        if option.get("required") and is_empty(value.get(key)):
            yield "%s.%s" % (path, key), value.get(key), "a value", "add the key %s" % key
    names = set(options) | {alias for option in options.values() for alias in option.get("aliases", [])}
    for key in value:
        if key not in names:
            yield "%s.%s" % (path, key), value[key], "one of the keys %s" % ", ".join(sorted(options)), "remove or correct the key"


def kind(value: Any) -> str:
    """The type of a value in the words of YAML."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text in quotes" if value.strip().lower() in BOOLEAN_WORDS or value.strip().isdigit() else "text"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "a mapping" if isinstance(value, Mapping) else "empty"
