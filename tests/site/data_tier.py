# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients of the data tier itself: each request is a new connection that verifies name and chain; one connection stays open all the time."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import pymysql
from ansible_collections.onprem.wandb.plugins.module_utils._redis import protocol
from clients import Count, Kind, Site

if TYPE_CHECKING:
    from conftest import Lab


def kinds(lab: Lab) -> dict[str, Kind]:
    """By name, for clients.load."""

    def redis(site: Site, count: Count, turn: int) -> None:
        client = protocol.Client(lab.addresses["store1"], 6379, 10, site.trust)
        try:
            client.call("AUTH", lab.secret("redis_password"))
            assert client.call("SET", "rotation", "1", "EX", "60") == "OK"
        except protocol.RedisError as error:
            raise AssertionError(str(error)) from error
        finally:
            client.close()

    def mysql(site: Site, count: Count, turn: int) -> None:
        password = lab.secret("mysql_app_password")
        try:
            login = {"user": "wandb_local", "password": password, "connect_timeout": 10, "read_timeout": 10}
            with pymysql.connect(host=lab.database, ssl=site.trust, **login) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                assert cursor.fetchone() == (1,)
        except pymysql.MySQLError as error:
            raise AssertionError(str(error)) from error

    def minio(site: Site, count: Count, turn: int) -> None:
        connection = http.client.HTTPSConnection(lab.addresses["store1"], 9000, timeout=10, context=site.trust)
        try:
            connection.request("GET", "/minio/health/live")
            status = connection.getresponse().status
        finally:
            connection.close()
        assert status == 200, status

    return {"redis": redis, "mysql": mysql, "minio": minio}


def held(lab: Lab, site: Site) -> protocol.Client:
    """A connection from before, as W&B's workers hold them."""
    client = protocol.Client(lab.addresses["store1"], 6379, 10, site.trust)
    client.call("AUTH", lab.secret("redis_password"))
    return client


def processes(lab: Lab) -> dict[str, str]:
    """Main processes of the services: a reload keeps them."""
    return {name: lab.on(host, f"pgrep -x -o {name}").strip() for host, name in (("store1", "redis-server"), ("db1", "mysqld"), ("store1", "minio"))}
