"""What a session can do: transactions, prepared statements, cursors, messages to others."""

from __future__ import annotations

from psycopg import Rollback

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.server import (
    OURS,
    Server,
    ask,
    fresh,
    one,
    refuses,
    setting,
    tell,
)

SUITE = Suite[Server]()

_MANY = 500


@SUITE.check("transactions and savepoints")
def _transactions(server: Server) -> str:
    with server.connect() as session, server.connect() as other:
        fresh(session, "moves", "n int")
        with session.transaction():
            tell(session, "insert into moves values (1)")
            expect(ask(other, "select n from moves"), [], "rows that are not committed")
            with session.transaction() as inner:
                tell(session, "insert into moves values (2)")
                raise Rollback(inner)
            tell(session, "savepoint s", "insert into moves values (3)", "release savepoint s")
        expect(ask(other, "select n from moves order by n"), [(1,), (3,)], "committed rows")
        with session.transaction() as outer:
            tell(session, "delete from moves")
            raise Rollback(outer)
        expect(one(other, "select count(*) from moves"), 2, "rows after a rollback")
    return "kept"


@SUITE.check("failed transaction")
def _failed_transaction(server: Server) -> str:
    with server.connect() as session:
        tell(session, "begin")
        refuses(lambda: ask(session, "select 1 / 0"), "22012", "a division by zero")
        refuses(lambda: ask(session, "select 1"), "25P02", "a statement after an error")
        tell(session, "rollback")
        refuses(lambda: ask(session, "select from nowhere"), "42P01", "an unknown table")
        refuses(lambda: ask(session, "selec 1"), "42601", "a misspelt statement")
        expect(one(session, "select 1"), 1, "a statement after the rollback")
    return "4 refused"


@SUITE.check("two-phase commit")
def _two_phases(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "phases", "n int")
        tell(session, "begin", "insert into phases values (1)")
        prepare = f"prepare transaction '{OURS}'"
        if setting(session, "max_prepared_transactions") == "0":
            refuses(lambda: tell(session, prepare), "55000", "PREPARE TRANSACTION")
            return "switched off"
        tell(session, prepare)
        expect(one(session, "select count(*) from phases"), 0, "rows before COMMIT PREPARED")
        tell(session, f"commit prepared '{OURS}'")
        expect(one(session, "select count(*) from phases"), 1, "rows after COMMIT PREPARED")
    return "committed"


@SUITE.check("prepared statements")
def _prepared(server: Server) -> str:
    with server.connect() as session:
        for number in range(20):
            row = session.execute("select %s::int + 1, %s", (number, "x"), prepare=True).fetchone()
            expect(row, (number + 1, "x"), "a prepared statement")
        tell(session, "prepare mine (int) as select $1 * 2")
        expect(ask(session, "execute mine(21)"), [(42,)], "EXECUTE")
        expect(one(session, "select count(*) from pg_prepared_statements"), 2, "statements")
        tell(session, "deallocate mine", "discard all")
    return "answered"


@SUITE.check("pipeline")
def _pipeline(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "piped", "n int")
        with session.pipeline(), session.cursor() as cursor:
            cursor.executemany("insert into piped values (%s)", [(n,) for n in range(_MANY)])
        expect(one(session, "select sum(n) from piped"), sum(range(_MANY)), "the sum of a pipeline")
    return str(_MANY)


@SUITE.check("cursors")
def _cursors(server: Server) -> str:
    with (
        server.connect() as session,
        session.transaction(),
        session.cursor(name="walk", scrollable=True) as cursor,
    ):
        cursor.itersize = 100
        cursor.execute("select generate_series(1, 1000)")
        expect(cursor.fetchmany(3), [(1,), (2,), (3,)], "the first rows")
        cursor.scroll(500, mode="absolute")
        expect(cursor.fetchone(), (501,), "a row after MOVE")
        cursor.scroll(-11)
        expect(cursor.fetchone(), (491,), "a row further back")
        expect(sum(row[0] for row in cursor), sum(range(492, 1001)), "the sum of the rest")
    return "fetched"


@SUITE.check("LISTEN and NOTIFY")
def _messages(server: Server) -> str:
    with server.connect() as speaker, server.connect() as listener:
        tell(listener, "listen news")
        with speaker.transaction():
            tell(speaker, "notify news, 'first'", "select pg_notify('news', 'second')")
        heard = [note.payload for note in listener.notifies(timeout=3, stop_after=2)]
        expect(heard, ["first", "second"], "what the listener heard")
        tell(listener, "unlisten *")
    return "delivered"


@SUITE.check("settings and notices")
def _settings(server: Server) -> str:
    with server.connect(options="-c search_path=pg_catalog -c work_mem=77kB") as session:
        expect(setting(session, "work_mem"), "77kB", "a setting given at the start")
        tell(
            session, "set work_mem to '1MB'", "set session authorization default", "reset work_mem"
        )
        expect(setting(session, "work_mem"), "77kB", "a setting after RESET")
        notices: list[str] = []
        session.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
        tell(session, "do $$ begin raise notice 'beacon %', 7; end $$")
        expect(notices, ["beacon 7"], "notices")
    with server.connect(client_encoding="LATIN1") as session:
        if one(session, "select 'ñ' || chr(252)") != "ñü":
            raise AnswerError("text came back changed through LATIN1")
    return "kept"
