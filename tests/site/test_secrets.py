# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets that the site puts into W&B's free-form variables, looked for in everything that Ansible prints. tests/secrets does so for the data tier."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

from conftest import Lab

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "secrets")]

from watch import CommandLines, forms, leaks


def planted(work: pathlib.Path) -> dict[str, str]:
    """Three secrets, each with a file of its own, from which watch.forms makes the texts that would give them away."""
    found = {name: f"Planted{name}Secret{number}of3" for number, name in enumerate(("Operator", "Values", "Environment"))}
    for name, text in found.items():
        (work / name).write_text(text, encoding="utf-8")
    return found


def variables(secrets: dict[str, str]) -> dict[str, Any]:
    return {
        "wandb_operator_values": {"extraEnv": [{"name": "PROXY_PASSWORD", "value": secrets["Operator"]}]},
        "wandb_values": {"global": {"email": {"smtp": {"host": "mail.example.test", "user": "wandb", "password": secrets["Values"]}}}},
        "wandb_extra_env": {"SITE_TOKEN": secrets["Environment"]},
    }


def test_what_the_site_adds_is_not_shown(lab: Lab, tmp_path: pathlib.Path) -> None:
    secrets = planted(tmp_path)
    given = variables(secrets)
    with CommandLines() as lines:
        places = {"first": lab.play("wandb.yml", talk=("-vvv", "--diff"), **given), "verify": lab.try_play("verify.yml", talk=("-vvv", "--diff"), **given)[1]}
        places["second"] = lab.play("wandb.yml", talk=("-vvv", "--diff", "--check"), **given)
        # The same keys with another value: a difference of secrets.
        (tmp_path / "Values").write_text("PlantedOtherSecretOf3", encoding="utf-8")
        given["wandb_values"]["global"]["email"]["smtp"]["password"] = "PlantedOtherSecretOf3"
        places["third"] = lab.play("wandb.yml", talk=("-vvv", "--diff"), **given)
    assert "has been hidden" in places["first"]
    places["the command lines of all processes"] = "\n".join(sorted(lines.seen))
    assert leaks({**forms(tmp_path), "first value": [secrets["Values"]]}, places) == []


def test_a_failure_says_how_to_see_why(lab: Lab, tmp_path: pathlib.Path) -> None:
    secrets = planted(tmp_path)
    bad = {"wandb_operator_values": {"extraEnv": [{"name": "PROXY_PASSWORD", "value": secrets["Operator"]}], "replicaCount": "many"}}
    code, output = lab.try_play("wandb.yml", talk=("-vvv", "--diff"), **bad)
    assert code != 0
    assert "onprem.wandb.wandb -i <inventory> -e '{\"wandb_no_log\": false}'" in " ".join(output.split())
    assert leaks(forms(tmp_path), {"the output": output}) == []
    # The search finds what is there, and the switch shows the reason.
    code, output = lab.try_play("wandb.yml", talk=("-vvv", "--diff"), wandb_no_log=False, **bad)
    assert code != 0
    assert "replicaCount" in output
    assert len(leaks(forms(tmp_path), {"the output": output})) == 1
    lab.play("wandb.yml")
