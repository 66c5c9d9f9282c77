# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: whether new secrets may be made. Hosts that were set up with some never get others unasked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import _confirmation

KEEP = "see 'The site's secrets' in docs/operations.md"


def missing_names(looked: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What any of the hosts needs and the controller does not have."""
    return list(dict.fromkeys(name for look in looked.values() for name in look.get("missing") or ()))


def refusal(
    directory: str, names: Sequence[str], members: Sequence[str], looked: Mapping[str, Mapping[str, Any]], site_name: str = "", accepted: str = ""
) -> str:
    """Why no secrets may be made, as a sentence; empty when they may, or when none are missing.

    :param names: what is missing
    :param members: hosts that share the secrets; each of them must have been looked at
    :param looked: results of secrets_look by host
    :param site_name: name of the site
    :param accepted: what the operator typed to have new secrets made over a site that serves: the site's name
    """
    if not names or _confirmation.confirmed(accepted, site_name):
        return ""
    seen = [
        f"{host} has {', '.join(sorted({str(proof).split('::', maxsplit=1)[0] for proof in found.values()}))}"
        for host, found in ((host, looked.get(host, {}).get("found") or {}) for host in looked)
        if found
    ]
    what = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not in {directory}"
    if seen:
        return (
            f"{what}, but these hosts were set up with {'it' if len(names) == 1 else 'them'}: {'; '.join(seen)}. New ones would lock W&B out of a site that "
            "serves. Nothing was changed. "
            f"Next: set site_secrets_dir: <directory> where the secrets are, or copy them to {directory} from where they are kept ({KEEP}), "
            "and run this again."
        )
    unseen = [host for host in members if host not in looked or "missing" not in looked[host]]
    if unseen:
        return (
            f"{what}, and nobody can say whether {', '.join(unseen)} {'was' if len(unseen) == 1 else 'were'} set up with "
            f"{'it' if len(names) == 1 else 'them'}: not part of this run, or not reached. Nothing was changed. Next: ansible {','.join(unseen)} "
            f"-i <inventory> -m ping, then run again without --limit; or copy the site's secrets to {directory} ({KEEP})."
        )
    return ""
