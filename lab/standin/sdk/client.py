"""W&B's SDK as a client of the stand-in: client.py VERB STATE

STATE is a JSON file in which one verb leaves for the next what it logged. A verb that finds anything else than what was logged
ends with an AssertionError. The test beside it (../app/sdk_test.go) starts the site, and stops parts of it in between.
"""
from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import wandb

PROJECT = "client"
STEPS = 200


def digest(path: Path) -> str:
    """Checksum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def steps(first: int, count: int, run: wandb.Run) -> None:
    """Log metrics; one value is no number."""
    for step in range(first, first + count):
        run.log({"loss": 1 / (step + 1), "odd": float("nan") if step == 7 else step % 2, "nested": {"square": step * step}})


def files(run: wandb.Run) -> dict[str, str]:
    """Save a file in a directory with a difficult name, and an artifact of two files; wait until its version is there."""
    name = f"notes of {run.id}/ä b+c%.txt"
    notes = Path(run.dir) / name  # in the run's own directory, because of a link to a file elsewhere the SDK warns
    notes.parent.mkdir(parents=True)
    notes.write_bytes(os.urandom(1_000_000))
    run.save(str(notes), base_path=run.dir, policy="now")
    weights, labels = Path(f"weights-{run.id}.bin"), Path(f"labels-{run.id}.txt")
    weights.write_bytes(os.urandom(5_000_000))
    labels.write_text("cat\ndog\n", encoding="utf-8")
    model = wandb.Artifact("model", type="model", metadata={"layers": 3})
    model.add_file(str(weights), name="weights.bin")
    model.add_file(str(labels), name="meta/labels.txt")
    run.log_artifact(model, aliases=["best"]).wait()
    return {"file": name, "file_sha256": digest(notes), "weights_sha256": digest(weights), "labels_sha256": digest(labels)}


def log(state: dict) -> dict:
    """A run with metrics, a table, a file and an artifact."""
    with wandb.init(project=PROJECT, name="the client", config={"lr": 0.1, "layers": [1, 2]}, tags=["a", "ä"], notes="what it is") as run:
        steps(0, STEPS, run)
        print("what the program says", flush=True)
        run.log({"table": wandb.Table(columns=["n", "word"], data=[[1, "ä"], [2, "b"]])})
        return {"run": run.id, "path": f"{run.entity}/{PROJECT}/{run.id}", "rows": STEPS + 1, **files(run)}


def read(state: dict) -> dict:
    """Everything that was logged, read back."""
    api = wandb.Api()
    run = api.run(state["path"])
    assert run.state == "finished", run.state
    seen = (run.config, run.tags, run.notes, run.name)
    assert seen == ({"lr": 0.1, "layers": [1, 2]}, ["a", "ä"], "what it is", "the client"), seen
    rows = list(run.scan_history())
    assert [row["_step"] for row in rows] == list(range(state["rows"])), f"{len(rows)} rows, expected {state['rows']}"
    logged = [row for row in rows if "loss" in row]
    assert all(row["loss"] == 1 / (row["_step"] + 1) and row["nested"]["square"] == row["_step"] ** 2 for row in logged)
    assert [row["_step"] for row in rows if row.get("odd") == "NaN"] == [7]
    assert len(list(run.scan_history(keys=["loss"]))) == len(logged)
    assert run.summary["loss"] == logged[-1]["loss"], run.summary["loss"]
    assert len(run.history(samples=20, pandas=False)) == 20
    said = [line.content for line in run.console_logs()]
    assert "what the program says" in said, said
    downloads(api, state)
    table = api.artifact(f"{run.entity}/{PROJECT}/run-{run.id}-table:latest").get("table")
    assert table.data == [[1, "ä"], [2, "b"]], table.data
    assert {artifact.type for artifact in run.logged_artifacts()} == {"model", "run_table"}
    assert run.id in [other.id for other in api.runs(f"{run.entity}/{PROJECT}", filters={"state": "finished"})]
    return state


def downloads(api: wandb.Api, state: dict) -> None:
    """The file and the artifact have the bytes that were logged."""
    run = api.run(state["path"])
    saved = Path(f"download-{run.id}")
    run.file(state["file"]).download(root=str(saved), replace=True).close()
    assert digest(saved / state["file"]) == state["file_sha256"]
    model = next(artifact for artifact in run.logged_artifacts() if artifact.type == "model")
    assert {"best", "latest"} <= set(model.aliases), model.aliases
    assert model.metadata == {"layers": 3} and model.file_count == 2, (model.metadata, model.file_count)
    where = Path(model.download(root=str(saved / "model"), skip_cache=True))
    assert digest(where / "weights.bin") == state["weights_sha256"]
    assert digest(where / "meta/labels.txt") == state["labels_sha256"]


def resume(state: dict) -> dict:
    """The run goes on where it ended."""
    with wandb.init(project=PROJECT, id=state["run"], resume="must") as run:
        assert run.resumed and run.config["lr"] == 0.1
        steps(state["rows"], 50, run)
        run.use_artifact("model:best")
    api = wandb.Api()
    used = [artifact.id for artifact in api.run(state["path"]).used_artifacts()]
    assert used == [api.artifact(f"{state['path'].rsplit('/', 1)[0]}/model:best").id], used
    return state | {"rows": state["rows"] + 50}


def offline(state: dict) -> dict:
    """A run that is logged without the site, and brought there afterwards."""
    with wandb.init(project=PROJECT, id="offline", mode="offline") as run:
        steps(0, 20, run)
        place = Path(run.dir).parent
    subprocess.run([sys.executable, "-m", "wandb", "sync", str(place)], check=True)
    seen = wandb.Api().run(f"{state['path'].rsplit('/', 1)[0]}/offline")
    assert (seen.state, len(list(seen.scan_history()))) == ("finished", 20), seen.state
    return state


def interrupted(state: dict) -> dict:
    """A run during which the test takes a part of the site away: it says when, and reads the answer."""
    with wandb.init(project=PROJECT, name="interrupted") as run:
        steps(0, STEPS // 2, run)
        print("half", flush=True)
        assert sys.stdin.readline() == "go on\n"
        steps(STEPS // 2, STEPS // 2, run)
        return {"run": run.id, "path": f"{run.entity}/{PROJECT}/{run.id}", "rows": STEPS, **files(run)}


def complete(state: dict) -> dict:
    """Nothing of an interrupted run is lost, and nothing is there twice."""
    api = wandb.Api()
    run = api.run(state["path"])
    rows = [row["_step"] for row in run.scan_history()]
    assert rows == list(range(state["rows"])), f"{len(rows)} rows, expected {state['rows']}"
    assert run.state == "finished", run.state
    downloads(api, state)
    return state


VERBS: dict[str, Callable[[dict], dict]] = {verb.__name__: verb for verb in (log, read, resume, offline, interrupted, complete)}

if __name__ == "__main__":
    place = Path(sys.argv[2])
    before = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    place.write_text(json.dumps(VERBS[sys.argv[1]](before)), encoding="utf-8")
