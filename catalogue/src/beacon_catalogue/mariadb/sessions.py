"""What a session can do: transactions, XA, settings, walking through rows."""

from __future__ import annotations

from pymysql.constants import CLIENT
from pymysql.cursors import DictCursor, SSCursor

from beacon.workloads.answers import expect
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.cleaning import prepared
from beacon_catalogue.mariadb.server import OURS, Server, ask, fresh, one, tell

SUITE = Suite[Server]()

_ENGINE = "engine = innodb"


@SUITE.check("transactions and savepoints")
def _transactions(server: Server) -> str:
    with server.session() as session, server.session() as other:
        fresh(session, "moves", "n int", _ENGINE)
        tell(session, "start transaction", "insert into moves values (1)", "savepoint s")
        tell(session, "insert into moves values (2)", "rollback to s")
        expect(ask(other, "select n from moves"), [], "rows that are not committed")
        tell(session, "insert into moves values (3)", "release savepoint s", "commit")
        expect(ask(other, "select n from moves order by n"), [(1,), (3,)], "committed rows")
        tell(session, "begin", "delete from moves", "rollback")
        expect(one(other, "select count(*) from moves"), 2, "rows after a rollback")
        tell(session, "start transaction with consistent snapshot, read only", "commit and chain")
        tell(session, "rollback")
    return "kept"


@SUITE.check("XA")
def _two_phases(server: Server) -> str:
    with server.session() as session:
        fresh(session, "phases", "n int", _ENGINE)
        for ending, count in (("rollback", 0), ("commit", 1)):
            tell(session, f"xa start '{OURS}'", "insert into phases values (1)")
            tell(session, f"xa end '{OURS}'", f"xa prepare '{OURS}'")
            expect(prepared(session), True, "whether XA RECOVER tells of it")
            tell(session, f"xa {ending} '{OURS}'")
            expect(one(session, "select count(*) from phases"), count, f"rows after XA {ending}")
        tell(session, f"xa start '{OURS}'", f"xa end '{OURS}'", f"xa commit '{OURS}' one phase")
    return "kept"


@SUITE.check("unbuffered rows")
def _unbuffered(server: Server) -> str:
    with server.session(cursorclass=SSCursor) as session:
        with session.cursor() as cursor:
            cursor.execute("select seq, repeat('x', 100) from seq_1_to_20000")
            expect(cursor.fetchmany(2), [(1, "x" * 100), (2, "x" * 100)], "the first rows")
            total = sum(row[0] for row in cursor)
        expect(total, 20000 * 20001 // 2 - 3, "the sum of the other rows")
        with session.cursor(DictCursor) as cursor:
            cursor.execute("select 1 as a")
            expect(cursor.fetchone(), {"a": 1}, "a row with names")
    return str(total)


@SUITE.check("HANDLER")
def _handler(server: Server) -> str:
    with server.session() as session:
        fresh(session, "walked", "n int primary key, word varchar(9)", _ENGINE)
        tell(session, "insert into walked select seq, 'x' from seq_1_to_10", "handler walked open")
        expect(ask(session, "handler walked read `primary` = (5)"), [(5, "x")], "READ by key")
        expect(ask(session, "handler walked read `primary` next"), [(6, "x")], "READ NEXT")
        tell(session, "handler walked close")
    return "read"


@SUITE.check("several statements")
def _several(server: Server) -> str:
    with server.session(client_flag=CLIENT.MULTI_STATEMENTS) as session, session.cursor() as cursor:
        cursor.execute("select 1; set @a = 7; select @a")
        answers = [cursor.fetchall()]
        while cursor.nextset():
            answers.append(cursor.fetchall())
    expect(answers, [((1,),), [], ((7,),)], "the answers of three statements")
    return "3 answers"


@SUITE.check("many rows")
def _many_rows(server: Server) -> str:
    with server.session() as session, session.cursor() as cursor:
        fresh(session, "many", "n int, word varchar(20)", _ENGINE)
        rows = [(number, f"word {number} ñ'\\") for number in range(3000)]
        cursor.executemany("insert into many values (%s, %s)", rows)
        expect(ask(session, "select * from many order by n"), rows, "rows of one INSERT")
    return str(len(rows))


@SUITE.check("settings")
def _settings(server: Server) -> str:
    with server.session(charset="latin1", init_command="set @given = 7") as session:
        expect(one(session, "select concat('ñ', char(252 using latin1))"), "ñü", "latin1")
        expect(one(session, "select @given"), 7, "a variable of the first statement")
        tell(session, "set session sort_buffer_size = 65536", "set time_zone = '+03:00'")
        expect(one(session, "select @@sort_buffer_size"), 65536, "a setting of the session")
        tell(session, "set statement max_statement_time = 1 for select 1")
    return "kept"
