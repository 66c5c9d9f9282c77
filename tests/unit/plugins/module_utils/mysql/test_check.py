# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judging what a MySQL server says."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import check as judge
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Finding, Remark

GOOD_GRANTS = ["GRANT USAGE ON *.* TO `w`@`%`", "GRANT ALL PRIVILEGES ON `wandb_local`.* TO `w`@`%` WITH GRANT OPTION"]


@pytest.mark.parametrize("version", ["8.0.32", "8.0.46-0ubuntu0.24.04.5", "8.4.11", "9.7.4-2"])
def test_versions_taken(version):
    assert judge.judge_version(version) == {"version": version}


@pytest.mark.parametrize("version", ["8.0.31", "5.7.44", "8.1.0", "9.0.1", "10.11.6-MariaDB", "8.4.2-MariaDB", "fish"])
def test_versions_refused(version):
    with pytest.raises(Finding):
        judge.judge_version(version)


def test_the_seven_settings():
    assert judge.judge_settings(judge.SETTINGS) == judge.SETTINGS
    without = {name: value for name, value in judge.SETTINGS.items() if name != "binlog_format"}
    assert judge.judge_settings(without) == without


@pytest.mark.parametrize("name", sorted(judge.SETTINGS))
def test_each_of_the_seven_settings_wrong(name):
    with pytest.raises(Finding) as caught:
        judge.judge_settings({**judge.SETTINGS, name: "2"})
    assert list(caught.value.evidence) == [name]


@pytest.mark.parametrize("name", sorted(set(judge.SETTINGS) - set(judge.MAY_BE_GONE)))
def test_each_of_the_other_settings_missing(name):
    with pytest.raises(Finding):
        judge.judge_settings({key: value for key, value in judge.SETTINGS.items() if key != name})


def test_schema():
    assert judge.judge_schema({"character_set": "utf8mb4", "collation": "utf8mb4_general_ci"}, "wandb_local")
    for row in (None, {"character_set": "utf8mb3", "collation": "utf8mb3_general_ci"}, {"character_set": "utf8mb4", "collation": "utf8mb4_0900_ai_ci"}):
        with pytest.raises(Finding):
            judge.judge_schema(row, "wandb_local")


def test_grants():
    assert judge.judge_grants(GOOD_GRANTS, "wandb_local")
    escaped = [GOOD_GRANTS[1].replace("wandb_local", "wandb\\_local")]
    assert judge.judge_grants(escaped, "wandb_local")


NO_OPTION, ONLY_SELECT = GOOD_GRANTS[1].replace(" WITH GRANT OPTION", ""), GOOD_GRANTS[1].replace("ALL PRIVILEGES", "SELECT")


@pytest.mark.parametrize("grants", [[], GOOD_GRANTS[:1], [NO_OPTION], [ONLY_SELECT]])
def test_grants_that_are_not_enough(grants):
    with pytest.raises(Finding) as caught:
        judge.judge_grants(grants, "wandb_local")
    assert caught.value.verdict == "fail"


def test_grants_that_are_too_much_are_a_remark():
    with pytest.raises(Remark):
        judge.judge_grants([*GOOD_GRANTS, "GRANT SELECT ON `mysql`.* TO `w`@`%`"], "wandb_local")


def test_disk():
    assert judge.judge_sync(100, int(100 * 2e9), 10)["milliseconds"] == 2.0
    with pytest.raises(Finding):
        judge.judge_sync(100, int(100 * 12e9), 10)
    with pytest.raises(Remark):
        judge.judge_sync(0, 0, 10)
