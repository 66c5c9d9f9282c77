# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Section C of the issue, each line planted on real hosts."""

from __future__ import annotations

import contextlib
import datetime
import os
import pathlib
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LONG = bool(os.environ.get("LONG"))
TOGETHER = 6  # cases in one run of the short form

FAKE_DMI = "mount -t tmpfs none /sys/class && mkdir -p /sys/class/dmi/id && echo 4c4c4544-0042 > /sys/class/dmi/id/product_uuid"
FAKE_SWAP = "printf 'Filename Type Size Used Priority\\n/dev/sda2 partition 2097148 0 -2\\n' > /run/swaps && mount --bind /run/swaps /proc/swaps"
LATE_CLOCK = "printf '#!/bin/sh\\necho $(($(/usr/bin/date +%%%%s) + %d)).0\\n' > /usr/local/bin/date && chmod 755 /usr/local/bin/date"
LISTEN = "systemd-run --quiet --unit planted-%d python3 -m http.server %d && timeout 10 sh -c 'until ss -ltn | grep -q :%d; do sleep 0.1; done'"
OTHER_OS = "cp /etc/os-release /run/os-release.kept && rm /etc/os-release && printf 'ID=%s\\nVERSION_ID=%s\\n' > /etc/os-release"
OLD_OS = "rm /etc/os-release && ln -s ../usr/lib/os-release /etc/os-release"
OTHER_PYTHON = "printf '#!/bin/sh\\nexec setarch i686 /usr/bin/python3 \"$@\"\\n' > /usr/local/bin/python-i686 && chmod 755 /usr/local/bin/python-i686"

CALICO, CIS = "/etc/cni/net.d/10-calico.conflist", "/etc/sysctl.d/99-cis.conf"
MYSQLD, LEFT, CLOUD = "/etc/systemd/system/mysqld.service", "/var/lib/mysql", "/etc/cloud/cloud.cfg"
NOEXEC = "mkdir -p /opt/onprem-wandb && mount -t tmpfs -o noexec none /opt/onprem-wandb"
OWN_PYTHON = "mkdir -p /opt/py/bin && ln -s /usr/bin/python3 /opt/py/bin/python3 && printf 'home = /usr/bin\\n' > /opt/py/pyvenv.cfg"
PYTHON = {"db2": {"ansible_python_interpreter": "/opt/py/bin/python3"}}
# Beside the real one, so that the host itself goes on resolving names.
LOOPBACK = "cp /etc/resolv.conf /run/resolv.kept && echo 'nameserver 127.0.0.1' >> /etc/resolv.conf"
FORWARD_DROP = "nft add table ip planted && nft add chain ip planted FORWARD '{ type filter hook forward priority 0; policy drop; }'"

# In one transaction: SSH goes on. The second drops for some addresses only, which the rules alone do not tell.
CLOSED = "printf 'table inet planted { chain input { type filter hook input priority 0; policy %s; ct state established accept; %s; }\\n}\\n' | nft -f -"
INPUT_DROP, SOME_DROP = CLOSED % ("drop", "tcp dport 22 accept"), CLOSED % ("accept", "ip saddr 198.18.0.0/15 tcp dport 3306 drop")
OPEN = "nft delete table inet planted"
UNIT = "/etc/systemd/system/containerd.service.d"
LEFT_PROXY = f"mkdir -p {UNIT} && printf '[Service]\\nEnvironment=HTTPS_PROXY=http://me:pr0xypass@proxy.invalid:3128\\n' > {UNIT}/http-proxy.conf"
PROXY = "echo https_proxy=http://me:pr0xypass@proxy.invalid:3128 >> /etc/environment"

MIRROR = "{{ lab_database | regex_replace('[0-9]+$', '10') }}"  # a machine of the lab's network that is in no inventory
PAIR = "https://db{1...2}.{{ lab_domain }}:9000/mnt/disk1/minio"
BUCKET = {"wandb_bucket_access_key": "abc", "wandb_bucket_secret_key": "abc"}  # an external one


@dataclass
class Case:
    """One bad input and the one finding that it must give."""

    name: str
    host: str
    variable: str
    words: str = ""  # somewhere in value, expected or remedy
    vars: dict[str, Any] = field(default_factory=dict)
    plants: list[tuple[str, str, str]] = field(default_factory=list)
    groups: dict[str, list[str]] = field(default_factory=dict)
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    more: tuple[tuple[str, str], ...] = ()  # findings that come with it
    alone: bool = False  # it hides what others would give


def listen(host: str, port: int) -> tuple[str, str, str]:
    return host, LISTEN % (port, port, port), "systemctl stop planted-%d" % port


CASES = [
    Case("site_name missing", "localhost", "site_name", "empty", {"site_name": ""}),
    Case("FQDN empty", "localhost", "wandb_fqdn", "", {"wandb_fqdn": ""}),
    Case("FQDN is an address", "*", "wandb_fqdn", "an address", {"wandb_fqdn": "198.18.0.11", "minio_fqdn": "s3.example.com"}),
    Case("FQDN without a dot", "*", "wandb_fqdn", "without a dot", {"wandb_fqdn": "wandb", "minio_fqdn": "s3.example.com"}),
    Case("boolean as text", "*", "mysql_accept_single_host", "JSON", {"mysql_accept_single_host": "false"}),
    Case("number as text", "*", "mysql_port", "JSON", {"mysql_port": "3306"}),
    Case("version as number", "*", "mysql_version", "quotes", {"mysql_version": 8.4}, more=(("db1, db2", "mysql_version"), ("db1", "mysql_version"))),
    Case("list as text", "*", "host_ntp_servers", "a list", {"host_ntp_servers": "ntp.example.com"}),
    Case("value outside the choices", "*", "preflight_size", "production", {"preflight_size": "huge"}),
    Case("undefined variable in a template", "*", "kubernetes_pod_cidr", "undefined", {"kubernetes_pod_cidr": "{{ no_such_variable }}"}),
    Case("Kubernetes too old", "cp1", "kubernetes_version", "1.34 or newer", {"kubernetes_version": "1.33.4"}, more=(("cp1", "kubernetes_version"),)),
    Case("Kubernetes without checksum", "cp1", "kubernetes_version", "artifacts_overrides", {"kubernetes_version": "1.36.99"}),
    Case("MySQL innovation release", "db1, db2", "mysql_version", "innovation", {"mysql_version": "9.1.0"}, more=(("db1", "mysql_version"),)),
    Case("MySQL without checksum", "db1", "mysql_version", "artifacts_overrides", {"mysql_version": "8.4.99"}),
    Case("Redis 6", "db1", "redis_version", "Redis 7", {"redis_version": "6.2"}),
    Case("containerd for another Kubernetes", "cp1", "containerd_version", "2.3", {"containerd_version": "1.7.28"}, more=(("cp1", "containerd_version"),)),
    Case(
        "not x86-64",
        "db1",
        "CPU architecture",
        "x86_64",
        plants=[("db1", OTHER_PYTHON, "rm /usr/local/bin/python-i686")],
        hosts={"db1": {"ansible_python_interpreter": "/usr/local/bin/python-i686"}},
    ),
    Case("unsupported OS", "db2", "operating system", "Debian 12/13", plants=[("db2", OTHER_OS % ("debian", "11"), OLD_OS)]),
    Case("foreign OS", "db2", "operating system", "Debian 12/13", plants=[("db2", OTHER_OS % ("fedora", "42"), OLD_OS)]),
    Case("cgroup v1", "cp1", "cgroup hierarchy", "preflight_allow_cgroup_v1", {"preflight_allow_cgroup_v1": False}),
    Case("too few CPUs", "db1, db2", "CPUs", "64", {"preflight_minimums": {"kube_node": {"hosts": 1}, "mysql": {"cpus": 64}}}),
    Case("too little memory", "cp1", "memory", "900", {"preflight_minimums": {"kube_node": {"hosts": 1, "memory_gb": 900}}}),
    Case("too little disk", "cp1", "disk of", "90000", {"preflight_minimums": {"kube_node": {"hosts": 1, "disk_gb": 90000}}}),
    Case("too little free disk", "cp1", "disk of", "free", {"preflight_minimums": {"kube_node": {"hosts": 1, "disk_free_gb": 90000}}}),
    Case("too few nodes", "site", "group kube_node", "3 hosts", {"preflight_minimums": {"kube_node": {"hosts": 3}}}),
    Case("another CNI configuration", "cp1", CALICO, "mv", plants=[("cp1", f"mkdir -p /etc/cni/net.d && echo '{{}}' > {CALICO}", f"rm {CALICO}")]),
    Case("resolver on loopback", "cp1", "/etc/resolv.conf", "resolvConf", plants=[("cp1", LOOPBACK, "cat /run/resolv.kept > /etc/resolv.conf")]),
    Case("forwarding off after a boot", "cp1", "net.ipv4.ip_forward", CIS, plants=[("cp1", f"echo net.ipv4.ip_forward=0 > {CIS}", f"rm {CIS}")]),
    Case("packet filter before pods", "cp1", "packet filter", "policy drop", plants=[("cp1", FORWARD_DROP, "nft delete table ip planted")]),
    Case("swap on", "db1", "swap", "/dev/sda2", {"preflight_allow_swap": False, "host_swap_off": False}, [("db1", FAKE_SWAP, "umount /proc/swaps")]),
    Case("data of another server", "db2", "mysql_data_dir", "mv ", plants=[("db2", f"mkdir -p {LEFT} && touch {LEFT}/ibdata1", f"rm {LEFT}/ibdata1")]),
    Case("unit of another server", "db2", MYSQLD, "mariadb", plants=[("db2", f"ln -s /lib/systemd/system/mariadb.service {MYSQLD}", f"rm {MYSQLD}")]),
    Case("programs that may not run", "cp1", "/opt/onprem-wandb", "noexec", plants=[("cp1", NOEXEC, "umount /opt/onprem-wandb")]),
    Case(
        "cloud-init writes /etc/hosts",
        "db1",
        "host_etc_hosts",
        "cloud-init",
        {"host_etc_hosts": True},
        [("db1", f"mkdir -p /etc/cloud && echo 'manage_etc_hosts: true' > {CLOUD}", f"rm {CLOUD}")],
    ),
    Case("a Python of somebody's own", "db2", "ansible_python_interpreter", "/usr/bin/python3", plants=[("db2", OWN_PYTHON, "rm -r /opt/py")], hosts=PYTHON),
    Case("data on the root disk", "*", "minio_volumes", "root file system", {"minio_allow_root_disk": False}),
    Case("clock ahead", "db2", "clock", "chrony", plants=[("db2", LATE_CLOCK % 5, "rm /usr/local/bin/date")]),
    Case("clock behind", "cp1", "clock", "chrony", plants=[("cp1", LATE_CLOCK % -5, "rm /usr/local/bin/date")]),
    Case("same host name", "db1, db2", "host name", "hostnamectl", plants=[("db2", "hostname db1", "hostname db2")]),
    Case(
        "same machine-id",
        "db1, db2",
        "machine-id",
        "cloned",
        plants=[(name, "mount --bind /run/planted-id /etc/machine-id", "umount /etc/machine-id; rm /run/planted-id") for name in ("db1", "db2")],
    ),
    Case(
        "same product UUID",
        "db1, db2",
        "product UUID",
        "4c4c4544",
        {"preflight_allow_duplicate_product_uuid": False},
        [(name, FAKE_DMI, "umount /sys/class") for name in ("db1", "db2")],
    ),
    Case("pods overlap services", "cp1", "kubernetes_pod_cidr / kubernetes_service_cidr", "", {"kubernetes_service_cidr": "198.19.0.0/20"}, alone=True),
    Case("pods overlap hosts", "*", "kubernetes_pod_cidr", "no host uses", {"kubernetes_pod_cidr": "198.18.0.0/16"}, alone=True),
    Case("services overlap hosts", "*", "kubernetes_service_cidr", "no host uses", {"kubernetes_service_cidr": "198.18.0.0/16"}, alone=True),
    Case("range with host bits", "cp1", "kubernetes_pod_cidr", "host bits", {"kubernetes_pod_cidr": "10.244.0.1/16"}, alone=True),
    Case("one MySQL host", "site", "group mysql", "mysql_accept_single_host", groups={"mysql": ["db1"]}),
    Case("three MySQL hosts", "site", "group mysql", "no read replicas", groups={"mysql": ["db1", "db2", "cp1"]}),
    Case("two hosts of the object store", "site", "group minio", "minio_backup_target", {"minio_volumes": [PAIR]}, groups={"minio": ["db1", "db2"]}),
    Case("primary outside the group", "site", "mysql_primary", "one of db1, db2", {"mysql_primary": "cp1"}, alone=True),
    # The address is on no interface of theirs either, so nobody knows where the endpoint would be held.
    Case(
        "primary is the standby",
        "site",
        "group mysql",
        "separate machines",
        {"host_address": "198.18.99.1"},
        more=(
            *(("cp1, db1, db2", "address"), ("cp1, db1, db2", "host_address"), ("all hosts", "host_address")),
            *(("db1", "mysql_endpoint_interface"), ("db2", "mysql_endpoint_interface")),
            *((name, "host_address") for name in ("cp1", "db1", "db2")),
            *(("cp1, db1", "MySQL of db2"), ("cp1, db2", "MySQL of db1"), ("cp1", "Redis of db1"), ("cp1, db1", "MinIO of db2")),
        ),
        alone=True,
    ),
    Case("pair without an endpoint", "site", "mysql_endpoint_address", "preflight_allow_no_mysql_endpoint", {"mysql_endpoint_address": ""}, alone=True),
    Case("endpoint that is a name", "db1, db2", "mysql_endpoint_address", "no name", {"mysql_endpoint_address": "db.example.com"}),
    Case("endpoint in another network", "db1, db2", "mysql_endpoint_address", "load balancer", {"mysql_endpoint_address": "192.0.2.30"}),
    Case("endpoint that is a host of ours", "cp1", "mysql_endpoint_address", "of this host", {"mysql_endpoint_address": "{{ hostvars.cp1.ansible_host }}"}),
    Case("endpoint that somebody has", "db1, db2", "mysql_endpoint_address", "answers from", {"mysql_endpoint_address": MIRROR}),
    Case("port of MySQL in use", "db2", "TCP port 3306", "python3", plants=[listen("db2", 3306)]),
    Case("port of the API server in use", "cp1", "TCP port 6443", "kube-apiserver", plants=[listen("cp1", 6443)]),
    Case("port of the ingress in use", "cp1", "TCP port 443", "ingress HTTPS", plants=[listen("cp1", 443)]),
    Case("port of Redis in use", "db1", "TCP port 6379", "Redis", plants=[listen("db1", 6379)]),
    Case("two services on one port", "db2", "TCP port 3306", "MySQL and MinIO", {"minio_port": 3306}, alone=True),
    Case("password that breaks W&B", "*", "mysql_app_password", "@", {"mysql_app_password": "p@ssw0rd"}),
    Case("key that breaks W&B", "*", "minio_secret_key", "/", {"minio_secret_key": "abc/def"}),
    Case("external MySQL without address", "localhost", "wandb_mysql_host", "group mysql is empty", {"wandb_mysql_password": "abc"}, groups={"mysql": []}),
    Case(
        "external MySQL unreachable",
        "cp1",
        "wandb_mysql_host",
        "no TCP connection",
        {"wandb_mysql_host": "127.0.0.1", "wandb_mysql_port": 3999, "wandb_mysql_password": "abc"},
        groups={"mysql": []},
        more=(("localhost", "wandb_mysql_host"),),
    ),
    Case(
        "external S3 that does not resolve",
        "cp1",
        "wandb_bucket_endpoint",
        "does not resolve",
        {**BUCKET, "wandb_bucket_endpoint": "s3.nowhere.invalid:9000", "mysql_backup_accept_none": True},
        groups={"minio": []},
    ),
    Case(
        "backups of MySQL nowhere",
        "site",
        "mysql_backup_repository",
        "mysql_backup_accept_none",
        {**BUCKET, "wandb_bucket_endpoint": "{{ hostvars.cp1.ansible_host }}:22"},  # anything that answers
        groups={"minio": []},
    ),
    Case("firewall of a host", "db1", "firewall (nftables)", "inet planted input, policy drop", plants=[("db1", INPUT_DROP, OPEN)], alone=True),
    Case("firewall for some addresses", "cp1, db1", "MySQL of db2", "no TCP connection", plants=[("db2", SOME_DROP, OPEN)], alone=True),
    # An environment is read when a connection begins.
    Case(
        "proxy of a host",
        "db1",
        "https_proxy",
        "echo no_proxy=",
        plants=[("db1", PROXY, "sed -i /proxy.invalid/d /etc/environment")],
        hosts={"db1": {"ansible_ssh_extra_args": "-o ControlPath=none"}},
    ),
    Case("proxy of containerd", "cp1", "HTTPS_PROXY of containerd.service", "=NO_PROXY=", plants=[("cp1", LEFT_PROXY, f"rm -r {UNIT}")]),
    Case("mirror unreachable", "all hosts", "artifacts_mirror", "no TCP connection", {"artifacts_mirror": "http://127.0.0.1:9"}, alone=True),
    Case("host that does not answer", "db2", "ansible_host", "ping", hosts={"db2": {"ansible_host": "198.18.255.254", "ansible_ssh_timeout": 3}}),
    Case("host without Python", "db2", "ansible_host", "ping", hosts={"db2": {"ansible_python_interpreter": "/usr/bin/no-python"}}),
]
MACHINE_ID = "echo 0123456789abcdef0123456789abcdef > /run/planted-id"


def arrange(lab: Any, case: Case) -> None:
    """The inventory of a case."""
    groups = {**lab.groups(), **case.groups}
    lab.write({name: members for name, members in groups.items() if members}, case.hosts)


def plants_of(case: Case) -> list[tuple[str, str, str]]:
    if case.variable == "machine-id":
        return [(host, "%s; %s" % (MACHINE_ID, do), undo) for host, do, undo in case.plants]
    return case.plants


def ordered(hosts: str) -> str:
    """A list of hosts in one order."""
    return ", ".join(sorted(hosts.split(", ")))


def test_a_good_site_is_ready(lab: Any) -> None:
    report = lab.preflight()
    assert report.code == 0, report.output
    assert report.problems() == set()
    assert "changed=0" in report.output and "no problem found" in report.output
    assert "redis_password" in report.secrets
    assert not (lab.work / "secrets").exists(), "preflight generated secrets"


def test_check_mode_says_the_same(lab: Any) -> None:
    assert lab.preflight("--check").code == 0
    assert lab.preflight("--check", site_name="").code != 0


def test_forks_change_nothing_and_a_limit_leaves_the_rest_of_the_report(lab: Any) -> None:
    """One bad value for all, one of a host that is in the limit, one of a host that is not."""
    lab.write(lab.groups(), {"db1": {"redis_bind": "nowhere"}, "db2": {"mysql_settings": {"sort-buffer-size": 1}}})
    whole, slow, limited = (lab.preflight(*more, preflight_size="huge") for more in ((), ("--forks", "1"), ("--limit", "db2")))
    assert whole.code == slow.code == limited.code == 2, limited.output
    said, again, rest = ({(item["variable"], ordered(item["host"]), item["value"]) for item in report.findings} for report in (whole, slow, limited))
    assert {variable for variable, _host, _value in said} == {"preflight_size", "mysql_settings.sort-buffer-size", "redis_bind"}, whole.output
    assert again == said
    assert {"preflight_size", "mysql_settings.sort-buffer-size"} <= {variable for variable, _host, _value in rest}, limited.output
    assert "redis_bind" not in {variable for variable, _host, _value in rest}


def fits(case: Case, batch: list[Case]) -> bool:
    """Whether a case can be planted beside others: it is told apart by its own variables and hosts, and none of them hides another's finding."""
    if len(batch) == TOGETHER or any(one.alone or one.groups or one.hosts for one in (case, *batch)):
        return False
    return not any(set(case.vars) & set(one.vars) or case.variable == one.variable for one in batch)


def batches(cases: list[Case]) -> list[list[Case]]:
    """Each alone in the long form; in the short one several in one run of preflight, which reports them all."""
    found: list[list[Case]] = []
    for case in cases:
        batch = next((one for one in found if not LONG and fits(case, one)), None)
        if batch is None:
            found.append([case])
        else:
            batch.append(case)
    return found


@pytest.mark.parametrize("batch", batches(CASES), ids=lambda batch: "; ".join(case.name for case in batch))
def test_bad_input(lab: Any, batch: list[Case]) -> None:
    arrange(lab, batch[0])
    with lab.planted([plant for case in batch for plant in plants_of(case)]):
        report = lab.preflight(**{name: value for case in batch for name, value in case.vars.items()})
    assert report.code != 0, report.output
    assert "Traceback" not in report.output
    allowed: set[tuple[str, str]] = set()
    for case in batch:
        hits = [item for item in report.findings if item["variable"].startswith(case.variable) and case.host in ("*", ordered(item["host"]))]
        assert hits or case.more, (case.name, report.output)
        texts = ["%(value)s %(expected)s %(remedy)s" % item for item in (report.findings if case.more else hits)]
        assert any(case.words in text for text in texts), (case.name, report.output)
        allowed |= {(ordered(item["host"]), item["variable"]) for item in hits} | set(case.more)
    assert report.problems() and {(ordered(host), variable) for host, variable in report.problems()} <= allowed, report.output
    for secret in ("p@ssw0rd", "abc/def", "pr0xypass"):
        assert secret not in report.output
    assert not (lab.work / "secrets").exists(), "preflight generated secrets"


def test_everything_at_once_in_one_report(lab: Any) -> None:
    used: list[Case] = []
    variables: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        for case in CASES:
            if case.variable == "kubernetes_pod_cidr":  # it would hide the finding about pods and services
                continue
            if not case.groups and not case.hosts and not set(case.vars) & set(variables) and case.variable not in {other.variable for other in used}:
                variables.update(case.vars)
                stack.enter_context(lab.planted(plants_of(case)))
                used.append(case)
        report = lab.preflight(**variables)
    assert report.code != 0
    found = [item["variable"] for item in report.findings]
    assert [case.name for case in used if not any(name.startswith(case.variable) for name in found)] == [], report.output
    assert len(used) > 20 and "Traceback" not in report.output


def make_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def write_pair(directory: pathlib.Path, names: list[str], days: tuple[int, int], other_key: bool = False) -> dict[str, str]:
    """A self-signed certificate and a key, as files."""
    key = make_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "planted")])
    today = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(today + datetime.timedelta(days=days[0])).not_valid_after(today + datetime.timedelta(days=days[1]))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(item) for item in names]), critical=False)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    shown = make_key() if other_key else key
    private = shown.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "site.crt").write_bytes(certificate)
    (directory / "site.key").write_bytes(private)
    return {"certificate_file": str(directory / "site.crt"), "private_key_file": str(directory / "site.key"), "ca_file": str(directory / "site.crt")}


@pytest.mark.parametrize(
    ("names", "days", "other_key", "words"),
    [
        (["wandb.example.com"], (-400, -1), False, "expired"),
        (["other.example.com"], (-1, 90), False, "a certificate for wandb.example.com"),
        (["wandb.example.com"], (-1, 90), True, "the key of the certificate"),
    ],
    ids=["expired", "other name", "other key"],
)
def test_certificates(lab: Any, tmp_path: pathlib.Path, names: list[str], days: tuple[int, int], other_key: bool, words: str) -> None:
    provided = {"ingress": write_pair(tmp_path, names, days, other_key)}
    report = lab.preflight(wandb_fqdn="wandb.example.com", minio_fqdn="s3.example.com", certificates_provided=provided)
    assert report.code != 0
    assert any(words in "%(value)s %(expected)s" % item for item in report.findings), report.output
    assert {item[1].split("[")[0].rsplit(".", 1)[0] for item in report.problems()} <= {"certificates_provided", "certificates_provided.ingress"}


def test_a_good_certificate(lab: Any, tmp_path: pathlib.Path) -> None:
    provided = {"ingress": write_pair(tmp_path, ["wandb.example.com"], (-1, 90))}
    report = lab.preflight(wandb_fqdn="wandb.example.com", minio_fqdn="s3.example.com", certificates_provided=provided)
    assert report.code == 0, report.output


def test_a_misspelt_variable_is_a_warning(lab: Any) -> None:
    report = lab.preflight(mysql_verison="8.4.9")
    assert report.code == 0 and "mysql_version" in report.about("mysql_verison")[0]["remedy"]


def test_a_proxy_of_the_controller(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:pr0xypass@proxy.invalid:3128")
    report = lab.preflight()
    assert report.code != 0 and "pr0xypass" not in report.output, report.output
    (finding,) = report.about("HTTPS_PROXY")
    monkeypatch.setenv("no_proxy", finding["remedy"].split("no_proxy=")[1])
    monkeypatch.setenv("NO_PROXY", finding["remedy"].split("no_proxy=")[1])
    assert lab.preflight().code == 0


def test_the_commands_for_a_firewall(lab: Any) -> None:
    with lab.planted([("db1", INPUT_DROP, OPEN)]):
        output = lab.play("firewall")
    assert "DB1: NFTABLES" in output and "DB2: NO FIREWALL" in output, output
    assert "tcp dport 3306" in output and lab.addresses["db2"] in output and "changed=0" in output, output
