# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what a user of W&B does, by W&B's own SDK. Run by the Python that has the SDK: sdk_run.py log|clean FILE

FILE is JSON: what is asked, and what was done so far. It is written after each step: what a run that breaks off has made is cleaned up, too.
`sdk.py` starts it. Nothing of the collection or of Ansible is imported here.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import typing as t
from collections.abc import Callable
from pathlib import Path

STEPS = 20
TABLE = [[1, "\u00e4"], [2, "b"]]
CONTENT = 100_000  # bytes of the file and of the artifact
PATIENCE = 60.0  # seconds until a file that was uploaded shows: it goes through a queue

State = dict[str, t.Any]


def digest(data: bytes) -> str:
    """Checksum of what was logged."""
    return hashlib.sha256(data).hexdigest()


def keep(place: Path, state: State) -> None:
    """What is known so far."""
    place.write_text(json.dumps(state), encoding="utf-8")


def words(error: BaseException) -> str:
    """An error of the SDK in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:400]


def read_part(state: State, name: str, read: Callable[[], str]) -> None:
    """One thing that was logged, read back: what is wrong with it, or nothing. The SDK raises errors of many libraries."""
    try:
        state["parts"][name] = read()
    except Exception as error:
        state["parts"][name] = words(error)


def log(state: State, place: Path) -> None:
    """A run with metrics, a table, a file and an artifact, and all of it read back."""
    import wandb

    content = os.urandom(CONTENT)
    with wandb.init(project=state["project"], name=state["name"], job_type="acceptance") as run:
        state["path"] = f"{run.entity}/{state['project']}/{run.id}"
        keep(place, state)
        for step in range(STEPS):
            run.log({"loss": 1 / (step + 1)})
        run.log({"table": wandb.Table(columns=["number", "word"], data=TABLE)})
        notes = Path(run.dir) / "notes.bin"  # in the run's own directory: of a link to a file elsewhere the SDK warns
        notes.write_bytes(content)
        run.save(str(notes), base_path=run.dir, policy="now")
        artifact = wandb.Artifact(f"acceptance-{run.id}", type="dataset")
        Path("weights.bin").write_bytes(content)
        artifact.add_file("weights.bin")
        run.log_artifact(artifact).wait()
    state["parts"] = {}
    run = wandb.Api().run(state["path"])
    read_part(state, "metrics", lambda: metrics(run))
    read_part(state, "table", lambda: table(run))
    read_part(state, "file", lambda: file(run, digest(content), state))
    read_part(state, "artifact", lambda: downloaded(run, digest(content)))


def metrics(run: t.Any) -> str:
    """Every step, each with its value."""
    seen = [row["loss"] for row in run.scan_history() if row.get("loss") is not None]
    wanted = [1 / (step + 1) for step in range(STEPS)]
    return "" if seen == wanted and run.state == "finished" else f"{len(seen)} of {STEPS} steps are there as they were logged, the run is {run.state}"


def table(run: t.Any) -> str:
    """The same rows."""
    logged = next((artifact for artifact in run.logged_artifacts() if artifact.type == "run_table"), None)
    if logged is None:
        return "the run has no table"
    rows = logged.get("table").data
    return "" if rows == TABLE else f"the table holds {rows}, expected {TABLE}"


def file(run: t.Any, wanted: str, state: State) -> str:
    """The same bytes, as soon as the queue has passed them on; its presigned URL is kept for the question about CORS."""
    end = time.monotonic() + PATIENCE
    while True:
        found = [one for one in run.files() if one.name == "notes.bin" and one.size]
        if found or time.monotonic() >= end:
            break
        time.sleep(0.5)
    if not found:
        return f"the file that was uploaded does not show within {PATIENCE:.0f} s: W&B's queue, or who works on it, stands still"
    # Once the link is asked for, it is the one that a page gets.
    state["url"] = found[0].direct_url or found[0].url
    with found[0].download(root="back", replace=True) as back:
        seen = digest(Path(back.name).read_bytes())
    return "" if seen == wanted else "the file's bytes are others than those that were logged"


def downloaded(run: t.Any, wanted: str) -> str:
    """The same bytes."""
    logged = next((artifact for artifact in run.logged_artifacts() if artifact.type == "dataset"), None)
    if logged is None:
        return "the run has no artifact"
    place = Path(logged.download(root="back-artifact", skip_cache=True))
    seen = digest((place / "weights.bin").read_bytes())
    return "" if seen == wanted else "the artifact's bytes are others than those that were logged"


def clean(state: State, place: Path) -> None:
    """Delete the runs with their artifacts, and look whether they are gone. A run that was begun and never reached W&B is none there."""
    import wandb

    state["removed"], state["left"] = [], []
    api = wandb.Api()
    for path in state["paths"]:
        try:
            run = api.run(path)
        except (ValueError, wandb.errors.CommError):
            continue
        run.delete(delete_artifacts=True)
        try:
            wandb.Api().run(path)
            state["left"].append(path)
        except (ValueError, wandb.errors.CommError):
            state["removed"].append(path)
        keep(place, state)


def main() -> None:
    """One verb."""
    place = Path(sys.argv[2])
    state = json.loads(place.read_text(encoding="utf-8", errors="strict"))
    {"log": log, "clean": clean}[sys.argv[1]](state, place)
    keep(place, state)


if __name__ == "__main__":
    main()
