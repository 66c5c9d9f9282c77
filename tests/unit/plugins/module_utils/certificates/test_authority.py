# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The own CA over its life: another root without a moment of distrust, a key that is elsewhere, certificates that live for days."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.files import Files, Unusable
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.store import Store

NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
HOSTS = ["store1.lab.test"]


def run(directory, rotate="", now=NOW, days=397, ca_days=3650, hosts=None, check_mode=False, key_file=""):
    store = Store(str(directory), now, 30, days, check_mode, key_file)
    store.open_authority("Lab CA", ca_days, rotate)
    result = store.put_own({"name": "redis", "hosts": hosts or HOSTS})
    store.put_trust([], "/etc/ssl/site.crt")
    return store, result


def trusted(directory):
    """Every root of the bundle, and whether the server's certificate is signed by one of them."""
    roots = certs.load_chain((directory / "ca-bundle.crt").read_bytes())
    return roots, certs.find_root(certs.load_chain((directory / "redis.crt").read_bytes()), roots)


def test_another_root_is_trusted_before_it_signs_and_the_old_one_as_long_as_it_is_used(tmp_path):
    run(tmp_path)
    old = trusted(tmp_path)[0]
    before = (tmp_path / "redis.crt").read_bytes()
    run(tmp_path, "introduce")
    both, signer = trusted(tmp_path)
    assert both[0] == old[0] == signer
    assert len(both) == 2
    assert both[0].subject != both[1].subject
    assert (tmp_path / "redis.crt").read_bytes() == before
    run(tmp_path, "switch")
    roots, signer = trusted(tmp_path)
    assert roots == [both[1], both[0]]
    assert signer == both[1]
    assert not (tmp_path / "ca-next.key").exists()
    run(tmp_path, "retire")
    assert trusted(tmp_path) == ([both[1]], both[1])


def test_at_each_step_a_client_with_the_bundle_of_the_step_before_trusts_the_server(tmp_path):
    run(tmp_path)
    for step in ("introduce", "switch", "retire"):
        known = trusted(tmp_path)[0]
        run(tmp_path, step)
        assert certs.find_root(certs.load_chain((tmp_path / "redis.crt").read_bytes()), known) is not None


@pytest.mark.parametrize("step", ["introduce", "switch", "retire"])
def test_a_step_twice_changes_nothing_and_check_mode_writes_nothing(tmp_path, step):
    run(tmp_path)
    for earlier in ("introduce", "switch", "retire"):
        content = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert run(tmp_path, earlier, check_mode=True)[0].changes
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == content
        run(tmp_path, earlier)
        assert run(tmp_path, earlier)[0].changes == []
        assert run(tmp_path)[0].changes == []
        if earlier == step:
            return


def test_a_switch_that_was_broken_off_is_finished(tmp_path):
    run(tmp_path)
    run(tmp_path, "introduce")
    coming = (tmp_path / "ca-next.crt").read_bytes()
    (tmp_path / "ca-old.crt").write_bytes((tmp_path / "ca.crt").read_bytes())
    (tmp_path / "ca.key").write_bytes((tmp_path / "ca-next.key").read_bytes())
    run(tmp_path, "switch")
    assert (tmp_path / "ca.crt").read_bytes() == coming
    assert len(trusted(tmp_path)[0]) == 2
    assert not (tmp_path / "ca-next.crt").exists()


@pytest.mark.parametrize(
    ("before", "step", "words"),
    [
        ([None], "switch", "Run the site with certificates_ca_rotate=introduce first"),
        ([None, "introduce"], "retire", "Run with certificates_ca_rotate=switch before"),
        ([None, "introduce", "switch"], "introduce", "Run with certificates_ca_rotate=retire first"),
        ([], "introduce", "there is no CA to replace"),
    ],
)
def test_a_step_too_early_is_refused(tmp_path, before, step, words):
    for earlier in before:
        run(tmp_path, earlier or "")
    with pytest.raises(Unusable, match=words):
        run(tmp_path, step)


def test_without_the_key_a_certificate_near_its_end_is_a_warning_with_its_day(tmp_path):
    run(tmp_path)
    (tmp_path / "ca.key").rename(tmp_path / "safe")
    assert run(tmp_path)[0].authority.warnings == []
    store, result = run(tmp_path, now=NOW + dt.timedelta(days=380))
    assert not result["issued"]
    assert store.authority.warnings == [
        f"{tmp_path}/redis.crt ends in 17 days ({NOW + dt.timedelta(days=397) - dt.timedelta(hours=1):%Y-%m-%d %H:%M} UTC), and {tmp_path}/ca.key is not there "
        "to sign a new one. Bring the key back and run again before that."
    ]
    for change in ({"now": NOW + dt.timedelta(days=398)}, {"hosts": ["other.lab.test"]}):
        with pytest.raises(Unusable, match="has to be issued: .* Bring it back for this run"):
            run(tmp_path, **change)


def test_without_the_key_a_ca_near_its_end_is_a_warning(tmp_path):
    run(tmp_path, days=3)
    (tmp_path / "ca.key").rename(tmp_path / "safe")
    late = NOW + dt.timedelta(days=3647)
    before = (tmp_path / "ca.crt").read_bytes()
    store = run_or_refuse(tmp_path, late)
    assert "ca.crt ends in 3 days, and" in store.authority.warnings[0]
    assert before == (tmp_path / "ca.crt").read_bytes()


def run_or_refuse(directory, late):
    """The CA alone: the certificate of a service expired long ago."""
    store = Store(str(directory), late, 30, 3, False)
    store.open_authority("Lab CA", 3650)
    return store


def test_the_key_may_lie_elsewhere(tmp_path):
    medium = tmp_path / "medium/ca.key"
    run(tmp_path / "site", key_file=str(medium))
    assert medium.exists()
    assert not (tmp_path / "site/ca.key").exists()
    run(tmp_path / "site", "introduce", key_file=str(medium))
    run(tmp_path / "site", "switch", key_file=str(medium))
    assert certs.key_matches(certs.load_chain((tmp_path / "site/ca.crt").read_bytes())[0], certs.load_key(medium.read_bytes()))


@pytest.mark.parametrize("days", [1, 7, 60, 397])
def test_short_lives_are_renewed_with_a_third_left_and_not_before(tmp_path, days):
    run(tmp_path, days=days)
    assert run(tmp_path, days=days)[0].changes == []
    third = min(30, days / 3)
    assert run(tmp_path, days=days, now=NOW + dt.timedelta(days=days - third) - dt.timedelta(hours=2))[0].changes == []
    assert run(tmp_path, days=days, now=NOW + dt.timedelta(days=days - third))[1]["issued"]


def test_a_ca_that_lives_shorter_than_a_certificate_is_not_signed_by_every_run(tmp_path):
    run(tmp_path, ca_days=365)
    assert run(tmp_path, ca_days=365)[0].changes == []


def test_the_lines_for_machines_with_the_sdk(tmp_path):
    run(tmp_path)
    text = (tmp_path / "sdk-environment.sh").read_text()
    assert [line for line in text.splitlines() if line.startswith("export")] == [
        "export REQUESTS_CA_BUNDLE=/etc/ssl/site.crt",
        "export SSL_CERT_FILE=/etc/ssl/site.crt",
        "export AWS_CA_BUNDLE=/etc/ssl/site.crt",
    ]


class Cut(Exception):
    """The run ends here."""


def cut_switch(directory, changes, monkeypatch):
    """A switch that dies after so many changes of files; True when it died."""
    left = [changes]

    def limited(change):
        def call(self, *arguments, **named):
            if left[0] == 0:
                raise Cut
            changed = change(self, *arguments, **named)
            left[0] -= bool(changed)
            return changed

        return call

    with monkeypatch.context() as patched:
        patched.setattr(Files, "put", limited(Files.put))
        patched.setattr(Files, "remove", limited(Files.remove))
        try:
            run(directory, "switch")
        except Cut:
            return True
    return False


@pytest.mark.parametrize("then", ["", "switch"])
@pytest.mark.parametrize("changes", range(5))
def test_a_switch_that_was_cut_after_any_file_is_finished_by_the_next_run(tmp_path, monkeypatch, changes, then):
    run(tmp_path)
    run(tmp_path, "introduce")
    old, new = trusted(tmp_path)[0]
    assert cut_switch(tmp_path, changes, monkeypatch)
    run(tmp_path, then)
    roots, signer = trusted(tmp_path)
    assert signer in (old, new)
    if changes > 1:  # the new key is in place: it signs
        assert signer == new
    assert set(roots) >= {old, new}
    run(tmp_path, "switch")
    run(tmp_path, "retire")
    assert trusted(tmp_path) == ([new], new)
    assert not (tmp_path / "ca-next.key").exists()


def test_a_key_that_is_no_ca_s_is_refused_without_advice_that_breaks_trust(tmp_path):
    run(tmp_path)
    (tmp_path / "ca.key").write_bytes(issue.key_pem(issue.new_key()))
    with pytest.raises(Unusable) as refused:
        run(tmp_path)
    assert "move both away" not in str(refused.value)
    assert "Nothing was changed" in str(refused.value)
    assert f"Next: cp -p <backup>/ca.crt <backup>/ca.key {tmp_path}/" in str(refused.value)
