"""What the first operator's scenario reads out of README.md, and the list of what its inventory has beyond it."""

from __future__ import annotations

import re
from pathlib import Path

import first_page
import pytest
import tuesday
import yaml
from lablib import handover

TOP = Path(__file__).resolve().parents[3]
README = (TOP / "README.md").read_text(encoding="utf-8")
BEYOND = TOP / "lab/beyond.yml"
NAMED = "README.md names it"
KNOWN = 38  # lines of beyond.yml: a new one is something that the scenario does not prove any more, and has to be meant


def test_what_the_lab_needs_beyond_the_readme_does_not_grow_silently() -> None:
    text = BEYOND.read_text(encoding="utf-8")
    found = yaml.safe_load(text)
    assert len(found) == KNOWN, "lab/beyond.yml has another number of lines than is known here"
    lines = [line for line in text.splitlines() if not line.startswith(("#", "---"))]
    assert len(lines) == KNOWN, "one line a variable"
    assert all(re.fullmatch(r"[a-z0-9_]+: .{8,}", line) for line in lines), "every variable has a reason"
    assert not set(found) & first_page.variables(README), "README.md names it: it is not beyond"


def test_the_lab_sets_no_more_than_that() -> None:
    """What inventories/lab says of its machine and of its versions is in the list or is what the stranger does otherwise."""
    otherwise = {
        "minio_allow_root_disk": "a drive of its own",
        "preflight_size": NAMED,
        "lab_upstream": "the lab's own",
    }
    assert {name for name, why in otherwise.items() if why == NAMED} <= first_page.variables(README)
    for name in ("machine", "versions"):
        set_there = set(yaml.safe_load((TOP / f"inventories/lab/group_vars/all/{name}.yml").read_text(encoding="utf-8")))
        assert set_there - set(yaml.safe_load(BEYOND.read_text(encoding="utf-8"))) - set(otherwise) == set()


def test_the_samples_files_are_filled_in() -> None:
    sample = TOP / "inventories/sample"
    groups = {"kube_control_plane": ["cp1"], "kube_node": ["node1", "node2"], "mysql": ["db1", "db2"], "redis": ["store1"], "minio": ["store1"]}
    addresses = {name: f"192.0.2.{number}" for number, name in enumerate(["cp1", "node1", "node2", "db1", "db2", "store1"])}
    hosts = yaml.safe_load(handover.hosts_file((sample / "hosts.yml").read_text(encoding="utf-8"), groups, addresses, "x.test"))["all"]["children"]
    assert {group: list(content["hosts"]) for group, content in hosts.items()} == {group: [f"{one}.x.test" for one in names] for group, names in groups.items()}
    assert hosts["redis"]["hosts"]["store1.x.test"] == {"ansible_host": "192.0.2.5"}
    text = handover.variables_file((sample / "group_vars/all.yml").read_text(encoding="utf-8"), {"site_name": r"a\1", "mysql_version": "9"}, "last: 1\n")
    found = yaml.safe_load(text)
    assert (found["site_name"], found["mysql_version"], found["last"]) == (r"a\1", "9", 1)
    assert found["preflight_size"] == "production" and text.count("\nsite_name:") == 1


def test_hosts_are_handed_over_with_their_drives_and_one_door() -> None:
    done: dict[str, str] = {}

    def on(host: str, script: str) -> str:
        done[host] = done.get(host, "") + script
        return ""

    handover.prepare(on, ["db1", "store1"], ["store1"], ["192.0.2.10"], "ssh-ed25519 AAAA", "pw", root=False)
    assert set(done) == {"db1", "store1", handover.JUMP}
    assert "mkfs.xfs" in done["store1"] and "mkfs.xfs" not in done["db1"]
    assert "ip saddr { 192.0.2.10 } tcp dport 22 accept" in done["db1"]
    assert all("rm -f /root/.ssh/authorized_keys" in script for script in done.values())


def test_the_first_page_ends_where_it_is_said_to() -> None:
    assert "mysql_endpoint_address" in first_page.variables(README)
    assert "mysql_innodb_buffer_pool_size" not in first_page.variables(README)
    with pytest.raises(ValueError, match="no heading"):
        first_page.first_page("# Another page")


def test_the_commands_are_those_of_the_block() -> None:
    found = first_page.install_commands(README)
    assert any(command.startswith("pip install ") for command in found)
    assert any(command.startswith("ansible-galaxy collection install ") for command in found)
    with pytest.raises(ValueError, match="no block"):
        first_page.install_commands("pip install ansible")


def test_pip_need_not_look_for_a_way_out() -> None:
    """requirements/controller.txt is what is tested; the README's line must let pip take it."""
    pinned = dict(re.findall(r"^(\w+)==([\d.]+)$", (TOP / "requirements/controller.txt").read_text(encoding="utf-8"), re.MULTILINE))
    line = next(command for command in first_page.install_commands(README) if command.startswith("pip install"))
    bound = re.search(r'"kubernetes<([\d.]+)"', line)
    assert bound, "the newest kubernetes and boto3 cannot be installed together (requirements/controller.txt)"
    assert [int(part) for part in pinned["kubernetes"].split(".")] < [int(part) for part in bound[1].split(".")]


def test_every_row_of_a_tuesday_is_a_command() -> None:
    found = first_page.tuesday(README)
    assert sorted(found) == sorted(f"onprem.wandb.{command}" for command in [*tuesday.TUESDAY, *tuesday.LEFT_OUT])
    assert "onprem.wandb.mysql_status" in found
    assert "onprem.wandb.minio_backup -e op_run=yes" in found
    for command in found:
        assert (TOP / f"playbooks/{command.split()[0].rpartition('.')[2]}.yml").is_file(), command


def test_what_the_stranger_sets_by_the_readmes_words_is_in_it() -> None:
    told = handover.told("site", "example.com", "192.0.2.20", "192.0.2.10", [{"upstream": "docker.io"}], Path("/ca.crt"))
    assert len(told) > 8
    assert set(told) - first_page.variables(README) == set()
