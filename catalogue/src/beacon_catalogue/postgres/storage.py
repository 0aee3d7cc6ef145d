"""How PostgreSQL keeps rows: indexes of every kind, temporary tables, upkeep."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from beacon.workloads.answers import expect
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.server import OURS, Server, Session, ask, fresh, one, tell

_ROWS = 20_000

#: Kind of index: what is indexed, and a question that it can answer.
_INDEXES: Mapping[str, tuple[str, str]] = {
    "btree": ("n", "n between 100 and 109"),
    "hash": ("word", "word = 'w77'"),
    "gin": ("list", "list @> array[5, 6]"),
    "gist": ("place", "place <@ box '(0,0),(10,10)'"),
    "spgist": ("place", "place <@ box '(0,0),(10,10)'"),
    "brin": ("n", "n < 500"),
}


def _index(kind: str, server: Server) -> str:
    indexed, condition = _INDEXES[kind]
    question = f"select count(*), min(n), max(n) from rows_{kind} where {condition}"  # noqa: S608
    with server.connect() as session:
        fresh(session, f"rows_{kind}", "n int, word text, list int[], place point")
        _fill(session, f"rows_{kind}")
        without = ask(session, question)
        tell(session, f"create index on rows_{kind} using {kind} ({indexed})")
        tell(session, f"analyze rows_{kind}", "set enable_seqscan = off")
        expect(ask(session, question), without, f"an answer by a {kind} index")
        plan = str(ask(session, f"explain {question}"))
        expect("Index" in plan, True, "whether the index is used")
        tell(session, f"reindex table concurrently rows_{kind}")
        expect(ask(session, question), without, f"an answer by a {kind} index made anew")
        tell(session, f"drop table rows_{kind}")
    return str(without)


def _fill(session: Session, table: str) -> None:
    session.execute(
        f"insert into {table} select i, 'w' || i % 100, array[i % 10, i % 7], "  # noqa: S608
        f"point(i % 50, i % 30) from generate_series(1, {_ROWS}) i"
    )


def _temporary(server: Server) -> str:
    with server.connect() as session, server.connect() as other:
        tell(session, "create temp table mine (n int)", "set temp_buffers = '800kB'")
        tell(session, "insert into mine select generate_series(1, 100000)")
        expect(one(session, "select sum(n) from mine"), 5000050000, "the sum of a temporary table")
        expect(one(other, "select to_regclass('mine')"), None, "another's temporary table")
        tell(session, "create unlogged table if not exists quick (n int)")
        tell(session, "insert into quick values (1)", "alter table quick set logged")
        expect(one(other, "select count(*) from quick"), 1, "rows of an unlogged table")
    return "kept apart"


def _vacuum(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "worn", "n int primary key, word text")
        tell(
            session, "insert into worn select i, repeat('x', 100) from generate_series(1, 20000) i"
        )
        tell(session, "create index on worn (word)", "delete from worn where n % 4 > 0")
        before = one(session, "select pg_relation_size('worn')")
        tell(session, "vacuum (verbose, analyze, parallel 2) worn", "vacuum (full, freeze) worn")
        tell(session, "cluster worn using worn_pkey", "analyze worn")
        after = one(session, "select pg_relation_size('worn')")
        expect(after < before / 2, True, "whether VACUUM FULL made the table smaller")
        expect(ask(session, "select count(*), sum(n) from worn"), [(5000, 50010000)], "rows left")
    return f"{before} to {after} bytes"


def _tablespace(server: Server) -> str:
    with server.connect() as session:
        tell(
            session, "set allow_in_place_tablespaces = on", f"create tablespace {OURS} location ''"
        )
        tell(session, f"create table placed tablespace {OURS} as select generate_series(1, 10) n")
        expect(one(session, "select sum(n) from placed"), 55, "rows in a tablespace")
        tell(session, "alter table placed set tablespace pg_default")
        expect(one(session, "select sum(n) from placed"), 55, "rows after their move")
        tell(session, "drop table placed", f"drop tablespace {OURS}")
    return "moved"


SUITE: Suite[Server] = Suite.of(
    {
        **{f"{kind} index": partial(_index, kind) for kind in _INDEXES},
        "temporary and unlogged tables": _temporary,
        "VACUUM and CLUSTER": _vacuum,
        "tablespace": _tablespace,
    }
)
