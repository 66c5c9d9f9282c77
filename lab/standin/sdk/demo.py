"""Three runs of one training, as the demo leaves them: demo.py [PROJECT]

Each has curves, a table, a file and an artifact; they differ in their learning rate, so that the curves do, too.
"""
from __future__ import annotations

import math
import random
import sys
import tempfile
from pathlib import Path

import wandb

RATES = (0.01, 0.1, 0.5)
STEPS = 120


def loss(rate: float, step: int, chance: random.Random) -> float:
    """Falls with the rate; at a high one it stays uneasy."""
    return math.exp(-step * rate / 10) + 0.02 + abs(chance.gauss(0, 0.3 * rate * rate))


def train(project: str, rate: float, place: Path) -> str:
    """One run; its address."""
    chance = random.Random(int(rate * 1000))
    with wandb.init(project=project, name=f"rate {rate}", config={"learning_rate": rate, "steps": STEPS}, dir=place) as run:
        last = 1.0
        for step in range(STEPS):
            last = loss(rate, step, chance)
            run.log({"loss": last, "accuracy": max(0.0, 1 - last)})
        run.log({"predictions": wandb.Table(columns=["picture", "label"], data=[[number, chance.choice(["cat", "dog"])] for number in range(10)])})
        notes = Path(run.dir) / "notes.txt"
        notes.write_text(f"learning rate {rate}: loss {last:.4f} after {STEPS} steps\n", encoding="utf-8")
        run.save(str(notes), base_path=run.dir, policy="now")
        weights = place / "weights.bin"
        weights.write_bytes(chance.randbytes(1_000_000))
        model = wandb.Artifact("model", type="model", metadata={"learning_rate": rate})
        model.add_file(str(weights))
        run.log_artifact(model).wait()
        return f"{run.entity}/{project}/{run.id}"


def main() -> None:
    project = sys.argv[1] if len(sys.argv) > 1 else "demo"
    with tempfile.TemporaryDirectory() as place:
        paths = [train(project, rate, Path(place)) for rate in RATES]
    api = wandb.Api()
    for path in paths:
        run = api.run(path)
        rows = sum(1 for row in run.scan_history() if "loss" in row)
        if run.state != "finished" or rows != STEPS:
            sys.exit(f"{path}: {run.state} with {rows} steps, expected finished with {STEPS}")
        print(f"{run.name}: {rows} steps, loss {run.summary['loss']:.4f}, {len(list(run.logged_artifacts()))} artifacts")


if __name__ == "__main__":
    main()
