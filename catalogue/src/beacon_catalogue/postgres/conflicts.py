"""Sessions in each other's way: isolation, locks, deadlocks, and what ends a long wait."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg import IsolationLevel

from beacon.workloads.answers import expect, until
from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.server import Server, Session, ask, fresh, one, refuses, tell

SUITE = Suite[Server]()

_NAP = "select pg_sleep(8)"
_WAITING = "select count(*) from pg_stat_activity where pid = %s and wait_event = %s"


@SUITE.check("isolation")
def _isolation(server: Server) -> str:
    with server.connect() as session, server.connect() as rival:
        fresh(session, "doctors", "name text, on_call bool")
        tell(session, "insert into doctors values ('a', true), ('b', true)")
        session.isolation_level = IsolationLevel.REPEATABLE_READ
        with session.transaction():
            expect(one(session, "select count(*) from doctors"), 2, "rows at first")
            tell(rival, "insert into doctors values ('c', false)")
            expect(one(session, "select count(*) from doctors"), 2, "rows of the same snapshot")
            tell(rival, "update doctors set on_call = true where name = 'c'")
        expect(one(session, "select count(*) from doctors"), 3, "rows of a later snapshot")
    return "kept"


@SUITE.check("serializable")
def _serializable(server: Server) -> str:
    """Two transactions that each undo what the other relied on: one must be refused."""
    with server.connect() as first, server.connect() as second:
        fresh(first, "pair", "name text, on_call bool")
        tell(first, "insert into pair values ('a', true), ('b', true)")
        for session, name in ((first, "a"), (second, "b")):
            tell(session, "begin isolation level serializable")
            expect(one(session, "select count(*) from pair where on_call"), 2, "on call")
            tell(session, f"update pair set on_call = false where name = '{name}'")  # noqa: S608
        tell(first, "commit")
        refuses(lambda: tell(second, "commit"), "40001", "a write that contradicts another")
        tell(second, "rollback")
    return "conflict seen"


@SUITE.check("row locks")
def _row_locks(server: Server) -> str:
    with server.connect() as holder, server.connect() as rival:
        fresh(holder, "jobs", "n int primary key")
        tell(holder, "insert into jobs values (1), (2)")
        with holder.transaction():
            expect(one(holder, "select n from jobs where n = 1 for update"), 1, "FOR UPDATE")
            wanted = "select n from jobs order by n for update"
            refuses(lambda: ask(rival, f"{wanted} nowait"), "55P03", "a locked row")
            expect(ask(rival, f"{wanted} skip locked"), [(2,)], "rows that are not locked")
            tell(rival, "set lock_timeout = '50ms'")
            refuses(lambda: tell(rival, "begin", "lock table jobs"), "55P03", "a locked table")
    return "kept"


@SUITE.check("advisory locks")
def _advisory(server: Server) -> str:
    with server.connect() as holder, server.connect() as rival:
        tell(holder, "select pg_advisory_lock(77, 1)")
        expect(one(rival, "select pg_try_advisory_lock(77, 1)"), False, "a held lock")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(ask, rival, "select pg_advisory_lock(77, 1)")
            _until_waiting(server, holder, rival, "advisory")
            tell(holder, "select pg_advisory_unlock(77, 1)")
            waiting.result()
        expect(one(rival, "select pg_advisory_unlock(77, 1)"), True, "the lock's new holder")
    return "handed over"


def _until_waiting(server: Server, watcher: Session, sleeper: Session, event: str) -> None:
    pid = sleeper.info.backend_pid
    until(lambda: bool(one(watcher, _WAITING, pid, event)), server.peer.deadline, f"{event} wait")


@SUITE.check("deadlock")
def _deadlock(server: Server) -> str:
    with server.connect() as first, server.connect() as second:
        fresh(first, "dead", "n int primary key, v int")
        tell(first, "insert into dead values (0, 0), (1, 0)")
        pair = (first, second)
        for number, session in enumerate(pair):
            tell(session, "set deadlock_timeout = '20ms'", "begin")
            tell(session, f"update dead set v = 1 where n = {number}")  # noqa: S608
        outcomes = at_once(lambda number: _cross(pair[number], 1 - number), 2, threads=2)
        expect(sorted(outcomes), ["40P01", "done"], "the two updates")
    return "one of two refused"


def _cross(session: Session, number: int) -> str:
    try:
        tell(session, f"update dead set v = v + 1 where n = {number}")  # noqa: S608
    except psycopg.errors.DeadlockDetected as error:
        return str(error.sqlstate)
    finally:
        tell(session, "rollback")
    return "done"


@SUITE.check("cancel request")
def _cancel(server: Server) -> str:
    with server.connect() as session, server.connect() as other, ThreadPoolExecutor(1) as pool:
        sleeping = pool.submit(refuses, lambda: ask(session, _NAP), "57014", "a cancelled nap")
        _until_waiting(server, other, session, "PgSleep")
        session.cancel_safe(timeout=3)
        sleeping.result()
        expect(one(session, "select 1"), 1, "a question after the cancel")
    return "cancelled"


@SUITE.check("timeouts")
def _timeouts(server: Server) -> str:
    with server.connect() as session:
        tell(session, "set statement_timeout = '50ms'")
        refuses(lambda: ask(session, _NAP), "57014", "a nap above statement_timeout")
        tell(session, "set idle_in_transaction_session_timeout = '50ms'", "begin")
        time.sleep(0.3)  # asking would end the idleness
        refuses(lambda: ask(session, "select 1"), "25P03", "a transaction after its idle limit")
    return "ended"


@SUITE.check("terminated session")
def _terminate(server: Server) -> str:
    with server.connect() as victim, server.connect() as other, ThreadPoolExecutor(1) as pool:
        sleeping = pool.submit(refuses, lambda: ask(victim, _NAP), "57P01", "a terminated nap")
        _until_waiting(server, other, victim, "PgSleep")
        pid = victim.info.backend_pid
        expect(one(other, "select pg_terminate_backend(%s, 3000)", pid), True, "terminating")
        sleeping.result()
        if not victim.closed:
            raise AnswerError("the connection of a terminated session is open")
    return "terminated"
