# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several machines, one matrix."""

from __future__ import annotations

from ansible_collections.onprem.wandb.plugins.plugin_utils._storage_matrix import matrix


def probe(name, verdict="pass", remedy=""):
    return {"name": name, "verdict": verdict, "evidence": {"status": 200}, "milliseconds": 2.4, "remedy": remedy}


def test_one_line_for_each_question_and_one_column_for_each_machine():
    found = matrix({"controller": {"probes": [probe("put"), probe("get")], "findings": []}, "node1": {"probes": [probe("put")], "findings": []}})
    assert found["findings"] == []
    assert [line.split() for line in found["lines"]][2:4] == [["put", "ok", "2", "ms", "ok", "2", "ms"], ["get", "ok", "2", "ms", "?"]]
    assert found["lines"][-1] == "2 machines, 2 questions, 0 findings, 0 notes"


def test_machines_that_do_not_fit_into_80_columns_come_in_a_further_table():
    asked = {"probes": [probe("presigned_url_with_a_long_name"), probe("get")], "findings": []}
    found = matrix(dict.fromkeys(("controller", "cp1.example.com", "node1", "node2", "node3", "node4", "store1.example.com"), asked))
    heads = [line.split() for line in found["lines"] if line.startswith("question")]
    machines = [name for head in heads for name in head[1:]]
    assert machines == ["controller", "cp1.example.co", "node1", "node2", "node3", "node4", "store1.example"]
    assert len(heads) == 2 and max(len(line) for line in found["lines"]) <= 80
    assert [line.split().count("ok") for line in found["lines"] if line.startswith("get ")] == [5, 2]


def test_a_finding_names_machine_question_and_remedy():
    probes = [probe("clock", "fail", "Look at chrony."), probe("tls_public", "notice", "Clients need the CA.")]
    found = matrix({"node1": {"probes": probes, "findings": ["clock"]}})
    assert found["findings"] == ["node1, clock: seen status=200. Look at chrony."]
    assert "node1, tls_public: seen status=200. Clients need the CA." in found["lines"]


def test_an_accepted_finding_stays_in_the_matrix():
    found = matrix({"node1": {"probes": [probe("copy", "fail", "x")], "findings": []}})
    assert found["findings"] == []
    assert "FAIL" in found["lines"][2]


def test_a_machine_that_could_not_ask_is_a_finding():
    found = matrix({"node1": {"msg": "boto3 is missing", "failed": True}})
    assert found["findings"] == ["node1 could not ask: boto3 is missing"]
    assert matrix({})["findings"]
