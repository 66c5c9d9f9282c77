#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running Redis serves the certificate that lies on its disk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_tls
short_description: A running Redis serves the certificate that lies on its disk
version_added: 1.0.0
description:
  - Compares the certificates a Redis sends with those in its file, and has it read its files again (CONFIG SET) when they differ. Connections stay;
    new ones get the new ones. Then it looks again. A Python before 3.10 on the host sees no intermediates.
  - Runs on the Redis host. A server that is broken off between new files and this task is finished by the next run.
  - When the new files cannot be used (the key is another one, a file is not readable), Redis keeps the old ones, and the module fails.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Tells whether the files would be read again. A server that is not there yet is no failure.
  diff_mode:
    support: none
    description: There is no text to compare.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  host:
    description: Address the server listens at.
    type: str
    required: true
  port:
    description: Port, with TLS.
    type: int
    default: 6379
  username:
    description: User that may CONFIG SET.
    type: str
    default: ""
  password:
    description: Its password.
    type: str
    default: ""
  certificate_file:
    description: The server's certificate and its intermediates.
    type: path
    required: true
  private_key_file:
    description: Its key.
    type: path
    required: true
  ca_file:
    description: CA certificates, for clients that show one.
    type: path
    required: true
  reload:
    description: Read the files again in any case. Give it what the tasks before have changed, so that changed CAs are read, too.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for each answer.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Serve the certificate on the disk
  onprem.wandb.redis_tls:
    host: 10.0.0.31
    username: onprem-admin
    password: "{{ redis_admin_password }}"
    certificate_file: /etc/redis/tls/redis.crt
    private_key_file: /etc/redis/tls/redis.key
    ca_file: /etc/redis/tls/ca.crt
"""

RETURN = r"""
reason:
  description: Why the files were read again; empty when they were not.
  returned: success
  type: str
  sample: it served another certificate
"""

import re
import ssl
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._redis import protocol
from ansible_collections.onprem.wandb.plugins.module_utils._redis import tls

OPTIONS = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 6379},
    "username": {"type": "str", "default": ""},
    "password": {"type": "str", "default": "", "no_log": True},
    "certificate_file": {"type": "path", "required": True},
    "private_key_file": {"type": "path", "required": True},
    "ca_file": {"type": "path", "required": True},
    "reload": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 30},
}


def in_file(path: str) -> list[bytes]:
    """The certificates of a PEM file in DER form. Raises OSError or ValueError."""
    with open(path, encoding="ascii", errors="replace") as stream:
        found = re.findall("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", stream.read(), re.DOTALL)
    if not found:
        raise ValueError("it holds no certificate")
    return [ssl.PEM_cert_to_DER_cert(text) for text in found]


def shows(params: t.Mapping[str, t.Any], wanted: list[bytes]) -> bool:
    """Whether the server sends these certificates. Where it has no others in its file it may send its CA's, too. Raises OSError."""
    sent, whole = tls.served_chain(params["host"], params["port"], params["timeout"])
    return sent[: len(wanted)] == wanted if whole else sent == wanted[:1]


def read_again(params: t.Mapping[str, t.Any]) -> None:
    """One CONFIG SET for all three files, so that certificate and key change together. Raises RedisError or OSError."""
    client = protocol.Client(params["host"], params["port"], params["timeout"], tls.unverified())
    try:
        if params["password"]:
            client.call("AUTH", *filter(None, (params["username"], params["password"])))
        names = {"tls-cert-file": "certificate_file", "tls-key-file": "private_key_file", "tls-ca-cert-file": "ca_file"}
        client.call("CONFIG", "SET", *(word for name, key in names.items() for word in (name, params[key])))
    finally:
        client.close()


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    params = module.params
    where = f"Redis at {params['host']}:{params['port']}"
    try:
        wanted = in_file(params["certificate_file"])
        good = shows(params, wanted)
    except (OSError, ValueError) as error:
        if module.check_mode:
            module.exit_json(changed=False, reason="")
        module.fail_json(msg=f"{where} and {params['certificate_file']} cannot be compared: {error}. Next: systemctl status redis-server redis")
    reason = "it served another certificate" if not good else "this run changes what it reads" if params["reload"] else ""
    if not reason or module.check_mode:
        module.exit_json(changed=bool(reason), reason=reason)
    try:
        read_again(params)
        good = shows(params, wanted)
    except (OSError, protocol.RedisError) as error:
        module.fail_json(
            msg=f"{where} did not take the new certificate and serves the old one: {error}. Look at {params['certificate_file']} and "
            f"{params['private_key_file']} (do they belong together, may the server read them?). Next: journalctl -u redis-server -u redis -n 20"
        )
    if not good:
        module.fail_json(msg=f"{where} has read {params['certificate_file']} and still serves another certificate. Next: systemctl restart redis-server")
    module.exit_json(changed=True, reason=reason)


if __name__ == "__main__":
    main()
