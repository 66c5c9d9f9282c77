# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's own CA on the disk: made once, signed again before it ends, replaced in three steps. PRIVATE to the collection.

A new root becomes usable in an order in which every client trusts every server all the time: introduce (the bundle holds both roots, the old one
signs), switch (the new one signs, the bundle still holds both), retire (the bundle holds the new one only).
"""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.files import Files, Unusable, describe

if t.TYPE_CHECKING:
    from cryptography import x509

STEPS = ("introduce", "switch", "retire")
NEXT = (
    "Nothing was changed. Without the pair no certificate can be renewed; a new CA would be trusted by no client of this site."
    " Next: cp -p <backup>/ca.crt <backup>/ca.key {0}/ (the controller's backup, both of the same day), then: openssl x509 -in {0}/ca.crt "
    "-noout -subject -dates"
)


class Authority:
    """ca.crt and its key, ca-next.crt while a new root is introduced, ca-old.crt while an old one is still trusted."""

    def __init__(self, files: Files, key_file: str, now: dt.datetime) -> None:
        self.files = files
        self.key_file = key_file or files.path("ca.key")
        self.now = now
        self.certificate: t.Optional[x509.Certificate] = None
        self.key: t.Any = None
        self.warnings: list[str] = []

    def roots(self) -> list[x509.Certificate]:
        """Everything that clients have to trust now, the signing root first."""
        return [root for name in ("ca.crt", "ca-next.crt", "ca-old.crt") for root in self._load(name)]

    def _load(self, name: str) -> list[x509.Certificate]:
        data = self.files.read(self.files.path(name))
        try:
            return certs.load_chain(data) if data else []
        except ValueError as error:
            raise Unusable(f"{self.files.path(name)} cannot be read ({error}). Put back a good one.") from error

    def open(self, name: str, days: int, needed_days: float) -> None:
        """As it is, signed again with its key when it ends within needed_days, or new."""
        self._finish_switch(days)
        data, key_data = self.files.read(self.files.path("ca.crt")), self.files.read(self.key_file)
        try:
            self.certificate = certs.load_chain(data)[0] if data else None
            self.key = certs.load_key(key_data) if key_data else None
        except (ValueError, TypeError) as error:
            raise Unusable(f"{self.files.directory} has a ca.crt or ca.key that cannot be read ({error}). {NEXT.format(self.files.directory)}") from error
        if self.certificate is not None and self.key is not None and not certs.key_matches(self.certificate, self.key):
            raise Unusable(f"{self.key_file} is not the key of ca.crt in {self.files.directory}. {NEXT.format(self.files.directory)}")
        if key_data:
            self.files.mode(self.key_file, 0o600)
        if self.certificate is not None:
            early = certs.early(self.certificate, self.now, self.files.path("ca.crt"))
            if early:
                raise Unusable(early)
            if certs.days_left(self.certificate, self.now) > needed_days:
                return
            if self.key is None:
                self._later(f"The CA {self.files.path('ca.crt')} {certs.ends(self.certificate, self.now)[3:]}", "sign it again")
                return
            name = str(self.certificate.subject.get_attributes_for_oid(certs.NameOID.COMMON_NAME)[0].value)
        if self.key is None:
            self.key = issue.new_key()
            self.files.put(self.key_file, issue.key_pem(self.key), 0o600)
        self.certificate = issue.authority(self.key, name, self.now, days)
        self.files.put(self.files.path("ca.crt"), issue.pem(self.certificate), 0o644, describe(self.certificate))

    def _finish_switch(self, days: int) -> None:
        """A switch that was cut off is finished: the new root's key is in place already, or its certificate too and only the copies are left."""
        coming, key_data = self._load("ca-next.crt"), self.files.read(self.key_file)
        if not coming:
            return
        try:
            begun = key_data is not None and certs.key_matches(coming[0], certs.load_key(key_data))
        except (ValueError, TypeError):
            begun = False
        if begun or self._load("ca.crt")[:1] == coming[:1]:
            self._switch("", days)

    def _later(self, what: str, why: str) -> None:
        self.warnings.append(f"{what}, and {self.key_file} is not there to {why}. Bring the key back and run again before that.")

    def may_sign(self, path: str, reason: str, usable: t.Optional[x509.Certificate]) -> bool:
        """Whether the key is at hand. Without it a certificate that is good for a while yet is a warning, any other one the end."""
        if self.key is not None:
            return True
        if usable is None:
            raise Unusable(f"{self.key_file} is not there, and it is needed because {path} has to be issued: {reason}. Bring it back for this run.")
        self._later(f"{path} {reason[3:]} ({usable.not_valid_after_utc:%Y-%m-%d %H:%M} UTC)", "sign a new one")
        return False

    # --- a new root ------------------------------------------------------------------------------------------------------------

    def rotate(self, step: str, name: str, days: int) -> None:
        """One step on the way to another root. Each may be run twice, also after a crash."""
        {"introduce": self._introduce, "switch": self._switch, "retire": self._retire}[step](name, days)

    def _introduce(self, name: str, days: int) -> None:
        present = self._load("ca.crt")
        if not present:
            raise Unusable(
                f"{self.files.directory} has no ca.crt, so there is no CA to replace. A run without certificates_ca_rotate makes one. "
                "Next: ansible-playbook onprem.wandb.certificates -i <inventory>"
            )
        if self._load("ca-old.crt"):
            raise Unusable(f"{self.files.path('ca-old.crt')} is still trusted from the last rotation. Run with certificates_ca_rotate=retire first.")
        key_data = self.files.read(self.files.path("ca-next.key"))
        if self._load("ca-next.crt") and key_data:
            return
        key = certs.load_key(key_data) if key_data else issue.new_key()
        # Another subject than the old root's: programs that look a root up by its name must not find the wrong one.
        names = [f"{name[:44]} {self.now:%Y-%m-%d}", f"{name[:44]} {self.now:%Y-%m-%d %H:%M:%S}"]
        fresh = next(text for text in names if certs.subject_of(text) != present[0].subject)
        self.files.put(self.files.path("ca-next.key"), issue.key_pem(key), 0o600)
        certificate = issue.authority(key, fresh, self.now, days)
        self.files.put(self.files.path("ca-next.crt"), issue.pem(certificate), 0o644, describe(certificate))

    def _switch(self, dummy: str, days: int) -> None:
        coming, key_data = self._load("ca-next.crt"), self.files.read(self.files.path("ca-next.key"))
        if not coming and self._load("ca-old.crt"):
            return
        present = self._load("ca.crt")
        if coming and present[:1] == coming[:1]:
            # Cut off at its end: what is left of the introduction goes.
            self._remove_next()
            return
        if not coming or not key_data:
            raise Unusable(
                f"{self.files.path('ca-next.crt')} and its key are not both there: a new root has to be introduced, and its bundle rolled out, "
                "before it signs. Run the site with certificates_ca_rotate=introduce first."
            )
        if present:
            self.files.put(self.files.path("ca-old.crt"), issue.pem(*present), 0o644, describe(present[0]))
        self.files.put(self.key_file, key_data, 0o600)
        self.files.put(self.files.path("ca.crt"), issue.pem(*coming), 0o644, describe(coming[0]))
        self._remove_next()

    def _remove_next(self) -> None:
        for name in ("ca-next.key", "ca-next.crt"):
            self.files.remove(self.files.path(name))

    def _retire(self, dummy: str, days: int) -> None:
        if self._load("ca-next.crt"):
            raise Unusable(f"{self.files.path('ca-next.crt')} does not sign yet. Run with certificates_ca_rotate=switch before the old root is retired.")
        self.files.remove(self.files.path("ca-old.crt"))
