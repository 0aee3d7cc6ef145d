"""What an administrator does: databases, FLUSH, settings, looking at the server."""

from __future__ import annotations

from beacon.workloads.answers import expect
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.cleaning import changed
from beacon_catalogue.mariadb.server import OURS, Server, ask, fresh, one, tell

_FLUSHED = ("tables", "logs", "status", "privileges", "hosts", "query cache", "user_resources")
_SHOWN = (
    *("engine innodb status", "engine aria logs", "global status", "global variables", "plugins"),
    *("full processlist", "open tables", "table status", "grants", "engines", "character set"),
    *("privileges", "slave status", "procedure status", "engine performance_schema status"),
)


def _create(server: Server) -> str:
    """All that follows happens in this database."""
    with server.session(database=None) as session:
        tell(session, f"create database {OURS} character set utf8mb4")
        tell(session, f"use {OURS}")
        expect(one(session, "select database()"), OURS, "the new database")
        tell(session, f"alter database {OURS} comment 'of a check'")
    return "made"


def _flush(server: Server) -> str:
    with server.session() as session:
        fresh(session, "flushed", "n int", "engine = myisam")
        tell(session, "insert into flushed values (1)")
        tell(session, *(f"flush local {what}" for what in _FLUSHED))
        tell(session, "flush tables with read lock", "unlock tables")
        tell(session, "flush tables flushed with read lock", "unlock tables")
        expect(one(session, "select count(*) from flushed"), 1, "rows after all FLUSHes")
    return f"{len(_FLUSHED) + 2} flushed"


def _export(server: Server) -> str:
    """Table files made ready to be copied away, and the stages of a backup."""
    with server.session() as session:
        fresh(session, "exported", "n int", "engine = innodb")
        tell(session, "insert into exported values (7)", "flush tables exported for export")
        expect(one(session, "select n from exported"), 7, "a row during the export")
        tell(session, "unlock tables")
        for stage in ("start", "flush", "block_ddl", "block_commit", "end"):
            tell(session, f"backup stage {stage}")
        if one(session, "select @@innodb_file_per_table"):
            tell(session, "alter table exported discard tablespace")
        tell(session, "drop table exported")
    return "exported"


def _settings(server: Server) -> str:
    with server.session() as session:

        def look() -> None:
            expect(one(session, "select @@global.max_error_count"), 77, "a global setting")

        before = one(session, "select @@global.max_error_count")
        changed(session, "max_error_count", "77", look)
        expect(one(session, "select @@global.max_error_count"), before, "the setting put back")
        changed(session, "key_buffer_size", "4194304", lambda: None)
        changed(session, "table_open_cache", "100", lambda: _open(server))
        tell(session, "set global innodb_buffer_pool_dump_now = on")
        tell(session, "set global innodb_buffer_pool_load_now = on")
        tell(session, "set global innodb_fast_shutdown = @@global.innodb_fast_shutdown")
    return "set and put back"


def _open(server: Server) -> None:
    with server.session() as session:
        for number in range(20):
            fresh(session, f"opened_{number}", "n int")
        for number in range(20):
            tell(session, f"drop table opened_{number}")


def _looking(server: Server) -> str:
    with server.session() as session:
        for what in _SHOWN:
            ask(session, f"show {what}")
        mine = "select count(*) from information_schema.processlist where id = connection_id()"
        expect(one(session, mine), 1, "this session among all")
        tell(session, "analyze format=json select count(*) from seq_1_to_10")
        tell(session, "explain extended select * from mysql.user", "set profiling = 1")
        tell(session, "select count(*) from information_schema.innodb_metrics")
        tell(session, "select count(*) from information_schema.tables")
        return str(one(session, "select version()"))


CREATION: Suite[Server] = Suite.of({"CREATE DATABASE": _create})

SUITE: Suite[Server] = Suite.of(
    {
        "FLUSH": _flush,
        "export and backup stages": _export,
        "global settings": _settings,
        "statistics": _looking,
    }
)
