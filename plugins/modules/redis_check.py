#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does this Redis do what W&B needs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_check
short_description: Does this Redis do what W&B needs
version_added: 1.0.0
description:
  - Connects to a Redis as W&B does and asks it - version, password, eviction policy and other settings, a value written and read back.
  - Needs nothing but Python where it runs, so it runs on the Redis host, on the controller, or on a machine that shall use the service.
  - Writes one key under C(onprem-wandb-check:), which expires within a minute.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.probes
attributes:
  check_mode:
    description: In check mode nothing is written. When nothing listens, the module says so and does not fail, because the service may not be there yet.
  idempotent:
    description: Nothing changes.
options:
  host:
    description: Address or name.
    type: str
    required: true
  port:
    description: Port.
    type: int
    default: 6379
  password:
    description: Password of the default user, which is the one W&B's chart uses.
    type: str
    default: ""
  tls:
    description: Whether the port speaks TLS.
    type: bool
    default: false
  ca_file:
    description: CA certificates to trust beside those of the system, on the machine where the module runs.
    type: path
  server_name:
    description: Name to expect in the certificate, when it is not O(host).
    type: str
    default: ""
  version:
    description: Wanted version. Its major number must be that of the server.
    type: str
    default: "7"
  settings:
    description: Settings the running server must have, as in redis.conf. Sizes are compared as numbers.
    type: dict
    default: {maxmemory-policy: noeviction}
  timeout:
    description: Seconds to wait for each answer, and altogether while the server loads its data.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Ask Redis
  onprem.wandb.redis_check:
    host: 10.0.0.31
    password: "{{ redis_password }}"
    settings:
      maxmemory-policy: noeviction
      appendonly: "yes"
"""

RETURN = r"""
probes:
  description: One entry per question, in the order in which they were asked - connect, ping, password_required, version, settings, memory, write_and_read.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the probe.
      type: str
    verdict:
      description: pass, notice, fail, or skip.
      type: str
    evidence:
      description: What was seen.
      type: dict
    milliseconds:
      description: How long it took.
      type: float
    remedy:
      description: What to do, for a finding.
      type: str
  sample: [{name: version, verdict: pass, evidence: {redis_version: 7.2.16}, milliseconds: 0.4, remedy: ""}]
findings:
  description: Names of the probes that stand against the service.
  returned: always
  type: list
  elements: str
  sample: []
reachable:
  description: Whether something answered.
  returned: always
  type: bool
  sample: true
"""

import ssl
import time
import typing as t
import uuid

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils import _redis
from ansible_collections.onprem.wandb.plugins.module_utils._probes import ARGUMENTS, Evidence, Finding, Prober, Remark, Skipped, findings, report

POLICY = "An eviction policy other than noeviction silently drops W&B's jobs: set maxmemory-policy noeviction."


class Check:
    """The questions. Each is a method; its name is the probe's name."""

    def __init__(self, params: dict[str, t.Any], check_mode: bool) -> None:
        self.params = params
        self.check_mode = check_mode
        self.info: dict[str, str] = {}
        self.client: t.Optional[_redis.Client] = None

    def open(self) -> _redis.Client:
        """A new connection, without a password."""
        context = None
        if self.params["tls"]:
            context = ssl.create_default_context()
            if self.params["ca_file"]:
                context.load_verify_locations(self.params["ca_file"])
        return _redis.Client(self.params["host"], self.params["port"], self.params["timeout"], context, self.params["server_name"])

    def call(self, *words: str) -> t.Any:
        """A command on the connection that has the password."""
        if self.client is None:
            raise ConnectionError("there is no connection")
        return self.client.call(*words)

    def connect(self) -> Evidence:
        where = f"{self.params['host']}:{self.params['port']}"
        try:
            self.client = self.open()
        except ssl.SSLError as error:
            raise Finding("The certificate must be valid for this name and signed by a CA in ca_file.", address=where, error=str(error)) from error
        except OSError as error:
            raise Finding(
                f"Nothing usable listens there. On the host: systemctl status redis-server redis; ss -ltn 'sport = {self.params['port']}'.",
                address=where,
                error=str(error),
            ) from error
        return {"address": where, "tls": self.params["tls"]}

    def ping(self) -> Evidence:
        end = time.monotonic() + self.params["timeout"]
        while True:
            try:
                if self.params["password"]:
                    self.call("AUTH", self.params["password"])
                return {"answer": self.call("PING")}
            except _redis.RedisError as error:
                text = str(error)
                if not text.startswith("LOADING") or time.monotonic() > end:
                    raise Finding(self.remedy(text), answer=text) from error
                time.sleep(0.2)

    @staticmethod
    def remedy(text: str) -> str:
        """What to do about an error at the door."""
        if text.startswith("LOADING"):
            return "The server still loads its data: wait, or raise timeout."
        if text.startswith("NOAUTH"):
            return "The server wants a password and none was given."
        if text.startswith("WRONGPASS") or "AUTH" in text:
            return "The password is not the server's: compare requirepass in redis.conf with the secret the consumer has."
        return "Read the server's log."

    def password_required(self) -> Evidence:
        if not self.params["password"]:
            raise Remark("Set a password: anyone who reaches the port reads W&B's queues.", password="none given")
        stranger = self.open()
        try:
            stranger.call("PING")
        except _redis.RedisError as error:
            return {"without password": str(error).split(" ", 1)[0]}
        finally:
            stranger.close()
        raise Finding("The server answers without a password: set requirepass.", **{"without password": "PONG"})

    def version(self) -> Evidence:
        self.info = _redis.info(self.call("INFO"))
        seen, wanted = self.info.get("redis_version", "unknown"), self.params["version"]
        if seen.split(".")[0] != wanted.split(".")[0]:
            raise Finding(f"W&B supports Redis 7.x: install {wanted}.", redis_version=seen, expected=wanted)
        return {"redis_version": seen, "expected": wanted}

    def settings(self) -> Evidence:
        wanted = {key: str(value) for key, value in self.params["settings"].items()}
        try:
            seen: dict[str, str] = {}
            for key in wanted:
                seen.update(_redis.settings(self.call("CONFIG", "GET", key)))
        except _redis.RedisError as error:
            policy = self.info.get("maxmemory_policy", "unknown")
            if "maxmemory-policy" in wanted and policy != wanted["maxmemory-policy"]:
                raise Finding(POLICY, maxmemory_policy=policy) from error
            raise Remark(
                "CONFIG is not allowed here (usual for a managed Redis); only maxmemory-policy was compared, by INFO.", maxmemory_policy=policy
            ) from error
        wrong = _redis.differences(wanted, seen)
        if wrong:
            raise Finding(POLICY if "maxmemory-policy" in wrong else "The running server has other settings: restart it with its configuration file.", **wrong)
        return seen

    def memory(self) -> Evidence:
        used, limit = int(self.info.get("used_memory", 0)), int(self.info.get("maxmemory", 0))
        evidence = {"used": used, "maxmemory": limit}
        if not limit:
            raise Remark("No maxmemory: Redis grows until the kernel ends it. Set a limit.", **evidence)
        if used > 0.9 * limit:
            raise Finding("Over 90 % of maxmemory is used; with noeviction writes fail at 100 %. Raise maxmemory.", **evidence)
        return evidence

    def write_and_read(self) -> Evidence:
        if self.check_mode:
            raise Skipped("", reason="check mode")
        key, value = f"onprem-wandb-check:{uuid.uuid4().hex}", uuid.uuid4().hex
        try:
            self.call("SET", key, value, "EX", "60")
            seen = self.call("GET", key)
            self.call("DEL", key)
        except _redis.RedisError as error:
            raise Finding("The server refuses writes: a replica, a full memory or a failed save. Read its log.", answer=str(error)) from error
        if seen != value:
            raise Finding("A value written was not read back: is this a proxy or a replica?", written=value, read=seen)
        return {"key": "onprem-wandb-check:*"}


def ask(check: Check, prober: Prober) -> None:
    """All questions in their order."""
    if prober.run("connect", check.connect):
        prober.run("ping", check.ping)
    prober.run("password_required", check.password_required, needs=["ping"])
    prober.run("version", check.version, needs=["ping"])
    prober.run("settings", check.settings, needs=["ping", "version"])
    prober.run("memory", check.memory, needs=["ping", "version"])
    prober.run("write_and_read", check.write_and_read, needs=["ping"])


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 6379},
            "password": {"type": "str", "default": "", "no_log": True},
            "tls": {"type": "bool", "default": False},
            "ca_file": {"type": "path"},
            "server_name": {"type": "str", "default": ""},
            "version": {"type": "str", "default": "7"},
            "settings": {"type": "dict", "default": {"maxmemory-policy": "noeviction"}},
            "timeout": {"type": "int", "default": 30},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )
    params = module.params
    prober = Prober(deadline=2 * params["timeout"], errors=(OSError, _redis.RedisError, ValueError))
    ask(Check(params, module.check_mode), prober)
    names = findings(prober.results, params["accept_findings"])
    reachable = prober.verdict("connect") == "pass"
    result = {"changed": False, "probes": prober.results, "findings": names, "reachable": reachable}
    if names and not params["report_only"] and (reachable or not module.check_mode):
        module.fail_json(msg=report(f"Redis at {params['host']}:{params['port']}", prober.results, names), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
