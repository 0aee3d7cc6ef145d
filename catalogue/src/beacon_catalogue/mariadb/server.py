"""A MariaDB server under test: connections to it, and questions with one right answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Any

import pymysql

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer

#: The name of everything that we make outside of our own database, and of that database.
OURS = "beacon_check"

#: Seconds that an answer may take: sorts on disk are slow where many containers run.
_ANSWER = 9.0

Rows = list[tuple[Any, ...]]


class Server:
    """One server for the length of one drive."""

    def __init__(self, peer: Peer, env: Mapping[str, str]) -> None:
        self.peer = peer
        self.user = "root"
        self.password = env.get("MARIADB_ROOT_PASSWORD") or env.get("MYSQL_ROOT_PASSWORD") or ""
        self._opened: list[socket.socket] = []

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        """End what an attempt that ran out of time still waits for."""
        for opened in self._opened:
            with opened, suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def connect(self, **other: Any) -> Any:
        """Connect to our own database, committing at once; pymysql.MySQLError if refused.

        LOAD DATA LOCAL stays off: the server names the file, and could name any of this machine.
        """
        wait = self.peer.deadline.wait()
        usual = {
            "host": self.peer.address,
            "port": self.peer.port,
            "user": self.user,
            "password": self.password,
            "database": OURS,
            "charset": "utf8mb4",
            "autocommit": True,
            "local_infile": False,
            "connect_timeout": wait,
            "read_timeout": self.peer.deadline.wait(_ANSWER),
            "write_timeout": wait,
            "ssl_disabled": True,
        }
        connection = socket.create_connection((self.peer.address, self.peer.port), wait)
        self._opened.append(connection.dup())
        try:
            session = pymysql.connect(**{**usual, **other}, defer_connect=True)
            session.connect(connection)
        except BaseException:
            connection.close()
            raise
        return session

    def session(self, **other: Any) -> closing[Any]:
        """A connection that is closed afterwards."""
        return closing(self.connect(**other))


def ask(session: Any, sql: str, *values: object) -> Rows:
    """Send one statement; its rows, none if it has no answer."""
    with session.cursor() as cursor:
        cursor.execute(sql, values or None)
        return [tuple(row) for row in cursor.fetchall()]


def one(session: Any, sql: str, *values: object) -> Any:
    """Send one statement; its only value. AnswerError if it has more or fewer."""
    rows = ask(session, sql, *values)
    if len(rows) != 1 or len(rows[0]) != 1:
        raise AnswerError(f"{len(rows)} rows instead of one value for {sql}")
    return rows[0][0]


def tell(session: Any, *statements: str) -> None:
    """Send statements whose answers do not matter."""
    for statement in statements:
        ask(session, statement)


def refuses(action: Callable[[], object], codes: str, what: str) -> None:
    """AnswerError that names `what` unless it fails with one of these error numbers."""
    try:
        action()
    except pymysql.MySQLError as error:
        if str(error.args[0] if error.args else "") not in codes.split():
            raise
    else:
        raise AnswerError(f"{what} was accepted")


def fresh(session: Any, table: str, columns: str, options: str = "") -> None:
    """Make a table anew."""
    tell(session, f"drop table if exists {table}", f"create table {table} ({columns}) {options}")


def alive(server: Server) -> None:
    """AnswerError unless the server still serves a new client."""
    with server.session() as session:
        expect(one(session, "select 6 * 7"), 42, "a new client's question")
