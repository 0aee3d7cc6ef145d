"""Questions that are much work: sorts and joins on disk, several processes, compiled plans."""

from __future__ import annotations

from typing import Any

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.server import Server, Session, fresh, one, tell

SUITE = Suite[Server]()

_ROWS = 100_000
_SERIAL = ("set max_parallel_workers_per_gather = 0", "set work_mem = '64kB'")


def _plan(session: Session, question: str) -> str:
    """How a question was answered, as JSON text."""
    plan = one(session, f"explain (analyze, buffers, wal, format json) {question}")
    return str(plan)


def _table(session: Session, name: str) -> None:
    fresh(session, name, "n int, word text")
    session.execute(
        f"insert into {name} select i, md5(i::text) from generate_series(1, {_ROWS}) i"  # noqa: S608
    )
    tell(session, f"analyze {name}")


@SUITE.check("sort on disk")
def _sort(server: Server) -> str:
    with server.connect() as session:
        _table(session, "unsorted")
        tell(session, *_SERIAL)
        if "'Sort Space Type': 'Disk'" not in _plan(
            session, "select * from unsorted order by word"
        ):
            raise AnswerError("a sort above work_mem was not done on disk")
        return str(_middle(session, "unsorted"))


def _middle(session: Session, table: str) -> Any:
    return one(session, f"select n from {table} order by word offset 50000 limit 1")  # noqa: S608


@SUITE.check("join on disk")
def _join(server: Server) -> str:
    question = "select sum(a.n) from halves a join halves b on a.word = b.word"
    with server.connect() as session:
        _table(session, "halves")
        tell(session, *_SERIAL, "set enable_mergejoin = off", "set enable_nestloop = off")
        if "'Hash Batches': 1}" in _plan(session, question):
            raise AnswerError("a join above work_mem was not done on disk")
        total = one(session, question)
    expect(total, _ROWS * (_ROWS + 1) // 2, "the sum over a join")
    return str(total)


@SUITE.check("parallel query")
def _parallel(server: Server) -> str:
    question = "select sum(n) + count(distinct word) from shared"
    costs = ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size")
    with server.connect() as session:
        _table(session, "shared")
        tell(session, *(f"set {cost} = 0" for cost in costs))
        if one(session, "select current_setting('max_parallel_workers')") == "0":
            return "switched off"
        plan = _plan(session, "select sum(n) from shared")
        if "'Workers Launched': " not in plan or "'Workers Launched': 0" in plan:
            raise AnswerError("no worker was started for a parallel question")
        tell(session, "set min_parallel_index_scan_size = 0", "create index on shared (word)")
        total = one(session, question)
    expect(total, _ROWS * (_ROWS + 1) // 2 + _ROWS, "the sum by several processes")
    return str(total)


@SUITE.check("JIT")
def _compiled(server: Server) -> str:
    with server.connect() as session:
        if not one(session, "select pg_jit_available()"):
            return "the server cannot compile"
        names = ("jit_above_cost", "jit_inline_above_cost", "jit_optimize_above_cost")
        tell(session, *(f"set {name} = 0" for name in names))
        question = "select sum(i * 2) from generate_series(1, 1000) i where i % 3 = 0"
        if "'JIT'" not in _plan(session, question):
            raise AnswerError("a plan was not compiled")
        expect(one(session, question), 333666, "the sum by a compiled plan")
    return "compiled"
