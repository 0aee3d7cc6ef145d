"""A PostgreSQL server under test: connections to it, and questions with one right answer."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import Connection

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer

#: The name of everything that we make outside of our own database, and of that database.
OURS = "beacon_check"
#: How our connections name themselves, so that those of an interrupted run can be found.
APPLICATION = "beacon-check"

Session = Connection[tuple[Any, ...]]
Rows = list[tuple[Any, ...]]


class Server:
    """One server for the length of one drive."""

    def __init__(self, peer: Peer, env: Mapping[str, str]) -> None:
        self.peer = peer
        self.user = env.get("POSTGRES_USER") or "postgres"
        # Never empty: libpq would look for the password of this machine's user.
        self.password = env.get("POSTGRES_PASSWORD") or "beacon"
        self.database = env.get("POSTGRES_DB") or self.user
        self._opened: list[socket.socket] = []

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        """End what an attempt that ran out of time still waits for."""
        for opened in self._opened:
            with opened, suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def connect(self, **other: Any) -> Session:
        """Connect to our own database, committing at once; psycopg.OperationalError if refused."""
        session = psycopg.connect(**{**self.parameters(), **other}, autocommit=True)
        self._opened.append(socket.socket(fileno=os.dup(session.fileno())))
        return session

    def parameters(self) -> dict[str, Any]:
        """What libpq is told, so that it takes nothing from this machine's user."""
        return {
            "host": self.peer.address,
            "port": self.peer.port,
            "user": self.user,
            "password": self.password,
            "passfile": os.devnull,
            "dbname": OURS,
            "application_name": APPLICATION,
            "client_encoding": "UTF8",
            "connect_timeout": max(2, int(self.peer.deadline.wait())),
            "options": "-c statement_timeout=9s -c timezone=UTC",
            "sslmode": "prefer",
            "sslcertmode": "disable",
            "gssencmode": "disable",
            "target_session_attrs": "any",
        }


def ask(session: Session, sql: str, *values: object) -> Rows:
    """Send one statement; its rows, none if it has no answer."""
    cursor = session.execute(sql, values or None)
    return cursor.fetchall() if cursor.description else []


def one(session: Session, sql: str, *values: object) -> Any:
    """Send one statement; its only value. AnswerError if it has more or fewer."""
    rows = ask(session, sql, *values)
    if len(rows) != 1 or len(rows[0]) != 1:
        raise AnswerError(f"{len(rows)} rows instead of one value for {sql}")
    return rows[0][0]


def tell(session: Session, *statements: str) -> None:
    """Send statements whose answers do not matter."""
    for statement in statements:
        session.execute(statement)


def refuses(action: Callable[[], object], states: str, what: str) -> None:
    """AnswerError that names `what` unless it fails with one of these SQLSTATEs."""
    try:
        action()
    except psycopg.Error as error:
        if error.sqlstate not in states.split():
            raise
    else:
        raise AnswerError(f"{what} was accepted")


def setting(session: Session, name: str) -> str:
    """A setting's value as the server tells it."""
    return str(one(session, "select current_setting(%s)", name))


def fresh(session: Session, table: str, columns: str) -> None:
    """Make a table anew."""
    tell(session, f"drop table if exists {table} cascade", f"create table {table} ({columns})")


def alive(server: Server) -> None:
    """AnswerError unless the server still serves a new client."""
    with server.connect() as session:
        expect(one(session, "select 6 * 7"), 42, "a new client's question")
