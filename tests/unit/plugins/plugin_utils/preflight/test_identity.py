# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clones and clocks."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import identity
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(("key", "label"), [("hostname", "host name"), ("machine_id", "machine-id"), ("product_uuid", "product UUID")])
def test_the_same_identity_twice(site, found, key, label):
    assert found(identity.duplicates(site(measured={"db1": {key: "x"}, "db2": {key: "x"}}))) == [("db1, db2", label, "problem")]


def test_product_uuid_of_containers_can_be_allowed(site):
    same = {"db1": {"product_uuid": "x"}, "db2": {"product_uuid": "x"}}
    assert not list(identity.duplicates(site({"preflight_allow_duplicate_product_uuid": True}, measured=same)))
    assert list(identity.duplicates(site(hosts={"db1": {"preflight_allow_duplicate_product_uuid": True}}, measured=same)))


def test_hosts_without_product_uuid_are_not_duplicates(site):
    assert not list(identity.duplicates(site(measured={"db1": {"product_uuid": ""}, "db2": {"product_uuid": ""}})))


@pytest.mark.parametrize("value", ["", "uninitialized"])
def test_no_machine_id(site, found, value):
    assert found(identity.machine_id(site(measured={"cp1": {"machine_id": value}}))) == [("cp1", "machine-id", "problem")]


def clock(offset, uncertainty=0.02):
    return {"clock": {"offset": offset, "uncertainty": uncertainty}}


@pytest.mark.parametrize("offset", [1.5, -1.5, 3600.0])
def test_a_clock_that_is_off(site, found, offset):
    assert found(identity.clocks(site(measured={"db2": clock(offset)}))) == [("db2", "clock", "problem")]


def test_the_controllers_own_clock_is_off(site, found):
    broken = site()
    for host in broken.hosts.values():
        host.measured.update(clock(5.0))
    assert found(identity.clocks(broken)) == [("localhost", "clock", "problem")]


def test_two_hosts_each_near_the_middle_and_yet_far_apart(site, found):
    assert found(identity.clocks(site(measured={"db1": clock(-0.8), "db2": clock(0.8)}))) == [("db1, db2", "clock", "problem")]


def test_a_skew_within_the_measurements_doubt_is_not_a_problem(site):
    assert not list(identity.clocks(site(measured={"db2": clock(1.3, 0.5)})))


def test_a_measurement_that_cannot_tell_is_a_warning(site, found):
    assert found(identity.clocks(site(measured={"db2": clock(1.3, 2.0)}))) == [("db2", "clock", "warning")]


def test_no_clock_measured(site):
    broken = site()
    for host in broken.hosts.values():
        host.measured["clock"] = {}
    assert not list(identity.clocks(broken))


@given(st.lists(st.floats(-0.49, 0.49), min_size=1, max_size=6))
def test_clocks_within_a_second_never_complain(offsets):
    found = {str(number): (offset, 0.01) for number, offset in enumerate(offsets)}
    assert not list(identity.far_pair(found, 0.0))
