# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order what is due from an ACME server. The protocol is community.crypto's; here are the decision, the challenges and the sentences."""

from __future__ import annotations

import datetime as dt
import json
import os
import ssl
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.urls import open_url
from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from ansible_collections.onprem.wandb.plugins.module_utils._certificates.files import Files
from ansible_collections.onprem.wandb.plugins.module_utils._host.lock import Locked, alone
from ansible_collections.onprem.wandb.plugins.plugin_utils._acme.answer import Challenge, Refused, Way
from ansible_collections.onprem.wandb.plugins.plugin_utils._acme.plan import Order, orders, wrong

CLIENT = "community.crypto.acme_certificate"
DATA = ("authorizations", "challenge_data", "challenge_data_dns", "order_uri", "finalize_uri", "account_uri", "cert_days", "changed")  # from call to call
ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "directory": {"type": "path", "required": True},
    "certificates": {"type": "dict", "default": {}},
    "provided": {"type": "list", "elements": "str", "default": []},
    "requests": {"type": "list", "elements": "dict", "required": True},
    "challenge": {"type": "str", "default": "http-01"},
    "directory_url": {"type": "str", "default": ""},
    "ca_file": {"type": "path", "default": ""},
    "root_ca_file": {"type": "path", "default": ""},
    "contact": {"type": "str", "default": ""},
    "terms_agreed": {"type": "bool", "default": False},
    "http_listen": {"type": "str", "default": ""},
    "http_directory": {"type": "path", "default": ""},
    "hook": {"type": "list", "elements": "str", "default": []},
    "renew_before": {"type": "int", "default": 30},
}


class ActionModule(ActionBase):
    """Runs on the controller only."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        dummy, args = self.validate_argument_spec(argument_spec=ARGUMENTS)
        if certs.CRYPTOGRAPHY_ERROR:
            raise AnsibleActionFail(f"The controller's Python lacks cryptography >= 42: {certs.CRYPTOGRAPHY_ERROR}")
        problems = wrong(args)
        if problems:
            raise AnsibleActionFail("\n".join(problems))
        found = orders(args, dt.datetime.now(dt.timezone.utc))
        due = [order for order in found if order.reason]
        issued = [{"name": order.name, "reason": order.reason, "hosts": order.hosts, "challenge": order.challenge} for order in due]
        answer = {**result, "changed": bool(due), "issued": issued, "requests_sent": bool(due) and not self._task.check_mode}
        answer["diff"] = {
            "before": "".join(f"{order.path('crt')}: {order.reason}\n" for order in due),
            "after": "".join(f"{order.path('crt')}: ordered for {', '.join(order.hosts)} by {order.challenge}\n" for order in due),
        }
        if self._task.check_mode:
            return answer
        if due:
            reach(args["directory_url"], args["ca_file"])
            try:
                with alone(args["directory"]):  # another run may have ordered them meanwhile
                    for order in [order for order in orders(args, dt.datetime.now(dt.timezone.utc)) if order.reason]:
                        self.order(order, args, task_vars or {})
            except Locked as locked:
                raise AnsibleActionFail(str(locked)) from None
        return answer

    def order(self, order: Order, args: t.Mapping[str, t.Any], task_vars: dict[str, t.Any]) -> None:
        """From the key to the certificate; the files that are there stay until everything is good."""
        files = Files(order.directory, check_mode=False)
        account = os.path.join(order.directory, "account.key")
        if certs.read(account) is None:
            files.put(account, issue.key_pem(issue.new_key()), 0o600)
        key = issue.new_key()
        files.put(order.path("csr"), issue.signing_request(key, order.hosts), 0o644)
        files.remove(order.path("crt.new"))
        way = Way(args["http_listen"], args["http_directory"], args["hook"])
        try:
            first = self.client(order, args, task_vars, [], way)
            challenges = self.challenges(order, first)
            for challenge in challenges:
                way.present(challenge)
            if first.get("changed"):
                self.client(order, args, task_vars, challenges, way, first)
        except Refused as refused:
            where = f"certificates_acme[{order.name!r}] ({order.reason})"
            raise AnsibleActionFail(f"{where}: {refused} The certificate that is there was not touched.") from None
        finally:
            for sentence in way.remove():
                self._display.warning(f"certificates_acme[{order.name!r}]: {sentence} Remove it by hand.")
        chain = certs.read(order.path("crt.new"))
        if chain is None:
            raise AnsibleActionFail(
                f"certificates_acme[{order.name!r}]: {args['directory_url']} accepted the challenges and delivered no certificate. Run again."
            )
        # A crash between the two leaves a pair that does not fit, which the next run orders again.
        files.put(order.path("key"), issue.key_pem(key), 0o600)
        files.put(order.path("crt"), chain, 0o644)
        for suffix in ("csr", "crt.new"):
            files.remove(order.path(suffix))

    def client(
        self,
        order: Order,
        args: t.Mapping[str, t.Any],
        task_vars: dict[str, t.Any],
        challenges: t.Sequence[Challenge],
        way: Way,
        data: t.Optional[dict[str, t.Any]] = None,
    ) -> dict[str, t.Any]:
        """One call of the client: the first makes the order, the second (with what the first returned) has it proved and fetches the certificate."""
        environment = self._task.environment
        # The client has no option for a CA; its TLS library reads this variable.
        self._task.environment = [*(environment or []), {"SSL_CERT_FILE": args["ca_file"]}] if args["ca_file"] else environment
        call = {
            "acme_directory": args["directory_url"],
            "acme_version": 2,
            "account_key_src": os.path.join(order.directory, "account.key"),
            "terms_agreed": True,
            "challenge": order.challenge,
            "csr": order.path("csr"),
            "fullchain_dest": order.path("crt.new"),
            "force": True,
            "request_timeout": 30,
            **({"account_email": args["contact"]} if args["contact"] else {}),
            **({"data": {key: data[key] for key in DATA if key in data}} if data else {}),
        }
        try:
            answer = self._execute_module(module_name=CLIENT, module_args=call, task_vars=task_vars)
        except AnsibleError as error:
            raise Refused(f"{CLIENT} could not be run: {error} Next: ansible-galaxy collection install community.crypto") from error
        finally:
            self._task.environment = environment
        if answer.get("failed"):
            raise Refused(sentence(order, args["directory_url"], challenges, way, str(answer.get("msg", ""))))
        return answer

    @staticmethod
    def challenges(order: Order, first: t.Mapping[str, t.Any]) -> list[Challenge]:
        """What has to be answered. Nothing, where the server still knows an earlier proof."""
        found = []
        for host, kinds in (first.get("challenge_data") or {}).items():
            given = kinds.get(order.challenge)
            if given is None:
                raise Refused(f"The ACME server offers no {order.challenge} for {host}, only {', '.join(kinds) or 'nothing'}.")
            place = given["record"] if order.challenge == "dns-01" else given["resource"]
            found.append(Challenge(order.challenge, host, place, given["resource_value"]))
        return found


def reach(url: str, ca_file: str) -> None:
    """Ask for the directory once. The client would try for minutes before it says the same."""
    try:
        found = json.loads(open_url(url, ca_path=ca_file or None, timeout=30).read(1_000_000))
    except (OSError, ValueError) as error:
        if isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError):
            hint = f"Its certificate is not trusted here; name its CA: certificates_acme_ca_file (now {ca_file or 'none'})."
        else:
            hint = f"Expected an ACME directory. Next: curl -i {url}"
        raise AnsibleActionFail(f"certificates_acme_directory_url: {url} cannot be used: {error}. {hint}") from None
    if not isinstance(found, dict) or "newOrder" not in found:
        raise AnsibleActionFail(f"certificates_acme_directory_url: {url} answers, but not with an ACME directory (there is no newOrder in it).")


def sentence(order: Order, directory_url: str, challenges: t.Sequence[Challenge], way: Way, said: str) -> str:
    """What was asked, what was seen, and what to try, for an error of the client."""
    if not challenges:
        return f"{directory_url} did not take the order: {said}"
    failed = [challenge for challenge in challenges if challenge.host in said] or list(challenges)
    lines = [f"{directory_url} did not accept the {order.challenge} challenge: {said}"]
    for challenge in failed:
        lines.append(f"It asked {challenge.asked()} and expected {challenge.value[:16]}…; {way.seen(challenge)} Next: {challenge.by_hand()}")
    return " ".join(lines)
