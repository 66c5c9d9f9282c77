# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The data tier is installed with -vvv and --diff; no generated secret may be seen anywhere but in its own file."""

from __future__ import annotations

import os
import pathlib
import subprocess

import yaml
from watch import CommandLines, forms, leaks

TOP = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOKS = ("certificates", "hosts", "mysql", "redis", "minio")
EXPECTED = {"mysql_app_password", "redis_password", "redis_admin_password", "minio_root_password", "certificates/ca.key", "certificates/redis.key"}


def play(state: pathlib.Path, work: pathlib.Path, *arguments: str) -> str:
    """All playbooks with everything that talks: -vvv, --diff, a log file, a cache of facts."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    env.update(
        ANSIBLE_COLLECTIONS_PATH=str(TOP / ".lab/collections"),
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_CACHE_PLUGIN="jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(work / "facts"),
        ANSIBLE_LOG_PATH=str(work / "ansible.log"),
        ANSIBLE_CALLBACK_RESULT_FORMAT="json",
    )
    command = ["ansible-playbook", "-i", str(state / "inventory"), "-vvv", "--diff", "-e", '{"redis_tls": true}', *arguments]
    done = subprocess.run(
        [*command, *(str(TOP / f"playbooks/{name}.yml") for name in PLAYBOOKS)], cwd=TOP, env=env, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout + done.stderr


def journal(state: pathlib.Path, address: str) -> str:
    """Everything the host has logged, with every field, and what is in /var/log."""
    options = ["-o", f"UserKnownHostsFile={state / 'ssh/known_hosts'}", "-o", "BatchMode=yes", "-i", str(state / "ssh/id_ed25519")]
    files = "find /var/log -type f ! -path '*/journal/*' -exec cat {} + 2>/dev/null; ls -R /tmp /root/.ansible 2>/dev/null"
    look = f"journalctl --no-pager --all --output verbose; {files}; true"
    return subprocess.run(["ssh", *options, f"root@{address}", look], check=True, capture_output=True, text=True, errors="replace", timeout=60).stdout


def test_no_generated_secret_is_seen_anywhere(state: pathlib.Path, tmp_path: pathlib.Path) -> None:
    groups = yaml.safe_load((state / "inventory/hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
    addresses = {name: host["ansible_host"] for group in groups.values() for name, host in group["hosts"].items()}
    with CommandLines() as lines:
        places = {"the output of the first run": play(state, tmp_path)}
        # The second run changes secrets and certificates, so that it shows differences of them.
        (state / "secrets/redis_password").unlink()
        for path in (state / "secrets/certificates").glob("redis.*"):
            path.unlink()
        before = forms(state / "secrets")
        places["the output of the second run"] = play(state, tmp_path)
        places["the output in check mode"] = play(state, tmp_path, "--check")
    assert lines.rounds > 100
    secrets = {**before, **forms(state / "secrets")}
    assert set(secrets) >= EXPECTED, sorted(secrets)
    places["the command lines of all processes"] = "\n".join(sorted(lines.seen))
    places["Ansible's log"] = (tmp_path / "ansible.log").read_text(encoding="utf-8", errors="replace")
    places.update({f"the cached facts of {path.name}": path.read_text(encoding="utf-8") for path in (tmp_path / "facts").iterdir()})
    places.update({f"the logs of {name}": journal(state, address) for name, address in addresses.items()})
    assert len([place for place in places if place.startswith("the logs of")]) == 3
    assert min(len(content) for content in places.values()) > 200, {place: len(content) for place, content in places.items()}
    found = leaks(secrets, places)
    assert not found, "\n".join(found)


def test_a_secret_where_it_would_be_shown_is_refused(state: pathlib.Path) -> None:
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}
    given = '{"redis_extra_settings": {"masterauth": "PlantedSecret1of1", "hz": 10}}'
    command = ["ansible-playbook", "-i", str(state / "inventory"), "-vvv", "--diff", "-e", given, str(TOP / "playbooks/redis.yml")]
    done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode != 0
    assert "redis_extra_settings holds masterauth; expected no secret" in " ".join(done.stdout.split())
    assert "changed=0" in done.stdout
    assert "PlantedSecret1of1" not in done.stdout


def test_the_search_finds_what_is_there(tmp_path: pathlib.Path) -> None:
    """Planted: plain, in base64 within a longer text, a line of a key, an argument of a process."""
    import base64
    import sys

    from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue

    (tmp_path / "password").write_text("Abcdefgh12345678")
    key = issue.key_pem(issue.new_key()).decode()
    (tmp_path / "own.key").write_text(key)
    secrets = forms(tmp_path)
    for place in ("user:Abcdefgh12345678@host", base64.b64encode(b"user:Abcdefgh12345678@host").decode(), "x" + key.splitlines()[1] + "y"):
        assert len(leaks(secrets, {"here": place})) == 1, place
    assert leaks(secrets, {"here": "nothing of interest"}) == []
    with CommandLines() as lines:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", "Abcdefgh12345678"], check=True)
    assert leaks(secrets, {"processes": "\n".join(lines.seen)})
