"""Leaves a MariaDB server as it was found, also after a run that was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pymysql

from beacon.workloads.answers import until
from beacon_catalogue.mariadb.server import OURS, Server, ask, one, tell

_OTHERS = "select id from information_schema.processlist where db = %s and id <> connection_id()"


def clean(server: Server) -> str:
    """Drop everything of ours."""
    with server.session(database=None) as session:
        until(lambda: _end_others(session), server.peer.deadline, "the end of our connections", 2.0)
        _forget_prepared(session)
        if replicates(session):
            tell(session, f"stop slave '{OURS}'", f"reset slave '{OURS}' all")
        tell(session, f"drop database if exists {OURS}", f"drop role if exists {OURS}_role")
        tell(session, f"drop user if exists {OURS}@'%'")
    return "nothing left"


def _end_others(session: Any) -> bool:
    """Kill what is still connected to our database; whether nobody was."""
    others = ask(session, _OTHERS, OURS)
    for (number,) in others:
        with suppress(pymysql.MySQLError):  # it may end by itself before we end it
            tell(session, f"kill {int(number)}")
    return not others


def _forget_prepared(session: Any) -> None:
    """A transaction that was prepared and never ended keeps its locks even over a restart."""
    if prepared(session):
        tell(session, f"xa rollback '{OURS}'")


def prepared(session: Any) -> bool:
    """Whether there is a prepared transaction of ours."""
    return any(row[3] in (OURS, OURS.encode()) for row in ask(session, "xa recover"))


def replicates(session: Any) -> bool:
    """Whether there is a connection of ours to a server that this one follows."""
    return any(row[0] == OURS for row in ask(session, "show all slaves status"))


def changed(session: Any, name: str, value: str, action: Callable[[], None]) -> None:
    """Give a global setting a value for the length of `action`."""
    before = one(session, f"select @@global.{name}")
    tell(session, f"set global {name} = {value}")
    try:
        action()
    finally:
        ask(session, f"set global {name} = %s", before)
