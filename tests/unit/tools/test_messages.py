"""Each form of a Next that nobody can paste, and the forms that are right."""

from __future__ import annotations

import pytest
from workshop import messages

KNOWN = messages.Known()
SITE = "-i <inventory>"


def told(source: str, python: bool = True) -> list[str]:
    """The faults of a text, in order."""
    return [messages.problem(following, KNOWN) for _line, following in messages.nexts(source, python)]


def test_the_collection_says_what_to_paste() -> None:
    assert "messages in" in messages.messages()


@pytest.mark.parametrize(
    "following",
    [
        "again.",
        "wait.",
        "site.yml.",
        "the playbook mysql_status shows both.",
        "mysql_rejoin makes it the standby.",
        "mysql_rejoin -e op_accept_data_loss=lab",
        "run the playbook onprem.wandb.certificates.",
        "run onprem.wandb.backups.",
        "ansible-playbook onprem.wandb.mysql_status",
        "ansible-playbook mysql_status -i <inventory>",
        "ansible-playbook reset.yml -i <inventory>",
        f"ansible-playbook onprem.wandb.mysql_rejoyn {SITE}",
        f"ansible-playbook onprem.wandb.mysql {SITE} -e '{{\"mysql_restart_alowed\": true}}'",
        f"ansible-playbook onprem.wandb.mysql_restore {SITE} -e op_restore_too=latest",
        f"ansible-playbook onprem.wandb.mysql {SITE}, then ansible-playbook onprem.wandb.nothing {SITE}",
        "-e op_restore_host=db1",
        "find out what they are.",
        "kill the session.",
        "mount the share.",
        "set it, for example in host_vars.",
        "kubectl -n kube-system rollout restart deployment coredns",
        "on cp1: kubectl delete node node2",
        "systemctl status kubelet; kubectl get nodes",
        "rm {mark}; systemctl start mysqld",
        "rm -r {lookup('onprem.wandb.secrets_dir')}",
        "systemctl stop {service}; mv {holder} {holder}.old",
        "set mysql_adress: 198.18.0.1",
        "raise mysql_backup_max_size_gb.",
        "add space there.",
        "nothing, the next run tries again.",
        "look at what it said.",
        "systemctl",
        "on db1: restart it.",
        "",
    ],
)
def test_what_cannot_be_pasted_is_told(following: str) -> None:
    assert messages.problem(following, KNOWN)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\n`ansible-playbook onprem.wandb.mysql -e mysql_restart_allowed=true`", [2]),
        ("`backups.yml -e 'mysql_backup_new_repository=true'`", [1]),
        ("-e bucket_check_large_bytes=6000000000", [1]),
        ("-e op_at_once=yes -e certificates_ca_rotate=introduce -e accept_json=accept.json", []),
        ("-e '{\"mysql_restart_allowed\": true}'", []),
    ],
)
def test_a_switch_on_the_command_line_is_no_text(text: str, lines: list[int]) -> None:
    """A layer's playbook refuses -e mysql_restart_allowed=true, which its own messages and docs/operations.md said to type."""
    assert [line for line, _told in messages.as_text(text, KNOWN)] == lines


@pytest.mark.parametrize(
    "following",
    [
        f"ansible-playbook onprem.wandb.mysql_status {SITE} shows both.",
        f"ansible-playbook onprem.wandb.mysql {SITE} -e '{{\"mysql_restart_allowed\": true}}', "
        f"then ansible-playbook onprem.wandb.mysql_restore {SITE} -e op_restore_to=latest",
        "systemctl status mysqld on db1.",
        "on db1: mysql -e 'KILL 7'; then run this again.",
        "on {one.name}: journalctl -u kubelet",
        "find /var/lib/mysql -user root",
        "set mysql_settings: {sync_binlog: 1}",
        "set site_name: <name> in group_vars/all.yml",
        "mysql-backup full.",
        "on the control plane: kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes",
        "rm {shlex.quote(mark)}; systemctl start mysqld",
        "rm -r {lookup('onprem.wandb.secrets_dir') | quote}",
    ],
)
def test_what_can_be_pasted_is_taken(following: str) -> None:
    assert messages.problem(following, KNOWN) == ""


@pytest.mark.parametrize(
    "source",
    [
        'raise Problem(f"{host} is away. Next: wait.")',
        'raise Problem(f"{host} is away. " "Next: " f"look at {host}.")',
        'raise Problem("It is away. Next: " + "wait for " + host)',
        'raise Problem("It is away. Next: " + host)',
        'raise Problem("It is away. Next: %s" % host)',
        'raise Problem(f"It is away. Next: {anything(host)}")',
        'STATUS = "Next: the playbook shows both."\nraise Problem(f"It is away. {STATUS}")',
        'PLAYBOOK = "ansible-playbook onprem.wandb."\nraise Problem(f"It is away. Next: {PLAYBOOK}statuss -i <inventory>")',
        'raise Problem(call(f"{host}: " + text("Next: again.")))',
    ],
)
def test_parts_of_a_text_in_python_are_read_together(source: str) -> None:
    assert [one for one in told(source) if one]


def test_constants_and_values_that_the_check_knows_are_taken() -> None:
    assert told('PLAYBOOK = "ansible-playbook onprem.wandb.mysql_"\nsay(f"Away. Next: {PLAYBOOK}status -i <inventory> shows it.")') == [""]
    assert told('say(f"Away. Next: on {name}: {kill_line(found)}; then again.")') == [""]


def test_code_that_looks_for_the_mark_is_no_message() -> None:
    assert told('said.partition(" Next: ")') == []


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("fail_msg: >-\n  It is away. Next:\n  again.\n", False),
        ("fail_msg: >-\n  It is away. Next: kubectl --kubeconfig {{ storage_kubeconfig }} get\n  nodes\n", True),
        ("x: \"{{ 'It is ' ~ seen ~ '. Next: the playbook minio.' }}\"\n", False),
        ("x: \"{{ 'It is away. Next: ' ~ place ~ ' is to be looked at.' }}\"\n", False),
        ("x: \"{{ 'It is away. Next: systemctl status ' ~ unit ~ '.' }}\"\n", True),
    ],
)
def test_texts_of_yaml_are_read_with_their_templates(text: str, good: bool) -> None:
    assert (told(text, python=False) == [""]) is good


@pytest.mark.parametrize(
    "remedy",
    [
        "choose a larger range",
        "W&B supports Redis 7 only: take 7.2",
        "set mysql_socket to another place",
        "group mysql has three hosts",
        "obtain a new one: soon",
        "mysql_adress: 10.0.0.1",
        "ansible-playbook onprem.wandb.nothing -i <inventory>",
        "free space on the file system",
        "",
    ],
)
def test_a_remedy_that_holds_nothing_to_paste_is_told(remedy: str) -> None:
    assert not messages.pasteable(remedy, KNOWN)


@pytest.mark.parametrize(
    "remedy",
    [
        "a larger range; kubernetes_pod_cidr: 10.244.0.0/16",
        "for a lab only: preflight_allow_cgroup_v1: true",
        "{x}: <an address that no machine has>",
        "correct it, then: ansible-playbook onprem.wandb.preflight -i <inventory>",
        "df -h {x}, then make room there",
        "give it a route: ip route",
        "{show} shows it; change it where it is made",
    ],
)
def test_a_remedy_with_something_to_paste_is_taken(remedy: str) -> None:
    assert messages.pasteable(remedy, KNOWN)


RULE = """
WORDS = {"a": ("y", "wait too long"), "b": ("x", "df -h /")}
LATER = "wait longer"

def made(path):
    return "ls -l %s" % path if path else "look for it"

def rule(host):
    remedy = "wait a little" if host else "df -h /"
    yield Finding(host, "v", "seen", "expected", remedy)
    yield Finding(host, "v", "seen", "expected", LATER)
    yield Finding(host, "v", "seen", "expected", "write to %s" % host)
    yield Finding(host, "v", "seen", "expected", made(host))
    for key, (what, then) in WORDS.items():
        yield Finding(host, "v", what, "expected", then)
    yield Finding(host, "v", "seen", "expected", item.remedy)
    yield Finding(host, "v", "seen", "expected", elsewhere(host))
"""


def test_every_way_to_say_a_remedy_is_followed() -> None:
    found = {text for _line, text in messages.remedies(RULE)}
    good = {"df -h /", "ls -l {x}"}
    assert found == good | {"wait a little", "wait longer", "write to {x}", "look for it", "wait too long", "{elsewhere(host)}"}
    assert {text for text in found if messages.pasteable(text, KNOWN)} == good
