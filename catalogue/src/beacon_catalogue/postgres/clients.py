"""Clients at the door: the right one, the wrong one, and with TLS."""

from __future__ import annotations

import psycopg

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import exchange
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.packets import GSS, SSL, first
from beacon_catalogue.postgres.server import OURS, Server, ask, one, tell

SUITE = Suite[Server]()

_TRUSTING = """
    select count(*) from pg_hba_file_rules
    where auth_method = 'trust' and type <> 'local' and address = 'all'
"""


def _refused(server: Server, **other: str) -> bool:
    try:
        server.connect(**other).close()
    except psycopg.OperationalError:
        return True
    return False


@SUITE.check("wrong password")
def _wrong_password(server: Server) -> str:
    if not _refused(server, password="a wrong password"):  # noqa: S106
        with server.connect() as session:
            if one(session, _TRUSTING):
                return "everybody is trusted"
        raise AnswerError("a wrong password was accepted")
    return "refused"


@SUITE.check("strangers")
def _strangers(server: Server) -> str:
    if not _refused(server, user="beacon-nobody") or not _refused(server, dbname="beacon-nowhere"):
        raise AnswerError("an unknown user or database was accepted")
    return "refused"


@SUITE.check("new user")
def _new_user(server: Server) -> str:
    with server.connect() as session:
        tell(session, f"create role {OURS} login password 'first'")
        with server.connect(user=OURS, password="first") as guest:  # noqa: S106
            expect(one(guest, "select current_user::text"), OURS, "the new user")
        tell(session, "set password_encryption = 'md5'", f"alter role {OURS} password 'second'")
        tell(session, f"alter role {OURS} set work_mem = '99kB'")
        tell(session, f"alter role {OURS} nologin")
        locked_out = _refused(server, user=OURS, password="second")  # noqa: S106
        expect(locked_out, True, "whether NOLOGIN is kept")
        tell(session, f"drop role {OURS}")
    return "let in, then refused"


@SUITE.check("TLS")
def _encryption(server: Server) -> str:
    answer = exchange(server.peer, [first(SSL)], patience=0.2).content
    kerberos = exchange(server.peer, [first(GSS)], patience=0.2).content
    expect(kerberos in (b"G", b"N"), True, "whether a request for GSSAPI has an answer")
    if answer == b"N":
        expect(_refused(server, sslmode="require"), True, "whether a demand for TLS fails")
        return "not offered"
    expect(answer, b"S", "a request for TLS")
    with server.connect(sslmode="require") as session:
        used = ask(session, "select ssl, version from pg_stat_ssl where pid = pg_backend_pid()")
        expect(used[0][0], True, "whether TLS is used")
        expect(one(session, "select length(repeat('x', 1000000))"), 1000000, "1 MB through TLS")
    return str(used[0][1])
