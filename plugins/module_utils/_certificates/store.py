# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory that holds a site's certificates. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.authority import Authority
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.files import Files, Unusable, describe
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.provided import Provided

if t.TYPE_CHECKING:
    from cryptography import x509

BUNDLE = "ca-bundle.crt"
SDK_FILE = "sdk-environment.sh"
SDK_TEXT = """\
# For machines that run the W&B SDK. Copy {bundle} of this directory there as {path}:
#   scp {bundle} MACHINE:{path}
# The variables replace the roots a program comes with. Where such a machine talks to public servers, too (pip, model hubs), give it both:
#   cat /etc/ssl/certs/ca-certificates.crt {bundle} > {path}
# Then, in the environment of the training jobs (Python's requests, the SDK's own service and other Go programs, boto3 in that order):
export REQUESTS_CA_BUNDLE={path}
export SSL_CERT_FILE={path}
export AWS_CA_BUNDLE={path}
"""


class Store:
    """Reads, decides, and (outside check mode) writes."""

    def __init__(self, directory: str, now: dt.datetime, renew_before: int, days: int, check_mode: bool, ca_key_file: str = "") -> None:
        self.now = now
        self.renew_before = renew_before
        self.days = days
        self.files = Files(directory, check_mode)
        self.authority = Authority(self.files, ca_key_file, now)
        self.own = False

    @property
    def changes(self) -> list[tuple[str, str]]:
        """Every change as (before, after)."""
        return self.files.changes

    def path(self, name: str) -> str:
        """Path of a file of the store."""
        return self.files.path(name)

    def open_authority(self, name: str, days: int, rotate: str = "") -> None:
        """The own CA, after a step of its rotation."""
        self.own = True
        if rotate:
            self.authority.rotate(rotate, name, days)
        self.authority.open(name, days, min(self.days + min(self.renew_before, self.days / 3), days / 3))

    def put_own(self, request: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """A certificate of the own CA, issued when it is due and the CA's key is there."""
        name, client = request["name"], request.get("client", False)
        chain_path, key_path = self.path(f"{name}.crt"), self.path(f"{name}.key")
        chain_data, key_data = self.files.read(chain_path), self.files.read(key_path)
        anchors = [self.authority.certificate] if self.authority.certificate is not None else []
        self._refuse_early(chain_path, chain_data)
        reason = certs.due(chain_data, key_data, request["hosts"], anchors, self.now, self.renew_before, client)
        if reason:
            broken = certs.due(chain_data, key_data, request["hosts"], anchors, self.now, 0, client)
            usable = None if broken else certs.load_chain(chain_data or b"")[0]
            if self.authority.may_sign(chain_path, reason, usable):
                return self._issue(request, reason)
        self.files.mode(key_path, 0o600)
        return self._result(request, certs.load_chain(chain_data or b"")[0], "own")

    def _refuse_early(self, path: str, data: t.Optional[bytes]) -> None:
        try:
            early = certs.early(certs.load_chain(data)[0], self.now, path) if data else ""
        except ValueError:
            return  # what cannot be read is issued anew
        if early:
            raise Unusable(early)

    def _issue(self, request: t.Mapping[str, t.Any], reason: str) -> dict[str, t.Any]:
        name = request["name"]
        signer = t.cast("x509.Certificate", self.authority.certificate)
        key = issue.new_key()
        certificate = issue.leaf(key, name, request["hosts"], signer, self.authority.key, self.now, self.days, request.get("client", False))
        # A crash between the two leaves a pair that does not fit, which the next run sees.
        self.files.put(self.path(f"{name}.key"), issue.key_pem(key), 0o600)
        self.files.put(self.path(f"{name}.crt"), issue.pem(certificate), 0o644, describe(certificate))
        return self._result(request, certificate, "own", reason)

    def put_provided(self, request: t.Mapping[str, t.Any], provided: Provided, source: str = "provided") -> dict[str, t.Any]:
        """The operator's or the ACME server's files, copied into the store."""
        name = request["name"]
        changed = self.files.put(self.path(f"{name}.key"), provided.key_data, 0o600)
        changed |= self.files.put(self.path(f"{name}.crt"), provided.chain_data, 0o644, describe(provided.chain[0]))
        why = {"provided": "the operator provides it", "acme": "the ACME server issued it"}[source]
        return self._result(request, provided.chain[0], source, why if changed else "")

    def put_trust(self, roots: t.Iterable[x509.Certificate], sdk_ca_path: str) -> None:
        """The bundle of every root, and how a machine with the SDK uses it."""
        found: list[x509.Certificate] = []
        for root in [*(self.authority.roots() if self.own else []), *roots]:
            if root not in found:
                found.append(root)
        self.files.put(self.path(BUNDLE), issue.pem(*found), 0o644)
        self.files.put(self.path(SDK_FILE), SDK_TEXT.format(bundle=BUNDLE, path=sdk_ca_path).encode(), 0o644)

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
