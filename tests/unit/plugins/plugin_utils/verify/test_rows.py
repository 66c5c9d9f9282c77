# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every row has an input with which it fails. A row that cannot fail proves nothing."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.rows import all_rows
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.rows.site import ORGANISATIONAL
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.host import node_directory
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.kubernetes import cluster_objects
from ansible_collections.onprem.wandb.tests.unit.plugins.plugin_utils.verify.conftest import traffic

SITE_DOWN = {"failed": True, "msg": "no answer"}


def probe_fails(where, check, name):
    """A probe that found something."""

    def change(facts):
        measurement = facts.controller[check] if where == "controller" else facts.hosts[where][check]
        for entry in measurement["probes"]:
            if entry["name"] == name:
                entry.update(verdict="fail", evidence={"seen": "something else"}, remedy="Mend it.")

    return change


def problem(check, **more):
    """wandb_instance_info has something against a check."""

    def change(facts):
        facts.controller["instance"]["problems"].append({"check": check, "subject": "pod x", "message": "it crashed", **more})

    return change


def cluster(**changes):
    return lambda facts: facts.controller["cluster"].update(changes)


def node(name, **changes):
    def change(facts):
        next(item for item in facts.controller["cluster"]["nodes"] if item["name"] == name).update(changes)

    return change


def ingress(**changes):
    return lambda facts: facts.controller["cluster"]["ingresses"][0].update(changes)


def mysql(name, **changes):
    return lambda facts: facts.hosts[name]["mysql"].update(changes)


def semisync(name, **changes):
    return lambda facts: facts.hosts[name]["mysql"]["semisync"].update(changes)


def measured(name, **changes):
    return lambda facts: facts.hosts[name]["host"]["measured"].update(changes)


def settings(**changes):
    return lambda facts: facts.settings.update(changes)


def gone(where, check):
    """A module that failed."""

    def change(facts):
        if where == "controller":
            facts.controller[check] = SITE_DOWN
        else:
            facts.hosts[where][check] = SITE_DOWN

    return change


def online(facts):
    """A site without mirror, whose first node cannot reach a host of W&B."""
    facts.settings.update(mirror="", airgapped=False)
    facts.hosts["node1"]["host"]["measured"]["endpoints"] = [{"name": "egress", "host": "quay.io", "port": 443, "error": "no TCP connection"}]


def expecting(facts):
    """An online site whose nodes were not asked at all."""
    facts.settings.update(mirror="", airgapped=False)


def external(probe):
    """MySQL elsewhere, asked from the controller."""

    def change(facts):
        facts.groups["mysql"] = []
        facts.controller["mysql_check"] = copy.deepcopy(facts.hosts["db1"]["mysql_check"])
        probe_fails("controller", "mysql_check", probe)(facts)

    return change


def foreign_ca(facts):
    """A provided certificate that the world does not trust."""
    facts.settings["own_ca"] = False
    for entry in facts.controller["way"]["probes"]:
        if entry["name"] == "recognised":
            entry.update(verdict="notice", evidence={"error": "unable to get local issuer certificate"})


def endpoint_elsewhere(facts):
    """The address is on the standby only."""
    measured("db1", addresses=["192.0.2.21/24"])(facts)
    measured("db2", addresses=["192.0.2.22/24", "192.0.2.20/32"])(facts)


def backup(name, **changes):
    """What one host knows about the backups."""
    return lambda facts: facts.hosts[name]["mysql"].update(backup={**facts.hosts[name]["mysql"]["backup"], **changes})


def both(**changes):
    """What every host of the pair knows."""

    def change(facts):
        for name in ("db1", "db2"):
            backup(name, **changes)(facts)

    return change


def pods(broken):
    """The cluster's own pods, broken in the objects of the API."""

    def change(facts):
        api = cluster_objects.Api()
        broken(api)
        facts.controller["pods"] = api.look()

    return change


def on_node(name, files=None, nft="{}"):
    """A node as its files and its packet filter say."""
    return measured(name, pod_network=node_directory.measured(files, nft))


def sockets(name, **decided):
    """What comes of a node's connections and questions."""

    def change(facts):
        facts.hosts[name]["traffic"] = traffic(name, facts.controller["pods"], **decided)

    return change


def cut(prefix):
    """Nothing reaches the pods of one node."""
    return {"connect": lambda address, _port, _timeout: "no answer in time" if address.startswith(prefix) else ""}


def unknown(*servers):
    """Nameservers that do not know the names outside."""
    return {"resolve": lambda server, name, _timeout: ([], "NXDOMAIN") if server in servers and "example" in name else (["192.0.2.31"], "")}


def all_pods_on_one_node(api):
    for pod in api.pods[:2]:
        pod["spec"]["nodeName"] = "cp1"


def egress(*nodes):
    """An online site of which these nodes reach W&B's hosts."""

    def change(facts):
        facts.settings.update(mirror="", airgapped=False)
        for name in nodes:
            facts.hosts[name]["host"]["measured"]["endpoints"] = [{"name": "egress", "host": "quay.io", "port": 443, "error": ""}]

    return change


def skipped(where, check, name, needed):
    """A probe that was not asked, because another one found something."""

    def change(facts):
        probe_fails(where, check, needed)(facts)
        for entry in facts.hosts[where][check]["probes"]:
            if entry["name"] == name:
                entry.update(verdict="skip", evidence={"reason": "needs ping, %s" % needed}, remedy="")

    return change


def no_password(facts):
    """Neither the check nor the server has one."""
    for entry in facts.hosts["store1"]["redis"]["probes"]:
        if entry["name"] == "password_required":
            entry.update(verdict="notice", evidence={"password": "none given"}, remedy="Set a password.")


def second_redis(facts):
    facts.groups["redis"] = ["store1", "store2"]


# id, part of the requirement (two rows have the same id), how it is broken
BREAKS = [
    ("RA-02", "", node("node2", ready=False, problems=["not ready: kubelet stopped posting"])),
    ("RA-02", "", node("node2", schedulable=False)),
    ("RA-02", "", node("node1", problems=["DiskPressure"])),
    ("RA-02", "", gone("controller", "cluster")),
    ("RA-04", "", node("node1", version="v1.33.9")),
    ("RA-04", "", cluster(version="v1.32.0")),
    ("RA-04", "", gone("controller", "cluster")),
    ("RA-05", "", cluster(ingress_classes=[])),
    ("RA-05", "", settings(ingress_class="nginx")),
    ("RA-05", "", gone("controller", "cluster")),
    ("RA-06", "", cluster(storage_classes=[{"name": "x", "default": False, "provisioner": "y"}])),
    ("RA-06", "", cluster(pending_claims=["wandb/data"])),
    ("RA-06", "", gone("controller", "cluster")),
    ("RA-08", "", cluster(helm="v4.0.1")),
    ("RA-08", "", gone("controller", "cluster")),
    ("RA-09", "", measured("db2", architecture="aarch64")),
    ("RA-09", "", node("node1", architecture="arm64")),
    ("RA-09", "", gone("db1", "host")),
    ("RA-10", "", mysql("db1", version="8.0.31")),
    ("RA-10", "", mysql("db2", version="10.11.6-MariaDB")),
    ("RA-10", "", external("version")),
    ("RA-12", "", mysql("db2", running=False, problem="Can't connect")),
    ("RA-12", "", mysql("db2", role="none", channel=None)),
    ("RA-12", "", mysql("db2", role="primary", read_only=False, super_read_only=False)),
    ("RA-12", "", mysql("db2", super_read_only=False)),
    ("RA-12", "", mysql("db2", gtid_state="DIVERGED")),
    ("RA-12", "", mysql("db2", errant="uuid:7")),
    ("RA-12", "", mysql("db2", channel={"receiver": "OFF", "applier": "ON", "receiver_error": "Lost connection"})),
    ("RA-12", "", measured("db2", machine_id="m4")),
    ("RA-12", "", mysql("db1", boots_without_peer=True)),
    ("RA-12", "", gone("db2", "mysql")),
    ("RA-14", "", probe_fails("db2", "mysql_check", "sync")),
    ("RA-17", "", probe_fails("db1", "mysql_check", "schema")),
    ("RA-17", "", probe_fails("db1", "mysql_check", "grants")),
    ("RA-17", "", probe_fails("db1", "mysql_check", "connect")),
    ("RA-17", "", external("grants")),
    ("RA-18", "", mysql("db2", differing_variables={"sync_binlog": {"expected": "1", "seen": "0"}})),
    ("RA-18", "", mysql("db1", persisted_variables=["sort_buffer_size"])),
    ("RA-18", "", mysql("db1", variables={})),
    ("RA-18", "", external("settings")),
    ("RA-19", "", probe_fails("store1", "redis", "version")),
    ("RA-19", "", probe_fails("store1", "redis", "connect")),
    ("RA-19", "", probe_fails("store1", "redis", "write_and_read")),
    ("RA-19", "", skipped("store1", "redis", "write_and_read", "role")),
    ("RA-19", "", skipped("store1", "redis", "write_and_read", "persistence")),
    ("RA-19", "", skipped("store1", "redis", "write_and_read", "memory")),
    ("RA-19", "", probe_fails("store1", "redis", "commands")),
    ("RA-19", "", second_redis),
    ("RA-20", "presigned", probe_fails("controller", "bucket", "presigned_put")),
    ("RA-20", "presigned", probe_fails("controller", "bucket", "multipart")),
    ("RA-20", "CORS", probe_fails("controller", "bucket", "cors_preflight")),
    ("RA-20", "CORS", gone("controller", "bucket")),
    ("RA-21", "", online),
    ("RA-21", "", expecting),
    ("RA-21", "", egress("cp1", "node1", "node2")),
    ("RA-22", "", probe_fails("controller", "bucket", "connect")),
    ("RA-22", "", probe_fails("controller", "bucket", "tls")),
    ("RA-22", "", probe_fails("controller", "way", "certificate")),
    ("RA-22", "", gone("controller", "way")),
    ("RA-23", "", probe_fails("controller", "way", "resolution")),
    ("RA-24", "", probe_fails("controller", "way", "reach")),
    ("RA-24", "", probe_fails("controller", "way", "page")),
    ("RA-22", "", probe_fails("controller", "way", "page")),
    ("RA-25", "", lambda facts: facts.controller["instance"]["routes"][1].update(ok=False)),
    ("RA-25", "", problem("routes")),
    ("RA-25", "", lambda facts: facts.controller["instance"].update(routes=[])),
    ("RA-25", "", gone("controller", "instance")),
    ("RA-26", "", ingress(release="")),
    ("RA-26", "", ingress(tls_secrets=[])),
    ("RA-26", "", ingress(**{"class": ""})),
    ("RA-26", "", cluster(ingresses=[])),
    ("RA-26", "", gone("controller", "cluster")),
    ("RA-27", "", probe_fails("controller", "way", "certificate")),
    ("RA-28", "", foreign_ca),
    ("RA-30", "", problem("operator")),
    ("RA-30", "", problem("release")),
    ("RA-30", "", cluster(images=["docker.io/wandb/controller:latest"])),
    ("RA-30", "", cluster(images=["registry.example.com:5000/wandb/controller"])),
    ("RA-30", "", gone("controller", "instance")),
    ("RA-31", "", lambda facts: facts.controller["instance"]["operator"]["release"].update(airgapped=False)),
    ("RA-31", "", problem("workloads", message="container app: ImagePullBackOff")),
    ("RA-31", "", gone("controller", "instance")),
    ("RA-33", "", lambda facts: facts.capacity.append("db1: memory 2 GB, expected 64 GB")),
    ("RA-33", "", gone("node3", "host")),
    ("EX-01", "", measured("db2", clock={})),
    ("EX-01", "", lambda facts: facts.clocks.append("db1: clock +5.0 s")),
    ("EX-02", "", problem("workloads")),
    ("EX-02", "", gone("controller", "instance")),
    ("EX-03", "", problem("readiness")),
    ("EX-03", "", lambda facts: facts.controller["instance"].update(readiness=[])),
    ("EX-03", "", gone("controller", "instance")),
    ("EX-04", "", probe_fails("controller", "way", "redirect")),
    ("EX-05", "", probe_fails("controller", "way", "large_body")),
    ("EX-06", "", probe_fails("store1", "redis", "password_required")),
    ("EX-06", "", no_password),
    ("EX-07", "", probe_fails("store1", "redis", "settings")),
    ("EX-08", "", probe_fails("controller", "bucket", "public_access")),
    ("EX-09", "", probe_fails("controller", "bucket", "confined")),
    ("EX-17", "", gone("controller", "minio")),
    ("EX-18", "", gone("controller", "minio")),
    ("EX-19", "", settings(minio_backup_host="store1")),
    ("EX-20", "", lambda facts: facts.controller["instance"]["resource"]["redis"].update(tls=False)),
    ("EX-20", "", probe_fails("store1", "redis", "certificate")),
    ("EX-20", "", probe_fails("store1", "redis", "connect")),
    ("EX-20", "", gone("store1", "redis")),
    ("EX-20", "", gone("controller", "instance")),
    ("EX-10", "", mysql("db1", measured=None, measure_problem="A row did not arrive")),
    ("EX-10", "", mysql("db1", measured=None)),
    ("EX-10", "", gone("db1", "mysql")),
    ("EX-11", "", semisync("db1", source_status="OFF")),
    ("EX-11", "", semisync("db1", attached=0)),
    ("EX-11", "", lambda facts: facts.hosts["db1"]["mysql"].update(degraded={"since": "2026-11-23T22:10:04Z", "reason": "memory"})),
    ("EX-11", "", semisync("db2", replica_status="OFF")),
    ("EX-11", "", gone("db2", "mysql")),
    ("EX-12", "", measured("db1", addresses=["192.0.2.21/24"])),
    ("EX-12", "", measured("db2", addresses=["192.0.2.22/24", "192.0.2.20/32"])),
    ("EX-12", "", measured("node1", addresses=["192.0.2.20/24"])),
    ("EX-12", "", endpoint_elsewhere),
    ("EX-12", "", mysql("db1", role="none", read_only=True)),
    ("EX-12", "", probe_fails("db2", "mysql_endpoint", "connect")),
    ("EX-12", "", gone("db1", "mysql_endpoint")),
    ("EX-12", "", gone("db1", "mysql")),
    ("EX-13", "", both(last_full_age_seconds=None)),
    ("EX-13", "", both(last_full_age_seconds=93601)),
    ("EX-13", "", backup("db2", configured=False, problem="no backups are configured on this host")),
    ("EX-13", "", gone("db1", "mysql")),
    ("EX-14", "", both(verified_age_seconds=None)),
    ("EX-14", "", both(verified_age_seconds=180001)),
    ("EX-15", "", both(shipped_age_seconds=None)),
    ("EX-15", "", both(shipped_age_seconds=601)),
    ("EX-16", "", backup("db1", failures={"full": "the place of the repository is full"})),
    ("EX-16", "", gone("db2", "mysql")),
    ("EX-21", "", pods(lambda api: api.crash("coredns-b"))),
    ("EX-21", "", pods(lambda api: api.crash("etcd-cp1"))),
    ("EX-21", "", pods(lambda api: api.workloads["daemonsets"].pop(1))),
    ("EX-21", "", gone("controller", "pods")),
    ("EX-22", "", pods(all_pods_on_one_node)),
    ("EX-22", "", pods(lambda api: api.crash("coredns-b"))),
    ("EX-22", "", gone("controller", "pods")),
    ("EX-23", "", sockets("node2", **unknown("10.96.0.10"))),
    ("EX-23", "", gone("node2", "traffic")),
    ("EX-23", "", gone("controller", "pods")),
    ("EX-24", "", sockets("cp1", **cut("10.244.2."))),
    ("EX-24", "", gone("node1", "traffic")),
    ("EX-24", "", gone("controller", "pods")),
    ("EX-25", "", sockets("node2", **cut("10.244.2."))),
    ("EX-25", "", gone("controller", "pods")),
    ("EX-26", "", on_node("node1", {"/etc/sysctl.d/99-cis.conf": "net.ipv4.ip_forward = 0"})),
    ("EX-26", "", on_node("node1", {"/etc/cni/net.d/10-calico.conflist": ""})),
    ("EX-26", "", on_node("cp1", {"/etc/resolv.conf": "nameserver 127.0.0.1"})),
    ("EX-26", "", on_node("cp1", {"/proc/sys/net/ipv4/ip_forward": "0"})),
    ("EX-26", "", on_node("node2", nft=node_directory.chain("forward", "drop"))),
    ("EX-26", "", gone("node3", "host")),
]


def rows_of(facts, identifier, part):
    return [row for row in all_rows(facts) if row.id == identifier and part in row.requirement]


def test_a_healthy_site_passes(facts):
    assert [row for row in all_rows(facts) if row.result == "fail"] == []


@pytest.mark.parametrize(("identifier", "part", "change"), BREAKS)
def test_a_row_that_fails(facts, identifier, part, change):
    change(facts)
    (row,) = rows_of(facts, identifier, part)
    assert row.result == "fail", row
    assert row.measured


def test_every_row_that_measures_can_fail(facts):
    organisational = {identifier for identifier, _requirement, _why in ORGANISATIONAL}
    measured_rows = {row.id for row in all_rows(facts)} - organisational
    assert measured_rows == {identifier for identifier, _part, _change in BREAKS}


def test_every_requirement_has_a_row(facts):
    assert {row.id for row in all_rows(facts)} >= {"RA-%02d" % number for number in range(1, 34)}


def test_rows_are_in_order_and_have_no_twins(facts):
    rows = all_rows(facts)
    assert [row.id for row in rows] == sorted((row.id for row in rows), key=lambda text: (not text.startswith("RA"), text))
    assert len({(row.id, row.requirement) for row in rows}) == len(rows)


def test_nothing_measured_at_all_fails_loudly(facts):
    facts.hosts, facts.controller = {name: {} for name in facts.hosts}, {}
    results = {row.id: row.result for row in all_rows(facts)}
    assert "pass" not in results.values()


def test_one_accepted_mysql_host_is_not_applicable(facts):
    facts.groups["mysql"] = ["db1"]
    facts.settings["single_mysql"] = True
    assert {row.id: row.result for row in all_rows(facts)}["RA-12"] == "n.a."
    facts.settings["single_mysql"] = False
    assert {row.id: row.result for row in all_rows(facts)}["RA-12"] == "fail"


def test_a_standby_that_cannot_ask_its_source_says_why(facts):
    asked = {"address": "192.0.2.21:3306", "state": "unreachable", "detail": "Access denied for user 'replication' (error 1045)"}
    channel = {"host": "192.0.2.21", "port": 3306, "receiver": "ON", "applier": "ON", "receiver_error": "", "applier_error": ""}
    mysql("db2", gtid_state="", channel=channel, peers=[asked])(facts)
    said = "db2: GTID state unknown, because db2 cannot ask 192.0.2.21:3306, which is unreachable: Access denied for user 'replication' (error 1045)"
    assert rows_of(facts, "RA-12", "")[0].measured == said
    mysql("db2", channel={**channel, "host": "192.0.2.9"})(facts)
    assert "because its source 192.0.2.9:3306 is none of the pair (192.0.2.21:3306)" in rows_of(facts, "RA-12", "")[0].measured
    mysql("db2", peers=[])(facts)
    assert "(nobody was asked)" in rows_of(facts, "RA-12", "")[0].measured
    mysql("db2", gtid_state="IDENTICAL")(facts)
    assert rows_of(facts, "RA-12", "")[0].result == "pass"


def test_a_setting_that_differs_is_told_as_a_person_says_it(facts):
    mysql("db2", differing_variables={"sync_binlog": {"expected": "1", "seen": "0"}})(facts)
    assert rows_of(facts, "RA-18", "")[0].measured == "db2: sync_binlog is 0, declared 1"


def test_a_recovering_standby_is_fine(facts):
    mysql("db2", gtid_state="RECOVERABLE", lag_seconds=0.4)(facts)
    assert rows_of(facts, "RA-12", "")[0].result == "pass"


def test_no_heartbeat_in_check_mode(facts):
    mysql("db1", measured=None)(facts)
    facts.settings["check_mode"] = True
    assert rows_of(facts, "EX-10", "")[0].result == "n.a."


def test_an_operator_that_was_not_read_is_not_an_operator_without_airgapped(facts):
    del facts.controller["instance"]["operator"]
    facts.controller["instance"]["problems"].append({"check": "api", "subject": "Kubernetes API", "message": "no answer in time"})
    (row,) = rows_of(facts, "RA-31", "")
    assert row.result == "fail"
    assert "None" not in row.measured and "no answer in time" in row.measured


def test_own_ca_is_not_held_against_the_site(facts):
    foreign_ca(facts)
    facts.settings["own_ca"] = True
    assert rows_of(facts, "RA-28", "")[0].result == "n.a."


def test_a_broken_base_is_named_where_the_question_was_not_asked(facts):
    for entry in facts.controller["bucket"]["probes"]:
        if entry["name"] == "connect":
            entry.update(verdict="fail", evidence={"error": "refused"}, remedy="Start it.")
        elif entry["name"] == "credentials":
            entry.update(verdict="skip", evidence={"reason": "needs connect"})
        elif entry["name"] == "presigned_put":
            entry.update(verdict="skip", evidence={"reason": "needs credentials"})
    (row,) = rows_of(facts, "RA-20", "presigned")
    assert row.result == "fail" and row.measured.startswith("connect: error refused")


def test_the_newest_backup_counts_whoever_knows_of_it(facts):
    backup("db1", last_full_age_seconds=None, verified_age_seconds=999999)(facts)
    assert [rows_of(facts, name, "")[0].result for name in ("EX-13", "EX-14")] == ["pass", "pass"]


def test_an_external_mysql_has_no_backup_rows(facts):
    facts.groups["mysql"] = []
    facts.controller["mysql_check"] = copy.deepcopy(facts.hosts["db1"]["mysql_check"])
    assert {rows_of(facts, name, "")[0].result for name in ("EX-13", "EX-14", "EX-15", "EX-16")} == {"n.a."}


def test_an_online_site_whose_nodes_reach_their_hosts(facts):
    egress("cp1", "node1", "node2", "node3")(facts)
    assert rows_of(facts, "RA-21", "")[0].result == "pass"


def test_redis_is_not_written_in_check_mode(facts):
    for entry in facts.hosts["store1"]["redis"]["probes"]:
        if entry["name"] in ("write_and_read", "commands"):
            entry.update(verdict="skip", evidence={"reason": "check mode"}, remedy="")
    assert rows_of(facts, "RA-19", "")[0].result == "pass"


def test_a_store_that_does_not_tell_whether_the_key_is_confined(facts):
    for entry in facts.controller["bucket"]["probes"]:
        if entry["name"] == "confined":
            entry.update(verdict="notice", evidence={"code for another bucket": "NoSuchBucket"}, remedy="Look at its policy.")
    (row,) = rows_of(facts, "EX-09", "")
    assert (row.result, row.measured) == ("n.a.", "not told (code for another bucket NoSuchBucket). Look at its policy.")


def test_plain_redis_is_a_choice(facts):
    facts.settings["redis_tls"] = False
    facts.controller["instance"]["resource"]["redis"]["tls"] = False
    assert rows_of(facts, "EX-20", "")[0].result == "n.a."


def test_nobody_ships_and_the_reason_is_named(facts):
    """The timer is healthy; the standby receives, acknowledges and applies nothing."""
    why = {"db1": "it is the primary, and 1 standby attached does it", "db2": "it is a standby whose replication is stopped: its data stand still"}
    for name, text in why.items():
        facts.hosts[name]["mysql"]["backup"] = {**facts.hosts[name]["mysql"]["backup"], "shipped_age_seconds": None, "ship_why": text}
    (row,) = rows_of(facts, "EX-15", "")
    assert row.result == "fail" and all(f"{name}: {text}" in row.measured for name, text in why.items())
    assert "mysql_status -i <inventory>" in row.measured and "mysql-backup-ship.timer" not in row.measured


def test_a_site_that_lives_without_backups_says_so(facts):
    for name in ("db1", "db2"):
        facts.hosts[name]["mysql"]["backup"] = {"configured": False, "problem": "no backups are configured on this host"}
    assert rows_of(facts, "EX-13", "")[0].result == "fail"
    facts.hosts["db1"]["mysql"]["backup"] = {"configured": False, "problem": "", "accepted_none": True}
    assert rows_of(facts, "EX-13", "")[0].result == "fail"  # one host's variable is not the other's
    facts.hosts["db2"]["mysql"]["backup"] = {"configured": False, "problem": "", "accepted_none": True}
    rows = [rows_of(facts, name, "")[0] for name in ("EX-13", "EX-14", "EX-15", "EX-16")]
    assert {row.result for row in rows} == {"n.a."} and "lives without backups" in rows[0].measured
