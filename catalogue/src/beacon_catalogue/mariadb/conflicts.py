"""Sessions in each other's way: isolation, locks, deadlocks, and what ends a long wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pymysql

from beacon.workloads.answers import expect, until
from beacon.workloads.checks import at_once
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.server import Server, ask, fresh, one, refuses, tell

SUITE = Suite[Server]()

_NAP = "select sleep(8)"
_WAITING = "select count(*) from information_schema.processlist where id = %s and state like %s"
_ENGINE = "engine = innodb"


@SUITE.check("isolation")
def _isolation(server: Server) -> str:
    with server.session() as session, server.session() as rival:
        for level, seen in (("repeatable read", 1), ("read committed", 2)):
            fresh(session, "levels", "n int", _ENGINE)
            tell(session, "insert into levels values (1)")
            tell(session, f"set session transaction isolation level {level}", "begin")
            expect(one(session, "select count(*) from levels"), 1, "rows at first")
            tell(rival, "insert into levels values (2)")
            expect(one(session, "select count(*) from levels"), seen, f"rows with {level}")
            tell(session, "commit")
    return "kept"


@SUITE.check("locks")
def _row_locks(server: Server) -> str:
    with server.session() as holder, server.session() as rival:
        fresh(holder, "jobs", "n int primary key", _ENGINE)
        tell(holder, "insert into jobs values (1), (2)", "begin")
        expect(ask(holder, "select n from jobs where n = 1 for update"), [(1,)], "FOR UPDATE")
        wanted = "select n from jobs order by n for update"
        refuses(lambda: ask(rival, f"{wanted} nowait"), "1205", "a locked row")
        expect(ask(rival, f"{wanted} skip locked"), [(2,)], "rows that are not locked")
        tell(holder, "commit", "lock tables jobs write")
        tell(rival, "set lock_wait_timeout = 0")
        refuses(lambda: ask(rival, "select * from jobs"), "1205", "a locked table")
        tell(holder, "unlock tables")
    return "kept"


@SUITE.check("named locks")
def _named_locks(server: Server) -> str:
    with server.session() as holder, server.session() as rival:
        expect(one(holder, "select get_lock('beacon', 1)"), 1, "GET_LOCK")
        expect(one(rival, "select get_lock('beacon', 0)"), 0, "a held lock")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(one, rival, "select get_lock('beacon', 4)")
            _until_waiting(server, holder, rival, "User lock")
            tell(holder, "select release_lock('beacon')")
            expect(waiting.result(), 1, "the lock's new holder")
    return "handed over"


def _until_waiting(server: Server, watcher: Any, sleeper: Any, state: str) -> None:
    number = sleeper.thread_id()
    until(lambda: bool(one(watcher, _WAITING, number, state)), server.peer.deadline, state)


@SUITE.check("deadlock")
def _deadlock(server: Server) -> str:
    with server.session() as first, server.session() as second:
        fresh(first, "dead", "n int primary key, v int", _ENGINE)
        tell(first, "insert into dead values (0, 0), (1, 0)")
        pair = (first, second)
        for number, session in enumerate(pair):
            tell(session, "begin", f"update dead set v = 1 where n = {number}")  # noqa: S608
        outcomes = at_once(lambda number: _cross(pair[number], 1 - number), 2, threads=2)
        expect(sorted(outcomes), ["1213", "done"], "the two updates")
    return "one of two refused"


def _cross(session: Any, number: int) -> str:
    try:
        tell(session, f"update dead set v = v + 1 where n = {number}")  # noqa: S608
    except pymysql.MySQLError as error:
        return str(error.args[0])
    finally:
        tell(session, "rollback")
    return "done"


@SUITE.check("KILL")
def _kill(server: Server) -> str:
    with server.session() as victim, server.session() as other, ThreadPoolExecutor(1) as pool:
        number = victim.thread_id()
        sleeping = pool.submit(refuses, lambda: ask(victim, _NAP), "1317", "a stopped nap")
        _until_waiting(server, other, victim, "User sleep")
        tell(other, f"kill query {number}")
        sleeping.result()
        expect(one(victim, "select 1"), 1, "a question after KILL QUERY")
        ended = pool.submit(refuses, lambda: ask(victim, _NAP), "1317 2013 1927", "a killed nap")
        _until_waiting(server, other, victim, "User sleep")
        tell(other, f"kill {number}")
        ended.result()
    return "ended"


@SUITE.check("timeouts")
def _timeouts(server: Server) -> str:
    with server.session() as session:
        tell(session, "set max_statement_time = 0.05")
        slow = "select count(*) from seq_1_to_100000 a, seq_1_to_100000 b"
        refuses(lambda: ask(session, slow), "1969", "a statement above its time")
        tell(session, "set max_statement_time = 0", "set wait_timeout = 1")
        until(
            lambda: not _listed(server, session), server.peer.deadline, "the end of an idle session"
        )
    return "ended"


def _listed(server: Server, session: Any) -> bool:
    with server.session() as other:
        return bool(one(other, _WAITING, session.thread_id(), "%"))
