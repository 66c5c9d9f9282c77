# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All questions about the bucket, in their order: what W&B's server and clients do with it. PRIVATE to the collection."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes import access, cors, limits, presigned, settings, upload
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import Bucket
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Prober

Question = t.Callable[[Bucket], Evidence]
# Without a word to the bucket's contents: also in check mode.
READING: tuple[tuple[Question, tuple[str, ...]], ...] = (
    (access.addressing, ("tls",)),
    (access.credentials, ("addressing",)),
    (access.region, ("credentials",)),
    (access.confined, ("credentials",)),
    (cors.cors_preflight, ("addressing",)),
    (cors.cors_foreign, ("addressing",)),
    (settings.versioning, ("credentials",)),
    (settings.lifecycle, ("credentials",)),
)
# These need the region, too.
WRITING: tuple[tuple[Question, tuple[str, ...]], ...] = (
    (upload.put, ()),
    (upload.head, ("put",)),
    (upload.get, ("put",)),
    (upload.list, ("put",)),
    (upload.copy, ("put",)),
    (upload.multipart, ("put",)),
    (upload.multipart_abort, ("put",)),
    (presigned.presigned_put, ()),
    (presigned.presigned_get, ("presigned_put",)),
    (presigned.range, ("presigned_get",)),
    (presigned.presigned_head, ("presigned_put",)),
    (access.wrong_signature, ("presigned_put",)),
    (access.public_access, ("presigned_put",)),
    (cors.cors_response, ("presigned_put",)),
    (upload.checksum_trailer, ("head",)),
    (presigned.expiry, ("presigned_get",)),
    (presigned.content_disposition, ("presigned_get",)),
    (limits.names, ("presigned_get", "list")),
    (limits.empty, ("presigned_get",)),
    (limits.large, ("multipart",)),
)


def ask(bucket: Bucket, prober: Prober, write: bool) -> None:
    """All questions about the bucket in their order. Needs the probe tls of the endpoint."""

    def run(question: Question, needs: t.Sequence[str], late: bool = False) -> None:
        prober.run(question.__name__, functools.partial(question, bucket), needs=needs, late=late)

    for question, needs in READING:
        run(question, needs)
    if not write:
        return
    run(upload.leftovers, ["credentials"])
    try:
        for question, needs in WRITING:
            run(question, ["region", *needs])
    finally:
        run(upload.delete, ["credentials"], late=True)
