# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The address that follows MySQL's primary."""

from __future__ import annotations

from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import endpoint

GROUPS = {"kube_control_plane": ["cp1"], "kube_node": ["node1"], "mysql": ["db1", "db2"], "redis": ["store1"], "minio": ["store1"]}
OURS = ["192.0.2.3/24", "192.0.2.200/32"]  # db1 is the third host
NAME = "mysql_endpoint_address"


def every(site):
    return [finding for rule in endpoint.RULES for finding in rule(site)]


def test_a_good_one(site):
    assert every(site(groups=GROUPS)) == []
    assert every(site(groups={**GROUPS, "mysql": []})) == []


def test_a_pair_without_endpoint(site, found):
    none = {NAME: ""}
    assert found(endpoint.missing(site(none, groups=GROUPS))) == [("site", NAME, "problem")]
    assert every(site({**none, "preflight_allow_no_mysql_endpoint": True}, groups=GROUPS)) == []
    assert every(site({**none, "wandb_mysql_host": "db.example.com"}, groups=GROUPS)) == []
    assert every(site(none, groups={**GROUPS, "mysql": ["db1"]})) == []


def test_two_endpoints(site, found):
    assert found(endpoint.one_for_all(site(groups=GROUPS, hosts={"db2": {NAME: "192.0.2.201"}}))) == [("site", NAME, "problem")]


def test_what_both_members_must_have(site, found):
    """W&B knows one port, and accounts replicate: after a switchover the application stood before a closed port, or had the other member's password."""
    assert found(endpoint.one_pair(site(groups=GROUPS, hosts={"db2": {"mysql_port": 3307}}))) == [("site", "mysql_port", "problem")]
    assert found(endpoint.one_pair(site({NAME: ""}, groups=GROUPS, hosts={"db2": {"mysql_port": 3307}}))) == []
    assert every(site({"mysql_port": 3307, "mysql_app_password": "abc"}, groups=GROUPS)) == []
    assert every(site(groups={**GROUPS, "mysql": ["db1"]}, hosts={"db1": {"mysql_port": 3307, "mysql_app_password": "abc"}})) == []
    said = list(endpoint.one_pair(site(groups=GROUPS, hosts={"db1": {"mysql_app_password": "abc"}, "db2": {"mysql_app_password": "abd"}})))
    assert [one.variable for one in said] == ["mysql_app_password"] and "abc" not in str(said) and "abd" not in str(said)
    other = dict.fromkeys(endpoint.REPLICATED, "x")
    assert [one.variable for one in endpoint.one_pair(site(groups=GROUPS, hosts={"db2": other}))] == list(endpoint.REPLICATED)


def test_an_address_of_a_host(site, found):
    assert found(endpoint.somebodys(site({NAME: "192.0.2.2"}, groups=GROUPS))) == [("node1", NAME, "problem")]
    assert found(endpoint.somebodys(site({NAME: "192.0.2.9"}, groups=GROUPS, hosts={"db2": {"host_address": "192.0.2.9"}}))) == [("db2", NAME, "problem")]
    measured = {"cp1": {"addresses": ["10.0.0.1/24", "192.0.2.200/24"]}}
    assert found(endpoint.somebodys(site(groups=GROUPS, measured=measured))) == [("cp1", NAME, "problem")]


def test_the_endpoint_of_an_earlier_run_is_ours(site):
    measured = {"db1": {"addresses": OURS}, "db2": {"answering": {"192.0.2.200": "02:00:c6:12:29:15"}}}
    assert every(site(groups=GROUPS, measured=measured)) == []


def test_another_network(site, found):
    assert found(endpoint.network(site({NAME: "198.51.100.20"}, groups=GROUPS))) == [("db1", NAME, "problem"), ("db2", NAME, "problem")]
    measured = {"db2": {"addresses": ["192.0.2.4/26"]}}
    assert found(endpoint.network(site(groups=GROUPS, measured=measured))) == [("db2", NAME, "problem")]


def test_an_address_that_somebody_has(site, found):
    measured = {"db2": {"answering": {"192.0.2.200": "02:00:00:00:00:01"}}}
    assert found(endpoint.answering(site(groups=GROUPS, measured=measured))) == [("db2", NAME, "problem")]


def test_who_was_not_asked_cannot_say_whose_it_is(site):
    measured = {"db2": {"answering": {"192.0.2.200": "02:00:00:00:00:01"}}}
    limited = site(groups=GROUPS, measured=measured)
    del limited.hosts["db1"]
    assert list(endpoint.answering(limited)) == []
