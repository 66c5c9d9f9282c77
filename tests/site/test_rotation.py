# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is replaced in a site's life, under clients that notice nothing: the certificate of the ingress, the CA of everything, the key of the bucket."""

from __future__ import annotations

from typing import Any

import data_tier
from clients import BODY, Site, file_round, job_round, load, page, total
from conftest import Lab, until
from cryptography.x509 import load_pem_x509_certificate

REQUESTS = 10_000
ROTATED = [f"{name}.yml" for name in ("certificates", "mysql", "redis", "minio", "backups", "wandb")]  # who of site.yml holds certificates


def newest_serial(lab: Lab) -> str:
    """Of the certificate on the controller."""
    return f"{load_pem_x509_certificate((lab.secrets / 'certificates/ingress.crt').read_bytes()).serial_number:X}"


def served(lab: Lab, clients: Site) -> set[str]:
    """Serials of the certificates that the ingress shows at each of its addresses."""
    found = set()
    for turn in range(len(clients.addresses)):
        connection = clients.connection(turn)
        connection.connect()
        found.add(connection.serial())
        connection.close()
    return found


def test_the_certificate_of_the_ingress_is_renewed(lab: Lab, clients: Site) -> None:
    before, pods = served(lab, clients), lab.pods()
    assert len(before) == 1
    kept = clients.connection()
    kept.connect()
    with load(clients, page, workers=2) as counts:
        until(lambda: total(counts, page).good > REQUESTS // 3, 300, "requests before the renewal")
        (lab.secrets / "certificates/ingress.crt").unlink()
        lab.play("certificates.yml", "wandb.yml")
        until(lambda: before.isdisjoint(served(lab, clients)), 60, "the new certificate is served at every address")
        seen = total(counts, page).good
        until(lambda: total(counts, page).good > max(REQUESTS, seen + REQUESTS // 3), 300, "requests after the renewal")
    count = total(counts, page)
    print(f"\nthe ingress' certificate renewed: {count.words()}; by serial: {dict(count.serials)}")
    assert count.failed == []
    assert count.good >= REQUESTS
    after = served(lab, clients)
    assert after == {newest_serial(lab)}
    assert set(count.serials) == before | after
    assert kept.ask("GET", "/api/info")[0] == 200, "a connection from before the renewal stays"
    assert lab.pods() == pods


def test_the_ca_is_replaced_in_three_steps(lab: Lab, clients: Site) -> None:
    """Clients trust what the bundle said before each step: the machine that has not taken the new one yet."""
    before, running = lab.pods(), data_tier.processes(lab)
    kinds = (page, file_round, job_round, *data_tier.kinds(lab).values())
    worker = data_tier.held(lab, clients)
    for step in ("introduce", "switch", "retire"):
        clients.take_bundle()
        with load(clients, *kinds, workers=1, pause=0.02) as counts:
            lab.play(*ROTATED, certificates_ca_rotate=step)
            seen = total(counts, page).good
            until(lambda: total(counts, page).good > seen + 300, 120, f"requests after {step}")  # noqa: B023
        for kind in kinds:
            count = total(counts, kind)
            print(f"\nCA, {step}: {kind.__name__} {count.words()}")
            assert count.failed == [], (step, kind.__name__)
        assert worker.call("PING") == "PONG", "a connection from before the rotation stays"
    worker.close()
    assert data_tier.processes(lab) == running, "nothing of the data tier is restarted"
    clients.take_bundle()
    assert clients.json("POST", "/api/selftest")["ok"]
    # A backup step that met the other CA tries again within the minute.
    until(lambda: "fail" not in {row["result"] for row in lab.rows().values()}, 180, "every row of verify passes")
    assert lab.pods() != before, "a pod reads its CAs once: another CA is another pod"


def test_the_key_of_the_bucket_is_replaced(lab: Lab, clients: Site) -> None:
    run = clients.json("POST", "/api/runs", {"name": "before the rotation"})["id"]
    files = f"/api/runs/{run}/files?name=model.bin"
    old_put = clients.json("POST", files)
    clients.store(old_put, BODY)
    old_get = clients.json("GET", files)
    assert "wandbfiles2" not in old_get["url"], "the key of this lab was replaced by a run before: take a new lab"
    with load(clients, page, file_round, job_round, workers=2, pause=0.02) as counts:
        lab.play("minio_rotate_key.yml")
        until(lambda: "wandbfiles2" in clients.json("GET", files)["url"], 60, "W&B signs with the new key")
        # A pod that is replaced drains; a URL that the old key signed a moment ago is still good.
        assert clients.store(old_get) == BODY
        clients.store(old_put, BODY)
        begun = total(counts, file_round).good
        until(lambda: total(counts, file_round).good > begun + 100, 120, "files after the rotation")
        code, output = lab.try_play("minio_retire_key.yml")
        assert code != 0, "an old key lives for a day, unless it is told otherwise"
        lab.play("minio_retire_key.yml", op_at_once=True)
        begun = total(counts, file_round).good
        until(lambda: total(counts, file_round).good > begun + 100, 120, "files after the old key is gone")
    for kind in (page, file_round, job_round):
        count = total(counts, kind)
        print(f"\nthe bucket's key: {kind.__name__} {count.words()}")
        assert count.failed == [], kind.__name__
    assert refused(clients, old_get) == "InvalidAccessKeyId"
    assert clients.store(clients.json("GET", files)) == BODY
    assert clients.json("POST", "/api/selftest")["ok"]
    assert lab.rows()["RA-20"]["result"] == "pass"


def refused(clients: Site, signed: dict[str, Any]) -> str:
    """The code with which the object store refuses a URL."""
    try:
        clients.store(signed)
    except AssertionError as error:
        return next((code for code in ("InvalidAccessKeyId", "AccessDenied") if code in str(error)), str(error))
    return "not refused"
