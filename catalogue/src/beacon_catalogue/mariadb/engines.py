"""How MariaDB keeps rows: every storage engine that the server has, and its upkeep."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from beacon.workloads.answers import expect
from beacon.workloads.checks import digest
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.server import Server, ask, fresh, one, tell

_BINARY = bytes(range(256)) * 4096
_COLUMNS = "n int not null, word varchar(60) not null"

#: Name: options of a table, and the upkeep that its engine knows.
_KINDS: Mapping[str, tuple[str, str]] = {
    "InnoDB": ("engine = innodb", "analyze check optimize"),
    "InnoDB compressed": ("engine = innodb row_format = compressed", "check optimize"),
    "InnoDB page compressed": ("engine = innodb page_compressed = 1", "check optimize"),
    "MyISAM": ("engine = myisam checksum = 1", "analyze check optimize repair"),
    "Aria": ("engine = aria transactional = 1", "analyze check optimize repair"),
    "Aria unlogged": ("engine = aria transactional = 0 row_format = fixed", "check repair"),
    "MEMORY": ("engine = memory", ""),
    "CSV": ("engine = csv", "check repair"),
}


def _keep(kind: str, server: Server) -> str:
    options, upkeep = _KINDS[kind]
    with server.session() as session:
        if "compressed" in options and not one(session, "select @@innodb_file_per_table"):
            return "switched off"
        fresh(session, "kept", _COLUMNS, options)
        _change(session)
        before = ask(session, "select count(*), sum(n), max(word) from kept")
        expect(before, [(1334, 2668333, "word 999")], f"rows of {kind}")
        for work in upkeep.split():
            last = ask(session, f"{work} table kept")[-1]
            expect(last[3] in ("OK", "Table is already up to date"), True, f"whether {work} worked")
        tell(session, "flush tables kept")
        expect(ask(session, "select count(*), sum(n), max(word) from kept"), before, "rows kept")
        checksum = one(session, "select count(*) from kept where word like 'word 1%'")
        tell(session, "truncate kept", "drop table kept")
    return f"{before[0]} {checksum}"


def _change(session: Any) -> None:
    tell(session, "insert into kept select seq, concat('word ', seq) from seq_1_to_4000")
    if "CSV" not in str(ask(session, "show create table kept")):
        tell(session, "alter table kept add index (n)")
    tell(session, "update kept set word = concat('word ', n % 1000) where n > 3000")
    tell(session, "delete from kept where n % 3 > 0")
    tell(session, "insert into kept values (1000, 'word 999')")


def _merge(server: Server) -> str:
    with server.session() as session:
        for name in ("part_a", "part_b"):
            fresh(session, name, _COLUMNS, "engine = myisam")
            tell(session, f"insert into {name} values (1, '{name}')")  # noqa: S608
        fresh(
            session,
            "merged",
            _COLUMNS,
            "engine = merge union = (part_a, part_b) insert_method = last",
        )
        tell(session, "insert into merged values (2, 'new')")
        found = ask(session, "select word from merged order by word")
        expect(found, [("new",), ("part_a",), ("part_b",)], "rows of two tables")
    return "merged"


def _large(server: Server) -> str:
    with server.session() as session:
        for engine in ("innodb", "aria"):
            fresh(session, f"large_{engine}", "content longblob", f"engine = {engine}")
            ask(session, f"insert into large_{engine} values (%s)", _BINARY)  # noqa: S608
            content = one(session, f"select content from large_{engine}")  # noqa: S608
            expect(digest(content), digest(_BINARY), f"the digest of 1 MiB in {engine}")
        tell(session, "update large_innodb set content = concat(content, content, content)")
        expect(one(session, "select length(content) from large_innodb"), 3 << 20, "3 MiB")
    return digest(content)


def _temporary(server: Server) -> str:
    with server.session() as session, server.session() as other:
        for engine in ("innodb", "aria", "myisam", "memory"):
            name = f"temporary_{engine}"
            tell(session, f"create temporary table {name} (n int, key (n)) engine = {engine}")
            tell(session, f"insert into {name} select seq from seq_1_to_20000")  # noqa: S608
            expect(one(session, f"select sum(n) from {name}"), 200010000, name)  # noqa: S608
            expect(ask(other, f"show tables like '{name}'"), [], "another's temporary table")
    return "kept apart"


SUITE: Suite[Server] = Suite.of(
    {
        **{f"engine {kind}": partial(_keep, kind) for kind in _KINDS},
        "MERGE tables": _merge,
        "large values": _large,
        "temporary tables": _temporary,
    }
)
