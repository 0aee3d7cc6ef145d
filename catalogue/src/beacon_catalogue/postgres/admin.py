"""What an administrator does: databases, checkpoints, settings, looking at the server."""

from __future__ import annotations

from beacon.workloads.answers import expect, until
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.cleaning import ODD_SETTING, reset_odd_setting
from beacon_catalogue.postgres.server import OURS, Server, ask, fresh, one, setting, tell

_VIEWS = (
    *("pg_stat_activity", "pg_stat_bgwriter", "pg_stat_wal", "pg_stat_database", "pg_locks"),
    *("pg_stat_user_tables", "pg_settings", "pg_hba_file_rules", "pg_file_settings"),
    *("pg_shmem_allocations", "pg_timezone_abbrevs", "pg_config", "pg_stat_archiver"),
)


def _create(server: Server) -> str:
    """All that follows happens in this database."""
    form = "template template0 encoding 'UTF8' locale 'C'"
    with server.connect(dbname=server.database) as session:
        tell(session, f"create database {OURS} {form}")
    with server.connect() as session:
        found = ask(session, "select current_database(), pg_encoding_to_char(encoding) "
                    "from pg_database where datname = current_database()")  # fmt: skip
    expect(found, [(OURS, "UTF8")], "the new database")
    return "made"


def _copy(server: Server) -> str:
    """By files instead of by log, which is the other way to make a database."""
    name = f"{OURS}_copy"
    with server.connect(dbname=server.database) as session:
        tell(session, f"create database {name} template template0 strategy file_copy")
        with server.connect(dbname=name) as inside:
            expect(one(inside, "select current_database()"), name, "the copy's name")
        tell(session, f"alter database {name} connection limit 3", f"drop database {name}")
        expect(one(session, "select count(*) from pg_database where datname = %s", name), 0, "left")
    return "made and dropped"


def _checkpoint(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "flushed", "n int")
        tell(session, "insert into flushed select generate_series(1, 10000)")
        tell(session, "set synchronous_commit = off", "insert into flushed values (0)")
        before = one(session, "select pg_current_wal_lsn()")
        tell(session, "select pg_switch_wal()", "checkpoint")
        moved = one(session, "select redo_lsn >= %s::pg_lsn from pg_control_checkpoint()", before)
        expect(moved, True, "whether the checkpoint went beyond what was written")
        expect(one(session, "select count(*) > 0 from pg_ls_waldir()"), True, "log files")
    return "written"


def _settings(server: Server) -> str:
    name, value = ODD_SETTING
    with server.connect() as session:
        before = setting(session, name)
        if one(session, "select source from pg_settings where name = %s", name) != "default":
            return "the setting is the user's"
        tell(session, f"alter system set {name} = {value}", "select pg_reload_conf()")
        until(lambda: setting(session, name) == value, server.peer.deadline, "the new setting")
        reset_odd_setting(session)
        until(lambda: setting(session, name) == before, server.peer.deadline, "the old setting")
    return "set and put back"


def _looking(server: Server) -> str:
    with server.connect() as session:
        for view in _VIEWS:
            ask(session, f"select * from {view} limit 300")  # noqa: S608
        mine = "select count(*) from pg_stat_activity where pid = pg_backend_pid() and query <> ''"
        expect(one(session, mine), 1, "this session among all")
        expect(one(session, "select pg_database_size(current_database()) > 1000000"), True, "size")
        expect(one(session, "select count(*) > 400 from pg_timezone_names"), True, "time zones")
        tell(
            session,
            "select pg_stat_reset()",
            "select pg_log_backend_memory_contexts(pg_backend_pid())",
        )
        return setting(session, "server_version")


CREATION: Suite[Server] = Suite.of({"CREATE DATABASE": _create})

SUITE: Suite[Server] = Suite.of(
    {
        "copied database": _copy,
        "CHECKPOINT": _checkpoint,
        "ALTER SYSTEM": _settings,
        "statistics": _looking,
    }
)
