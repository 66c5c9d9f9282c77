# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory that holds a site's certificates. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt
import os
import stat
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils import _certificates as certs
from ansible_collections.onprem.wandb.plugins.module_utils import _certificates_issue as issue
from ansible_collections.onprem.wandb.plugins.module_utils._certificates_provided import Provided

if t.TYPE_CHECKING:
    from cryptography import x509


class Unusable(Exception):
    """The store cannot do its work; the text is a sentence for the operator."""


class Store:
    """Reads, decides, and (outside check mode) writes. Every change is in changes as (before, after)."""

    def __init__(self, directory: str, now: dt.datetime, renew_before: int, days: int, check_mode: bool) -> None:
        self.directory = directory
        self.now = now
        self.renew_before = renew_before
        self.days = days
        self.check_mode = check_mode
        self.changes: list[tuple[str, str]] = []
        self.ca: t.Optional[x509.Certificate] = None
        self.ca_key: t.Any = None

    def path(self, name: str) -> str:
        """Path of a file of the store."""
        return os.path.join(self.directory, name)

    # --- files -------------------------------------------------------------------------------------------------------------

    def put(self, name: str, data: bytes, mode: int, note: str = "") -> bool:
        """A file with this content and mode, replaced as a whole. True when that is a change."""
        path = self.path(name)
        present = certs.read(path)
        if present == data:
            return self._mode(path, mode)
        self.changes.append((f"{path}: {'absent' if present is None else 'another content'}\n", f"{path}: {note or 'written'}\n"))
        if not self.check_mode:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            beside = f"{path}.new"
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as stream:
                os.fchmod(stream.fileno(), mode)
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(beside, path)
        return True

    def _mode(self, path: str, mode: int) -> bool:
        seen = stat.S_IMODE(os.stat(path).st_mode)
        if seen == mode:
            return False
        self.changes.append((f"{path}: mode {seen:04o}\n", f"{path}: mode {mode:04o}\n"))
        if not self.check_mode:
            os.chmod(path, mode)
        return True

    # --- the CA ------------------------------------------------------------------------------------------------------------

    def open_authority(self, name: str, days: int) -> None:
        """The own CA: as it is, signed again with its key when it ends too soon, or new."""
        data, key_data = certs.read(self.path("ca.crt")), certs.read(self.path("ca.key"))
        try:
            self.ca = certs.load_chain(data)[0] if data else None
            self.ca_key = certs.load_key(key_data) if key_data else None
        except (ValueError, TypeError) as error:
            raise Unusable(
                f"{self.directory} has a ca.crt or ca.key that cannot be read ({error}). Put back good ones, or move both away for a new CA."
            ) from error
        if self.ca is not None and self.ca_key is not None and not certs.key_matches(self.ca, self.ca_key):
            raise Unusable(f"{self.path('ca.key')} is not the key of ca.crt beside it. Put back the right one, or move both away for a new CA.")
        if key_data:
            self._mode(self.path("ca.key"), 0o600)
        if self.ca is not None and certs.days_left(self.ca, self.now) > self.days + self.renew_before:
            return
        if self.ca is not None:
            self._require_key("the CA ends before a new certificate would")
            name = str(self.ca.subject.get_attributes_for_oid(certs.NameOID.COMMON_NAME)[0].value)
        if self.ca_key is None:
            self.ca_key = issue.new_key()
            self.put("ca.key", issue.key_pem(self.ca_key), 0o600)
        self.ca = issue.authority(self.ca_key, name, self.now, days)
        self.put("ca.crt", issue.pem(self.ca), 0o644, self._describe(self.ca))

    def _require_key(self, why: str) -> None:
        if self.ca_key is None:
            raise Unusable(f"{self.path('ca.key')} is not there, and it is needed because {why}. Bring it back for this run.")

    # --- certificates ------------------------------------------------------------------------------------------------------

    def put_own(self, request: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """A certificate of the own CA, issued when it is due."""
        name = request["name"]
        chain_data, key_data = certs.read(self.path(f"{name}.crt")), certs.read(self.path(f"{name}.key"))
        reason = certs.due(chain_data, key_data, request["hosts"], self.ca, self.now, self.renew_before, request.get("client", False))
        if not reason:
            self._mode(self.path(f"{name}.key"), 0o600)
            return self._result(request, certs.load_chain(chain_data or b"")[0], "own")
        self._require_key(f"{name}.crt has to be issued: {reason}")
        if self.ca is None:
            raise Unusable("The CA has to be opened before it can issue anything.")
        key = issue.new_key()
        certificate = issue.leaf(key, name, request["hosts"], self.ca, self.ca_key, self.now, self.days, request.get("client", False))
        # A crash between the two leaves a pair that does not fit, which the next run sees.
        self.put(f"{name}.key", issue.key_pem(key), 0o600)
        self.put(f"{name}.crt", issue.pem(certificate), 0o644, self._describe(certificate))
        return self._result(request, certificate, "own", reason)

    def put_provided(self, request: t.Mapping[str, t.Any], provided: Provided) -> dict[str, t.Any]:
        """The operator's files, copied into the store."""
        name = request["name"]
        changed = self.put(f"{name}.key", provided.key_data, 0o600)
        changed |= self.put(f"{name}.crt", provided.chain_data, 0o644, self._describe(provided.chain[0]))
        return self._result(request, provided.chain[0], "provided", "the operator provides it" if changed else "")

    def _result(self, request: t.Mapping[str, t.Any], certificate: x509.Certificate, source: str, reason: str = "") -> dict[str, t.Any]:
        names, addresses = certs.alternative_names(certificate)
        return {
            "name": request["name"],
            "source": source,
            "issued": bool(reason),
            "reason": reason,
            "hosts": names + addresses,
            "not_after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "certificate_file": self.path(f"{request['name']}.crt"),
            "private_key_file": self.path(f"{request['name']}.key"),
        }

    @staticmethod
    def _describe(certificate: x509.Certificate) -> str:
        names, addresses = certs.alternative_names(certificate)
        hosts = f" for {', '.join(names + addresses)}" if names or addresses else ""
        return f"{certs.subject(certificate)}{hosts}, until {certificate.not_valid_after_utc:%Y-%m-%d}"
