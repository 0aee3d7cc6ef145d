"""Many clients at once, and clients that go away without a word."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from beacon.workloads.answers import expect, until
from beacon.workloads.checks import at_once
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.raw import Raw
from beacon_catalogue.mariadb.server import OURS, Server, alive, fresh, one, tell

SUITE = Suite[Server]()

_CLIENTS = 40
_OTHERS = """
    select count(*) from information_schema.processlist where db = %s and id <> connection_id()
"""


@SUITE.check("parallel clients")
def _crowd(server: Server) -> str:
    with server.session() as session, ExitStack() as stack:
        count = min(_CLIENTS, int(one(session, "select @@max_connections")) // 3)
        fresh(session, "counter", "n int", "engine = innodb")
        tell(session, "insert into counter values (0)")
        others = at_once(lambda _: stack.enter_context(server.session()), count, threads=8)
        at_once(lambda number: _count(others[number]), count, threads=8)
        expect(one(session, "select n from counter"), count * 3, "the sum of all updates")
    return str(count)


def _count(session: Any) -> None:
    for _ in range(3):
        tell(session, "update counter set n = n + 1")


@SUITE.check("broken clients")
def _broken(server: Server) -> str:
    """One breaks off when idle, one within a transaction, one while it is served."""
    with server.session() as session:
        fresh(session, "halfway", "n int", "engine = innodb")
        for work in ("select 1", "insert into halfway values (1)", "select sleep(1)"):
            victim = Raw(server)
            victim.query("begin")
            victim.ask_only(work)
            victim.reset()
        until(
            lambda: one(session, _OTHERS, OURS) == 0,
            server.peer.deadline,
            "the end of broken sessions",
        )
        expect(one(session, "select count(*) from halfway"), 0, "rows of broken sessions")
    alive(server)
    return "survived"
