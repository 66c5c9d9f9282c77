# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is this MySQL what W&B needs."""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import check as judge
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Prober, Skipped, findings
from ansible_collections.onprem.wandb.plugins.module_utils._say import NOT_REACHED

try:
    import pymysql
except ImportError:
    pymysql = None

VARIABLES = "SHOW GLOBAL VARIABLES WHERE Variable_name IN (%s)" % ", ".join(["%s"] * len(judge.SETTINGS))
SCHEMA = "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s"
SYNCS = "SELECT COUNT_MISC, SUM_TIMER_MISC FROM performance_schema.file_summary_by_event_name WHERE EVENT_NAME = %s"

SPEC: dict[str, Any] = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 3306},
    "user": {"type": "str", "default": "wandb_local"},
    "password": {"type": "str", "required": True, "no_log": True},
    "database": {"type": "str", "default": "wandb_local"},
    "ca_file": {"type": "path"},
    "login_unix_socket": {"type": "path"},
    "sync_milliseconds": {"type": "float", "default": 10.0},
    "timeout": {"type": "int", "default": 10},
}


class Check:
    """The questions. Each is a method; its name is the probe's name."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.connection: Any = None

    def rows(self, sql: str, *args: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, args or None)
            return list(cursor.fetchall())

    def connect(self) -> Evidence:
        params, where = self.params, "%s:%d" % (self.params["host"], self.params["port"])
        try:
            self.connection = pymysql.connect(
                host=params["host"],
                port=params["port"],
                user=params["user"],
                password=params["password"],
                connect_timeout=params["timeout"],
                read_timeout=params["timeout"],
                ssl=judge.tls(params["ca_file"], params["host"]),
            )
        except (pymysql.MySQLError, *NOT_REACHED) as error:
            remedy = "Check that the server runs, that it lets %s in from here, and that the password is the one of the site's secrets." % params["user"]
            raise Finding(remedy, address=where, error=str(error.args[-1] if error.args else error)) from error
        return {"address": where, "user": params["user"]}

    def version(self) -> Evidence:
        return judge.judge_version(str(self.rows("SELECT VERSION()")[0][0]))

    def settings(self) -> Evidence:
        return judge.judge_settings({str(name): str(value) for name, value in self.rows(VARIABLES, *judge.SETTINGS)})

    def schema(self) -> Evidence:
        found = self.rows(SCHEMA, self.params["database"])
        row = {"character_set": str(found[0][0]), "collation": str(found[0][1])} if found else None
        return judge.judge_schema(row, self.params["database"])

    def grants(self) -> Evidence:
        return judge.judge_grants([str(row[0]) for row in self.rows("SHOW GRANTS")], self.params["database"])

    def sync(self) -> Evidence:
        if not self.params["login_unix_socket"]:
            raise Skipped("", reason="not asked on the database host")
        root = Check(self.params)
        root.connection = pymysql.connect(unix_socket=self.params["login_unix_socket"], user="root", read_timeout=self.params["timeout"])
        count, picoseconds = root.rows(SYNCS, judge.SYNC_EVENT)[0]
        root.connection.close()
        return judge.judge_sync(int(count), int(picoseconds), self.params["sync_milliseconds"])


def ask(check: Check, prober: Prober) -> None:
    """All questions in their order."""
    prober.run("connect", check.connect)
    for name in ("version", "settings", "schema", "grants"):
        prober.run(name, getattr(check, name), needs=["connect"])
    prober.run("sync", check.sync)


def run(module: AnsibleModule) -> NoReturn:
    """The module, once its arguments are good."""
    if pymysql is None:
        module.fail_json(msg=missing_required_lib("PyMySQL"))
    prober = Prober(deadline=6 * module.params["timeout"], errors=(pymysql.MySQLError, OSError, LookupError))
    ask(Check(module.params), prober)
    module.exit_json(changed=False, probes=prober.results, findings=findings(prober.results))
