# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bucket and its user need, compared with what a server of the MinIO kind has. PRIVATE to the collection."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

LISTS = ("Action", "NotAction", "Resource", "NotResource")


@dataclass
class Wanted:
    """What is declared."""

    bucket: str
    region: str
    access_key: str
    policy_name: str
    policy: t.Mapping[str, t.Any]
    versioning: t.Optional[bool] = None  # None: as it is
    noncurrent_days: t.Optional[int] = None  # None: no rule of ours is touched, 0: it is removed
    quota: t.Optional[int] = None  # bytes; None: as it is, 0: none
    retired: t.Sequence[str] = ()  # access keys that must not exist


@dataclass
class Seen:
    """What the server has."""

    bucket: bool = False
    policy: t.Optional[t.Mapping[str, t.Any]] = None
    user: bool = False
    enabled: bool = False
    secret_valid: bool = False
    attached: list[str] = field(default_factory=list)
    versioning: bool = False
    noncurrent_days: int = 0
    quota: int = 0
    retired: list[str] = field(default_factory=list)  # those of the wanted list that exist


@dataclass
class Step:
    """One change, with words for --diff that hold no secret."""

    action: str
    before: str
    after: str


def canonical(policy: t.Optional[t.Mapping[str, t.Any]]) -> str:
    """A policy in a form that two equal policies share: servers sort, and turn one word into a list of one."""
    if policy is None:
        return "absent"
    statements = []
    for statement in policy.get("Statement") or []:
        plain = {key: value for key, value in statement.items() if value not in (None, "", {}, []) and key != "Sid"}
        for key in LISTS:
            if key in plain:
                value = plain[key]
                plain[key] = sorted({value} if isinstance(value, str) else set(value))
        statements.append(plain)
    statements.sort(key=lambda statement: json.dumps(statement, sort_keys=True))
    return json.dumps({"Version": policy.get("Version", ""), "Statement": statements}, indent=2, sort_keys=True)


def attached_policies(user_info: t.Mapping[str, t.Any]) -> list[str]:
    """Names of the policies of a user, from the server's comma list."""
    return sorted(name.strip() for name in str(user_info.get("policyName") or "").split(",") if name.strip())


def plan(wanted: Wanted, seen: Seen) -> list[Step]:
    """The missing steps, in the order in which they can be carried out."""
    steps = []
    if not seen.bucket:
        steps.append(Step("make_bucket", "absent", f"bucket {wanted.bucket} in {wanted.region}"))
    if canonical(seen.policy) != canonical(wanted.policy):
        steps.append(Step("put_policy", canonical(seen.policy), canonical(wanted.policy)))
    if not seen.user:
        steps.append(Step("put_user", "absent", f"user {wanted.access_key}"))
    elif not seen.secret_valid:
        steps.append(Step("put_user", f"user {wanted.access_key} with another secret key", f"user {wanted.access_key} with the given secret key"))
    elif not seen.enabled:
        steps.append(Step("enable_user", f"user {wanted.access_key} disabled", f"user {wanted.access_key} enabled"))
    if seen.attached != [wanted.policy_name]:
        steps.append(Step("attach_policy", f"policies: {', '.join(seen.attached) or 'none'}", f"policies: {wanted.policy_name}"))
    return [*steps, *bucket_steps(wanted, seen), *(Step(f"remove_user {key}", f"user {key}", "absent") for key in seen.retired)]


def bucket_steps(wanted: Wanted, seen: Seen) -> list[Step]:
    """What the bucket lacks. Versioning before the rule about versions."""
    steps = []
    if wanted.versioning is not None and wanted.versioning != seen.versioning:
        words = {True: "versions kept", False: "versions not kept"}
        steps.append(Step("put_versioning", words[seen.versioning], words[wanted.versioning]))
    if wanted.noncurrent_days is not None and wanted.noncurrent_days != seen.noncurrent_days:
        steps.append(Step("put_lifecycle", f"old versions go after {seen.noncurrent_days} days", f"old versions go after {wanted.noncurrent_days} days"))
    if wanted.quota is not None and wanted.quota != seen.quota:
        steps.append(Step("put_quota", f"quota {seen.quota} bytes", f"quota {wanted.quota} bytes"))
    return steps
