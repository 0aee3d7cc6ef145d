"""Clients at the door: the right one, the wrong one, and with TLS."""

from __future__ import annotations

import ssl

import pymysql

from beacon.workloads.answers import expect
from beacon.workloads.net import unverified_tls
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.server import OURS, Server, ask, fresh, one, refuses, tell

SUITE = Suite[Server]()

_DENIED = "1045 1698"


@SUITE.check("wrong password")
def _wrong_password(server: Server) -> str:
    with server.session() as session:
        tell(session, f"create or replace user {OURS}@'%' identified by 'first'")
    refuses(lambda: server.connect(user=OURS, password="a wrong one"), _DENIED, "a wrong password")  # noqa: S106
    refuses(lambda: server.connect(user="beacon-nobody"), _DENIED, "an unknown user")
    refuses(lambda: server.connect(database="beacon-nowhere"), "1049", "an unknown database")
    with server.session() as session:
        tell(session, f"drop user {OURS}@'%'")
    return "refused"


@SUITE.check("rights")
def _rights(server: Server) -> str:
    guest = {"user": OURS, "password": "sec'ret"}
    with server.session() as session:
        tell(session, f"create or replace user {OURS}@'%' identified by 'sec''ret'")
        tell(session, f"create or replace role {OURS}_role")
        fresh(session, "guarded", "n int, hidden int")
        tell(session, "insert into guarded values (1, 2)")
        tell(session, f"grant select (n), insert on guarded to {OURS}_role")
        tell(session, f"grant {OURS}_role to {OURS}@'%'", f"grant usage on *.* to {OURS}@'%'")
        tell(session, f"set default role {OURS}_role for {OURS}@'%'")
        with server.session(**guest) as other:
            expect(ask(other, "select n from guarded"), [(1,)], "a column that is granted")
            refuses(lambda: ask(other, "select hidden from guarded"), "1143", "a hidden column")
            refuses(lambda: ask(other, "delete from guarded"), "1142", "a forbidden DELETE")
            refuses(lambda: ask(other, "flush tables"), "1227", "a forbidden FLUSH")
        tell(session, f"alter user {OURS}@'%' account lock")
        refuses(lambda: server.connect(**guest), "4151", "a locked account")
        tell(session, f"drop role {OURS}_role", f"drop user {OURS}@'%'")
    return "kept"


@SUITE.check("TLS")
def _encryption(server: Server) -> str:
    trusting = unverified_tls()
    with server.session() as session:
        offered = one(session, "select @@have_ssl") == "YES"
    if not offered:
        refuses(lambda: _encrypted(server, trusting), "2026 2003", "TLS that is not offered")
        return "not offered"
    return _encrypted(server, trusting)


def _encrypted(server: Server, context: ssl.SSLContext) -> str:
    with server.session(ssl=context, ssl_disabled=False) as session:
        if not isinstance(session._sock, ssl.SSLSocket):
            raise pymysql.err.OperationalError(2026, "the connection is not encrypted")
        version = ask(session, "show session status like 'Ssl_version'")[0][1]
        expect(one(session, "select length(repeat('x', 1000000))"), 1000000, "1 MB through TLS")
    return str(version)
