"""Replication: the log as it is streamed, as it is decoded, and a copy of the whole server."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import closing
from select import select

from psycopg.pq import ExecStatus

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.server import (
    APPLICATION,
    OURS,
    Server,
    Session,
    ask,
    fresh,
    one,
    refuses,
    setting,
    tell,
)

SUITE = Suite[Server]()

#: A server with more than this is not copied as a whole.
_SMALL = 150 << 20
_SLOT = f"{OURS}_slot"


def _walsender(server: Server) -> closing[Session]:
    """A session that is closed as it is: what it streams would not let it end otherwise."""
    return closing(server.connect(replication="database"))


@SUITE.check("replication identity")
def _identity(server: Server) -> str:
    with _walsender(server) as walsender:
        rows = ask(walsender, "IDENTIFY_SYSTEM")
        expect(rows[0][3], OURS, "the database that IDENTIFY_SYSTEM tells")
        expect(one(walsender, "SHOW application_name"), APPLICATION, "SHOW")
    return "told"


@SUITE.check("streaming replication")
def _stream(server: Server) -> str:
    """What another session writes arrives here; then the stream is ended by us."""
    with server.connect() as writer, _walsender(server) as walsender:
        fresh(writer, "streamed", "word text")
        tell(walsender, f"CREATE_REPLICATION_SLOT {_SLOT} TEMPORARY PHYSICAL RESERVE_WAL")
        start = one(writer, "select pg_current_wal_flush_lsn()::text")
        _begin(walsender, f"START_REPLICATION SLOT {_SLOT} PHYSICAL {start}", ExecStatus.COPY_BOTH)
        tell(writer, "insert into streamed values ('beacon was streamed')")
        _await(walsender, b"beacon was streamed", server.peer.deadline)
        status = struct.pack("!cQQQQB", b"r", 0, 0, 0, 0, 0)
        walsender.pgconn.put_copy_data(status)
        walsender.pgconn.put_copy_end()
    return "arrived"


def _begin(session: Session, command: str, expected: ExecStatus) -> None:
    session.pgconn.send_query(command.encode())
    while (result := session.pgconn.get_result()) is not None:
        if result.status == expected:
            return
        if result.status == ExecStatus.FATAL_ERROR:
            raise AnswerError(
                f"{command.split()[0]}: {result.error_message.decode(errors='replace')}"
            )
    raise AnswerError(f"{command.split()[0]} was not answered by a copy")


def _pieces(session: Session, deadline: Deadline) -> Iterator[bytes]:
    """Every piece of a copy until its end."""
    limit = Deadline(deadline.left(6.0), deadline.stop)
    while True:
        size, piece = session.pgconn.get_copy_data(1)
        if size == -1:
            return
        if size > 0:
            yield bytes(piece)
            continue
        limit.check()
        select([session.fileno()], [], [], 0.1)
        session.pgconn.consume_input()


def _await(session: Session, needle: bytes, deadline: Deadline) -> None:
    if not any(needle in piece for piece in _pieces(session, deadline)):
        raise AnswerError("the stream ended before what was written")


@SUITE.check("base backup")
def _base_backup(server: Server) -> str:
    with _walsender(server) as walsender:
        if one(walsender, "select sum(pg_database_size(oid))::int8 from pg_database") > _SMALL:
            return "too large to copy"
        _begin(
            walsender, "BASE_BACKUP (LABEL 'beacon', CHECKPOINT 'fast', WAL)", ExecStatus.COPY_OUT
        )
        found, total = set(), 0
        for piece in _pieces(walsender, server.peer.deadline):
            total += len(piece)
            found |= {name for name in (b"backup_label\0", b"global/pg_control\0") if name in piece}
            if total > 4 * _SMALL:
                raise AnswerError("the copy of the server is larger than the server")
        expect(len(found), 2, "files found in the copy")
    return "copied"


@SUITE.check("logical decoding")
def _decoding(server: Server) -> str:
    make = f"select pg_create_logical_replication_slot('{_SLOT}', 'test_decoding')"
    with server.connect() as session:
        if setting(session, "wal_level") != "logical":
            refuses(lambda: ask(session, make), "55000", "a logical slot without wal_level=logical")
            return "switched off"
        fresh(session, "decoded", "n int")
        tell(session, make, "insert into decoded values (7)")
        changes = ask(
            session, "select data from pg_logical_slot_get_changes(%s, null, null)", _SLOT
        )
        expect(("table public.decoded: INSERT: n[integer]:7",) in changes, True, "a decoded row")
        tell(session, f"select pg_drop_replication_slot('{_SLOT}')")
    return "decoded"


@SUITE.check("publication and slot")
def _publication(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "published", "n int primary key")
        tell(session, "create publication news for table published")
        expect(
            ask(session, "select tablename from pg_publication_tables"), [("published",)], "tables"
        )
        tell(session, f"select pg_create_physical_replication_slot('{_SLOT}', true)")
        held = "select count(*) from pg_replication_slots where slot_name = %s"
        expect(one(session, held, _SLOT), 1, "slots of ours")
        tell(session, f"select pg_drop_replication_slot('{_SLOT}')", "drop publication news")
    return "made"
