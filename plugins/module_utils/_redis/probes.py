# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of redis_check. Each method of Check is one; its name is the probe's name. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt
import ssl
import time
import typing as t
import uuid

from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Prober, Remark, Skipped
from ansible_collections.onprem.wandb.plugins.module_utils._redis import protocol, tls

POLICY = "An eviction policy other than noeviction silently drops W&B's jobs: set maxmemory-policy noeviction."
PREFIX = "onprem-wandb-check:"
DAYS_LEFT = 14
# What a PING is answered once the door is open: of the server's own state, not of who asks.
LET_IN = ("PONG", "MISCONF", "LOADING", "MASTERDOWN", "BUSY")

# What a queue and a cache are made of: a value, counters, lists with a blocking end, hashes, sets, sorted sets, scripts, transactions, messages, a walk.
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("SET", "{key}", "1", "EX", "60"),
    ("INCR", "{key}"),
    ("EXPIRE", "{key}", "60"),
    ("TTL", "{key}"),
    ("EXISTS", "{key}"),
    ("MGET", "{key}"),
    ("LPUSH", "{key}:l", "a", "b"),
    ("RPOPLPUSH", "{key}:l", "{key}:l"),
    ("LRANGE", "{key}:l", "0", "-1"),
    ("BRPOP", "{key}:l", "1"),
    ("LREM", "{key}:l", "0", "a"),
    ("HSET", "{key}:h", "field", "a"),
    ("HGETALL", "{key}:h"),
    ("SADD", "{key}:s", "a"),
    ("SMEMBERS", "{key}:s"),
    ("ZADD", "{key}:z", "1", "a"),
    ("ZRANGEBYSCORE", "{key}:z", "0", "2"),
    ("ZREM", "{key}:z", "a"),
    ("EVAL", "return redis.call('GET', KEYS[1])", "1", "{key}"),
    ("MULTI",),
    ("GET", "{key}"),
    ("EXEC",),
    ("SCAN", "0", "MATCH", "{key}*", "COUNT", "10"),
    ("PUBLISH", "{key}", "a"),
    ("UNLINK", "{key}", "{key}:l", "{key}:h", "{key}:s", "{key}:z"),
)


class Check:
    """The questions and the connection they share."""

    def __init__(self, params: dict[str, t.Any], check_mode: bool) -> None:
        self.params = params
        self.check_mode = check_mode
        self.info: dict[str, str] = {}
        self.client: t.Optional[protocol.Client] = None
        self.where = f"{params['host']}:{params['port']}"

    def open(self) -> protocol.Client:
        """A new connection, without a password."""
        context = tls.context(self.params["ca_file"]) if self.params["tls"] else None
        return protocol.Client(self.params["host"], self.params["port"], self.params["timeout"], context, self.params["server_name"])

    def log_in(self, client: protocol.Client) -> None:
        """Give the password, as W&B does: without a user name."""
        if self.params["password"]:
            client.call("AUTH", *filter(None, (self.params.get("username"), self.params["password"])))

    def call(self, *words: str) -> t.Any:
        """A command on the connection that has the password."""
        if self.client is None:
            raise ConnectionError("there is no connection")
        return self.client.call(*words)

    # --- the door --------------------------------------------------------------------------------------------------------------

    def connect(self) -> Evidence:
        """Does anything listen, with the TLS that was asked for."""
        host, port, timeout = self.params["host"], self.params["port"], self.params["timeout"]
        try:
            self.client = self.open()
        except OSError as error:
            isolated = isinstance(error, ssl.SSLCertVerificationError)
            if self.params["tls"] and not isolated and tls.speaks_plain(host, port, min(timeout, 3)):
                raise Finding(
                    "The port does not speak TLS, and rediss:// was asked for: set redis_tls (tls-port) on the server, or connect without TLS.",
                    address=self.where,
                    error=str(error),
                ) from error
            if isinstance(error, ssl.SSLError):
                evidence = tls.seen(host, port, timeout)
                expected = self.params["server_name"] or host
                raise Finding(
                    tls.remedy(error, expected, self.params["ca_file"], evidence),
                    address=self.where,
                    error=getattr(error, "verify_message", "") or str(error),
                    **evidence,
                ) from error
            raise Finding(
                f"Nothing usable listens there. On the host: systemctl status redis-server redis; ss -ltn 'sport = {port}'.",
                address=self.where,
                error=str(error),
            ) from error
        return {"address": self.where, "tls": self.params["tls"]}

    def certificate(self) -> Evidence:
        """How long the certificate lasts."""
        if not self.params["tls"] or self.client is None:
            raise Skipped("", reason="no TLS")
        found = self.client.certificate()
        left = tls.days_left(found, dt.datetime.now(dt.timezone.utc))
        evidence = {"not_after": found["notAfter"], "days": left, "issuer": tls.name(found.get("issuer")), "protocol": self.client.protocol()}
        if left < self.params.get("days_left", DAYS_LEFT):
            raise Remark(f"The certificate ends in {left} days: run the playbooks onprem.wandb.certificates and redis, or provide a new one.", **evidence)
        return evidence

    def ping(self) -> Evidence:
        """The password, and an answer; a server that loads its data is waited for."""
        end = time.monotonic() + self.params["timeout"]
        while True:
            try:
                if self.client is not None:
                    self.log_in(self.client)
                return {"answer": self.call("PING")}
            except protocol.RedisError as error:
                text = str(error)
                if text.startswith("MISCONF"):  # it lives and reads; that it cannot save is another probe's finding
                    return {"answer": text.split(" ", 1)[0]}
                if not text.startswith("LOADING") or time.monotonic() > end:
                    raise Finding(self.remedy(text), answer=text) from error
                time.sleep(0.2)
            except OSError as error:
                if not self.params["tls"] and tls.speaks_tls(self.params["host"], self.params["port"], self.params["timeout"]):
                    raise Finding("The port speaks TLS: connect with it (tls; wandb_redis_tls, which makes rediss://).", error=str(error)) from error
                raise

    @staticmethod
    def remedy(text: str) -> str:
        """What to do about an error at the door."""
        if text.startswith("LOADING"):
            return "The server still loads its data: wait, or raise timeout."
        if text.startswith("NOAUTH"):
            return "The server wants a password and none was given."
        if "without any password" in text:
            return "The server has no password, so that anyone who reaches the port reads W&B's queues: set requirepass."
        if text.startswith("WRONGPASS") or "AUTH" in text:
            return "The password is not the server's: compare requirepass or the ACL user with the secret the consumer has."
        if text.startswith("DENIED") or "max number of clients" in text:
            return "The server takes no more connections: raise maxclients (redis_maxclients), or find out who holds so many: CLIENT LIST."
        if text.startswith("NOPERM"):
            return "The user may not even PING: W&B logs in as the user default, which needs ~* &* +@all but for commands of administration."
        return "Read the server's log."

    def password_required(self) -> Evidence:
        """Is a stranger refused."""
        if not self.params["password"]:
            raise Remark("Set a password: anyone who reaches the port reads W&B's queues.", password="none given")
        stranger = self.open()
        try:
            stranger.call("PING")
            said = "PONG"
        except protocol.RedisError as error:
            said = str(error)
        finally:
            stranger.close()
        word = said.split(" ", 1)[0]
        if "max number of clients" in said:
            raise Skipped("", reason="the server took no further connection")
        if word in LET_IN:
            raise Finding("The server answers without a password: set requirepass.", **{"without password": word})
        return {"without password": word}

    # --- what it is ------------------------------------------------------------------------------------------------------------

    def version(self) -> Evidence:
        """Redis 7, as W&B wants it."""
        self.info = protocol.info(self.call("INFO"))
        found, wanted = self.info.get("redis_version", "unknown"), self.params["version"]
        if found.split(".")[0] != wanted.split(".")[0]:
            raise Finding(f"W&B supports Redis 7.x: install {wanted}.", redis_version=found, expected=wanted)
        return {"redis_version": found, "expected": wanted}

    def role(self) -> Evidence:
        """A single server that takes writes: no replica, no cluster."""
        role, mode = self.info.get("role", "master"), self.info.get("redis_mode", "standalone")
        evidence = {"role": role, "mode": mode}
        if role != "master":
            primary = f"{self.info.get('master_host', 'unknown')}:{self.info.get('master_port', '')}"
            raise Finding(f"This is a read-only replica of {primary}: connect to that one, or end the replication with REPLICAOF NO ONE.", **evidence)
        if mode == "cluster" or self.info.get("cluster_enabled") == "1":
            raise Finding("This is a member of a cluster, and W&B's queues need all keys on one server: give it a standalone Redis.", **evidence)
        return evidence

    def settings(self) -> Evidence:
        """The running server has the wanted settings."""
        wanted = {key: str(value) for key, value in self.params["settings"].items()}
        try:
            found: dict[str, str] = {}
            for key in wanted:
                found.update(protocol.settings(self.call("CONFIG", "GET", key)))
        except protocol.RedisError as error:
            policy = self.info.get("maxmemory_policy", "unknown")
            if "maxmemory-policy" in wanted and policy != wanted["maxmemory-policy"]:
                raise Finding(POLICY, maxmemory_policy=policy) from error
            if set(wanted) <= {"maxmemory-policy"}:
                return {"maxmemory-policy": policy}
            raise Remark(
                "CONFIG is not allowed here (usual for a managed Redis); only maxmemory-policy was compared, by INFO.", maxmemory_policy=policy
            ) from error
        wrong = protocol.differences(wanted, found)
        if wrong:
            raise Finding(POLICY if "maxmemory-policy" in wrong else "The running server has other settings: restart it with its configuration file.", **wrong)
        return found

    def persistence(self) -> Evidence:
        """Whether what is written reaches the disk."""
        names = ("aof_enabled", "aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status")
        evidence = {name: self.info[name] for name in names if name in self.info}
        bad = [name for name in names[1:] if evidence.get(name, "ok") != "ok"]
        if bad:
            raise Finding(
                f"The last write to the disk failed ({', '.join(bad)}): the disk is full or not writable, or fork failed for want of memory "
                "(vm.overcommit_memory=1). Read the server's log.",
                **evidence,
            )
        return evidence

    def memory(self) -> Evidence:
        """Room for what W&B queues."""
        used, limit = int(self.info.get("used_memory", 0)), int(self.info.get("maxmemory", 0))
        evidence = {"used": used, "maxmemory": limit}
        if not limit:
            raise Remark("No maxmemory: Redis grows until the kernel ends it. Set a limit.", **evidence)
        if used > 0.9 * limit:
            raise Finding("Over 90 % of maxmemory is used; with noeviction writes fail at 100 %. Raise maxmemory.", **evidence)
        return evidence

    def clients(self) -> Evidence:
        """Room for connections."""
        used, limit = int(self.info.get("connected_clients", 0)), int(self.info.get("maxclients", 0))
        evidence = {"connected": used, "maxclients": limit}
        if limit and used > 0.9 * limit:
            raise Finding("Over 90 % of maxclients are connected: raise it (redis_maxclients), or find out who holds so many: CLIENT LIST.", **evidence)
        return evidence

    # --- what it does ----------------------------------------------------------------------------------------------------------

    def write_and_read(self) -> Evidence:
        """A value, there and back."""
        if self.check_mode:
            raise Skipped("", reason="check mode")
        key, value = f"{PREFIX}{uuid.uuid4().hex}", uuid.uuid4().hex
        try:
            self.call("SET", key, value, "EX", "60")
            found = self.call("GET", key)
            self.call("DEL", key)
        except protocol.RedisError as error:
            raise Finding(self.refusal(str(error)), answer=str(error)) from error
        if found != value:
            raise Finding("A value written was not read back: is this a proxy or a replica?", written=value, read=found)
        return {"key": f"{PREFIX}*"}

    @staticmethod
    def refusal(text: str) -> str:
        """What to do about a refused write."""
        if text.startswith("READONLY"):
            return "The server refuses writes because it is a read-only replica: connect to its primary."
        if text.startswith("OOM"):
            return "The server refuses writes because its memory is full: raise maxmemory, and find out why the queue is not emptied."
        if text.startswith("MISCONF"):
            return "The server refuses writes because its last save failed: free its disk, read its log."
        if text.startswith("NOREPLICAS"):
            return "The server refuses writes because it has too few replicas (min-replicas-to-write): set that to 0."
        if text.startswith("NOPERM"):
            return "The user may not write: W&B logs in as the user default, which needs ~* &* +@all but for commands of administration."
        return "The server refuses writes: a replica, a full memory or a failed save. Read its log."

    def commands(self) -> Evidence:
        """Everything queues and caches are made of is allowed, on any key and channel."""
        if self.check_mode:
            raise Skipped("", reason="check mode")
        key, refused, other = f"{PREFIX}{uuid.uuid4().hex}", [], {}
        for command in COMMANDS:
            try:
                self.call(*(word.format(key=key) for word in command))
            except protocol.RedisError as error:
                text = str(error)
                if text.startswith("NOPERM") or "unknown command" in text.lower():
                    refused.append(command[0])
                elif text.startswith("EXECABORT"):
                    continue  # a command within the transaction was refused, and is named already
                else:
                    other[command[0]] = text
        if refused or other:
            self.remove(key)
        if refused:
            raise Finding(
                f"W&B's queues need {', '.join(refused)}, which the server refuses to this user: allow it in the ACL of the user default, "
                "and rename no commands.",
                refused=", ".join(refused),
            )
        if other:
            raise Finding("The server answers commands with errors: read its log.", **other)
        return {"commands": len(COMMANDS)}

    def remove(self, key: str) -> None:
        """What a list of commands broken off in the middle has left."""
        for name in (key, *(f"{key}:{kind}" for kind in "lhsz")):
            try:
                self.call("DEL", name)
            except protocol.RedisError:
                continue


def ask(check: Check, prober: Prober) -> None:
    """All questions in their order."""
    prober.run("connect", check.connect)
    prober.run("ping", check.ping, needs=["connect"])
    prober.run("certificate", check.certificate, needs=["connect"])
    prober.run("password_required", check.password_required, needs=["ping"])
    prober.run("version", check.version, needs=["ping"])
    prober.run("role", check.role, needs=["version"])
    prober.run("settings", check.settings, needs=["ping", "version"])
    prober.run("persistence", check.persistence, needs=["version"])
    prober.run("memory", check.memory, needs=["ping", "version"])
    prober.run("clients", check.clients, needs=["version"])
    prober.run("write_and_read", check.write_and_read, needs=["ping", "role", "persistence", "memory"])
    prober.run("commands", check.commands, needs=["write_and_read"])
