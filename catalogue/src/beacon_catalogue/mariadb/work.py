"""Questions that are much work: sorts and temporary tables on disk."""

from __future__ import annotations

from typing import Any

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.server import Server, ask, fresh, one, tell

SUITE = Suite[Server]()

_ROWS = 50_000


def _counter(session: Any, name: str) -> int:
    return int(ask(session, f"show session status like '{name}'")[0][1])


def _table(session: Any, name: str) -> None:
    fresh(session, name, "n int, word varchar(64)", "engine = innodb")
    tell(session, f"insert into {name} select seq, md5(seq) from seq_1_to_{_ROWS}")  # noqa: S608


@SUITE.check("sort on disk")
def _sort(server: Server) -> str:
    with server.session() as session:
        _table(session, "unsorted")
        tell(session, "set sort_buffer_size = 16384")
        middle = one(session, "select n from unsorted order by word limit 25000, 1")
        total = len(ask(session, "select word from unsorted order by word"))
        expect(total, _ROWS, "sorted rows")
        if _counter(session, "Sort_merge_passes") == 0:
            raise AnswerError("a sort above sort_buffer_size was not done on disk")
    return str(middle)


@SUITE.check("temporary tables on disk")
def _on_disk(server: Server) -> str:
    with server.session() as session:
        _table(session, "grouped")
        tell(session, "set tmp_memory_table_size = 0", "set max_heap_table_size = 16384")
        found = ask(
            session,
            "select sum(c), count(*) from (select left(word, 3) w, count(*) c from grouped "
            "group by w order by null limit 100000) t",
        )
        expect(found[0][0], _ROWS, "the sum over groups")
        if _counter(session, "Created_tmp_disk_tables") == 0:
            raise AnswerError("no temporary table was made on disk")
    return str(found[0][1])


@SUITE.check("hash join")
def _join(server: Server) -> str:
    with server.session() as session:
        _table(session, "halves")
        tell(session, "set join_cache_level = 8", "set join_buffer_size = 65536")
        total = one(
            session,
            "select sum(a.n) from halves a straight_join halves b on a.word = b.word "
            "where b.n <= 1000 and a.n <= 1000",
        )
    expect(total, 500500, "the sum over a join")
    return str(total)
