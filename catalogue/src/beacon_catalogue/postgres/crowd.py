"""Many clients at once, and clients that go away without a word."""

from __future__ import annotations

import socket
import struct
from contextlib import ExitStack

from beacon.workloads.answers import expect, until
from beacon.workloads.checks import at_once
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.server import (
    Server,
    Session,
    alive,
    fresh,
    one,
    setting,
    tell,
)

SUITE = Suite[Server]()

_CLIENTS = 30
_OTHERS = "select count(*) from pg_stat_activity where application_name = %s"


@SUITE.check("parallel clients")
def _crowd(server: Server) -> str | None:
    with server.connect() as session, ExitStack() as stack:
        count = min(_CLIENTS, int(setting(session, "max_connections")) // 3)
        fresh(session, "counter", "n int")
        tell(session, "insert into counter values (0)")
        others = at_once(lambda _: stack.enter_context(server.connect()), count, threads=8)
        at_once(lambda number: _count(others[number]), count, threads=8)
        expect(one(session, "select n from counter"), count * 3, "the sum of all updates")
    return str(count)


def _count(session: Session) -> None:
    for _ in range(3):
        tell(session, "update counter set n = n + 1")


@SUITE.check("broken clients")
def _resets(server: Server) -> str:
    """One breaks off between statements, one within a transaction, one within COPY."""
    with server.connect() as session:
        fresh(session, "halfway", "n int")
        for work in (
            "select 1",
            "begin; insert into halfway values (1)",
            "copy halfway from stdin",
        ):
            victim = server.connect(application_name="beacon-victim")
            victim.pgconn.send_query(work.encode())
            victim.pgconn.flush()
            _break(victim)
        gone = lambda: one(session, _OTHERS, "beacon-victim") == 0  # noqa: E731
        until(gone, server.peer.deadline, "the end of broken sessions")
        expect(one(session, "select count(*) from halfway"), 0, "rows of broken sessions")
    alive(server)
    return "survived"


def _break(session: Session) -> None:
    with socket.socket(fileno=session.fileno()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
        connection.detach()
    session.close()
