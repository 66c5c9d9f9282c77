# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what W&B's own SDK met on each kind of machine, as rows like verify's. A row passes when it does on every machine."""

from __future__ import annotations

from collections.abc import Mapping

from .model import FAIL, NOT_APPLICABLE, PASS, Measurement, Row, evidence, failed, probes, reason

# id, requirement, what is expected, and the questions of wandb_client_check behind it.
ROWS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("AC-01", "the machine has W&B's SDK", "a Python that imports wandb, from accept_python or accept_index_url", ("program",)),
    ("AC-02", "W&B is reached and its certificate trusted", "name, port and chain as the SDK needs them", ("resolve", "connect", "tls")),
    ("AC-03", "W&B takes the API key", "a user behind accept_api_key", ("api_key",)),
    ("AC-04", "metrics are logged and read back", "every step with its value, the run finished", ("log", "metrics")),
    ("AC-05", "a table is logged and read back", "the same rows", ("table",)),
    ("AC-06", "a file is logged and read back", "the same bytes, shown within a minute", ("file",)),
    ("AC-07", "an artifact is logged and read back", "the same bytes", ("artifact",)),
    ("AC-08", "pages may load files of the bucket (CORS)", "W&B's origin is allowed for GET and PUT of presigned URLs", ("cors",)),
    ("AC-09", "wandb verify passes", "every check of the SDK's own command", ("verify",)),
    ("AC-10", "what this made is gone again", "no run of it is left", ("clean",)),
)


def all_rows(machines: Mapping[str, Measurement]) -> list[Row]:
    """The report. `machines` are results of wandb_client_check by the machine's name."""
    return [row_of(number, requirement, expected, names, machines) for number, requirement, expected, names in ROWS]


def row_of(number: str, requirement: str, expected: str, names: tuple[str, ...], machines: Mapping[str, Measurement]) -> Row:
    """One row: machines that stand against it first."""
    judged = {machine: judge(measurement, names) for machine, measurement in machines.items()}
    for result in (FAIL, NOT_APPLICABLE):
        found = {machine: text for machine, (verdict, text) in judged.items() if verdict == result}
        if found:
            return Row(number, requirement, expected, told(found), result)
    return Row(number, requirement, expected, told({machine: text for machine, (_verdict, text) in judged.items()}), PASS)


def told(texts: Mapping[str, str]) -> str:
    """What machines say; those that say the same together."""
    machines: dict[str, list[str]] = {}
    for machine, text in texts.items():
        machines.setdefault(text, []).append(machine)
    return "; ".join("%s: %s" % (", ".join(names), text) for text, names in machines.items())


def judge(measurement: Measurement, names: tuple[str, ...]) -> tuple[str, str]:
    """One machine: the first question that found something, or what all of them saw."""
    found = probes(measurement)
    if failed(measurement) or not found:
        return FAIL, reason(measurement)
    for name in names:
        probe = found[name]
        if probe["verdict"] == "fail":
            return FAIL, "%s. %s" % (evidence(probe), probe["remedy"])
        if probe["verdict"] == "skip":
            return not_asked(str(probe["evidence"]["reason"]), found)
    return PASS, "; ".join(dict.fromkeys(evidence(found[name]) for name in names))


def not_asked(why: str, found: Mapping[str, Mapping[str, object]]) -> tuple[str, str]:
    """A question behind one that failed is a promise that is not kept; one that check mode leaves out is none."""
    while why.startswith("needs "):
        needed = why[len("needs ") :].split(", ")
        wrong = [name for name in needed if found[name]["verdict"] == "fail"]
        if wrong:
            return FAIL, "not asked, because of the row that says what is wrong with %s" % ", ".join(wrong)
        evidence_of = found[next(name for name in needed if found[name]["verdict"] == "skip")]["evidence"]
        why = str(evidence_of["reason"]) if isinstance(evidence_of, Mapping) else ""
    return NOT_APPLICABLE, "not asked: %s" % why
