# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the bucket, as found: versions and rules about the age of objects. PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import Bucket, call
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding


def versioning(bucket: Bucket) -> Evidence:
    """As found. W&B's garbage collection of artifacts asks for it."""
    code, answer = call(bucket.client.get_bucket_versioning, Bucket=bucket.bucket)
    return {"versioning": f"unknown ({code})" if code else answer.get("Status", "off")}


def lifecycle(bucket: Bucket) -> Evidence:
    """As found. Where old versions are kept and never removed, the disk does not get emptier by deleting."""
    code, answer = call(bucket.client.get_bucket_lifecycle_configuration, Bucket=bucket.bucket)
    if code:
        rules = "none" if code == "NoSuchLifecycleConfiguration" else f"unknown ({code})"
    else:
        rules = ", ".join(str(rule.get("ID") or "without a name") for rule in answer.get("Rules") or [] if rule.get("Status") == "Enabled") or "none"
        risky = [rule for rule in answer.get("Rules") or [] if rule.get("Status") == "Enabled" and set(rule.get("Expiration") or {}) & {"Days", "Date"}]
        if risky and any(not (rule.get("Filter") or {}).get("Prefix") and not rule.get("Prefix") for rule in risky):
            text = "A lifecycle rule removes every object of the bucket by its age: W&B's files vanish. Remove it, or restrict it to a prefix."
            raise Finding(text, rules=rules)
    return {"rules": rules}
