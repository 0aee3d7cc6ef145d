"""Leaves a PostgreSQL server as it was found, also after a run that was interrupted."""

from __future__ import annotations

from psycopg import sql

from beacon.workloads.answers import until
from beacon.workloads.net import exchange
from beacon_catalogue.postgres.packets import startup
from beacon_catalogue.postgres.server import APPLICATION, OURS, Server, Session, ask, one, tell

#: Set by us and by nobody else: how we know a setting of ours again.
ODD_SETTING = ("cursor_tuple_fraction", "0.0771")

_OTHERS = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where application_name = %s and pid <> pg_backend_pid()
"""
_SLOTS = "select slot_name from pg_replication_slots where slot_name like %s and not active"
_ODD = """
    select count(*) from pg_file_settings
    where name = %s and setting = %s and sourcefile like '%%.auto.conf'
"""


def clean(server: Server) -> str:
    """Drop everything of ours."""
    wait_for_start(server)
    with server.connect(dbname=server.database) as session:
        _end_others(server, session)
        _forget_prepared(server, session)
        tell(
            session,
            f"drop database if exists {OURS} with (force)",
            f"drop database if exists {OURS}_copy with (force)",
            f"drop tablespace if exists {OURS}",
            f"drop role if exists {OURS}",
        )
        for (name,) in ask(session, _SLOTS, f"{OURS}%"):
            one(session, "select pg_drop_replication_slot(%s)::text", name)
        reset_odd_setting(session)
    return "nothing left"


def wait_for_start(server: Server) -> None:
    """A server listens some time before it lets anybody in; recovery makes that longer."""
    hello = startup(server.user, server.database)

    def admits() -> bool:
        return b"C57P03\0" not in exchange(server.peer, [hello + b"X\0\0\0\4"]).content

    until(admits, server.peer.deadline, "the end of the server's start", 10.0)


def reset_odd_setting(session: Session) -> None:
    """Take our setting out of the server's own configuration file, and no other value of it."""
    if one(session, _ODD, *ODD_SETTING):
        tell(session, f"alter system reset {ODD_SETTING[0]}", "select pg_reload_conf()")


def _forget_prepared(server: Server, session: Session) -> None:
    """A transaction that was prepared and never ended would keep our database from going."""
    names = ask(session, "select gid from pg_prepared_xacts where database = %s", OURS)
    if names:
        with server.connect() as inside:
            for (name,) in names:
                inside.execute(sql.SQL("rollback prepared {}").format(name))


def _end_others(server: Server, session: Session) -> None:
    until(
        lambda: one(session, _OTHERS, APPLICATION) == 0,
        server.peer.deadline,
        "the end of our other connections",
        2.0,
    )
