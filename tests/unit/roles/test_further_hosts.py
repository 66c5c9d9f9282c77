# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Further names of W&B reach everything that knows its name: certificate, CORS of the bucket, the checks of both."""

from __future__ import annotations

import pytest

from .role_value import value

NAMES = {"wandb_fqdn": "wandb.example.com", "verify_fqdn": "wandb.example.com"}
FURTHER = ["ml.corp.example.com", "wandb.example.com"]
BOTH = ["https://wandb.example.com", "https://ml.corp.example.com"]


@pytest.mark.parametrize(("role", "variable"), [("minio", "minio_cors_origins"), ("bucket_check", "bucket_check_origins")])
def test_origins(role, variable):
    assert value(role, variable, **NAMES) == BOTH[:1]
    assert value(role, variable, **NAMES, wandb_additional_hosts=FURTHER) == BOTH


def test_the_certificate_has_them():
    assert value("certificates", "certificates_wandb_additional_hosts", **NAMES) == []
    assert value("certificates", "certificates_wandb_additional_hosts", **NAMES, wandb_additional_hosts=FURTHER) == FURTHER
