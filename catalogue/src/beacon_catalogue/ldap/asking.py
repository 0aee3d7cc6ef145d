"""What anybody may ask: the root DSE, the schema, binds that are refused, TLS."""

from __future__ import annotations

import ssl
from dataclasses import replace

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.net import Peer, TlsPeer, unverified_tls
from beacon.workloads.suite import Suite
from beacon_catalogue.ldap import SERVICE
from beacon_catalogue.ldap.directory import (
    BASE,
    NO_ACCOUNT,
    SUBTREE,
    Directory,
    root_dse,
    said,
    search,
)

SUITE = Suite[Directory]()

_START_TLS = "1.3.6.1.4.1.1466.20037"
_WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
_OFF = "not offered"
_CLIENTS, _AT_ONCE = 24, 8
_FEW = 5
#: How a directory may answer a search of somebody that it does not know.
_ANSWERS = (
    "success",
    "sizeLimitExceeded",
    "noSuchObject",
    "insufficientAccessRights",
    "inappropriateAuthentication",
    "strongerAuthRequired",
    "unwillingToPerform",
    "operationsError",
    "referral",
)


@SUITE.check("root DSE")
def _root(directory: Directory) -> str:
    expect("3" in directory.told("supportedLDAPVersion"), True, "version 3 among the supported")
    return f"{len(directory.told('namingContexts'))} contexts"


@SUITE.check("mechanisms")
def _mechanisms(directory: Directory) -> str:
    return ", ".join(directory.told("supportedSASLMechanisms")) or "none"


@SUITE.check("schema")
def _schema(directory: Directory) -> str:
    """Whoever may not read it is told of no entry."""
    names = directory.told("subschemaSubentry")
    if not names:
        return _OFF
    with directory.client() as connection:
        asked = ("attributeTypes", "objectClasses")
        found = search(connection, names[0], BASE, asked, "(objectClass=subschema)")
        if not found:
            return said(connection)
        kinds = b"".join(found[0][1].get("objectclasses", ()))
        expect(b"'person'" in kinds, True, "the class person in the schema")
    return "read"


@SUITE.check("anonymous search")
def _anonymous(directory: Directory) -> str:
    with directory.client() as connection:
        connection.bind()
        bound = said(connection)
        if bound == "success":
            search(connection, directory.base, SUBTREE, ("1.1",), size_limit=_FEW)
        return _as_known(said(connection))


@SUITE.check("missing entry")
def _missing(directory: Directory) -> str:
    with directory.client() as connection:
        if search(connection, f"cn=missing,{directory.ours}", BASE):
            raise AnswerError("an entry was found that nobody made")
        return _as_known(said(connection))


def _as_known(result: str) -> str:
    if result not in _ANSWERS:
        raise AnswerError(f"the search ended with {result}")
    return result


@SUITE.check("wrong password")
def _wrong_password(directory: Directory) -> str:
    user = directory.user or f"cn=missing,{directory.ours}"
    with directory.client(user, "a wrong password") as connection:
        if connection.bind():
            raise AnswerError("a wrong password was accepted")
        expect(
            said(connection) in ("invalidCredentials", *_ANSWERS[2:]), True, "a refusal of the bind"
        )
        refused = said(connection)
    with directory.client() as connection:
        root_dse(connection)
    return refused


@SUITE.check("StartTLS")
def _start_tls(directory: Directory) -> str:
    if isinstance(directory.peer, TlsPeer) or _START_TLS not in directory.told(
        "supportedExtension"
    ):
        return _OFF
    with directory.client() as connection:
        try:
            connection.start_tls(read_server_info=False)
        except Exception:
            if said(connection) in ("unavailable", "protocolError", "operationsError"):
                return _OFF
            raise
        expect(isinstance(connection.socket, ssl.SSLSocket), True, "TLS after StartTLS")
        root_dse(connection)
    return "started"


@SUITE.check("TLS")
def _tls(directory: Directory) -> str:
    """At the port for it."""
    ports = [port for port in directory.ports if port in SERVICE.tls_ports]
    if not isinstance(directory.peer, TlsPeer) and not ports:
        return _OFF
    peer = directory.peer
    if ports:
        peer = TlsPeer(peer.address, ports[0], peer.deadline)
    found = []
    try:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            if _by(version, peer):
                found.append(version.name.replace("v1_", " 1."))
    except ConnectionRefusedError:
        return _OFF
    if not found:
        raise AnswerError("TLS is spoken in no version of our time")
    with Directory(peer, {}).client() as connection:
        root_dse(connection)
    return ", ".join(found)


def _by(version: ssl.TLSVersion, peer: Peer) -> bool:
    context = unverified_tls()
    context.minimum_version = context.maximum_version = version
    secure = TlsPeer(peer.address, peer.port, peer.deadline)
    try:
        replace(secure, context=context).connect().close()
    except ssl.SSLError:
        return False
    return True


@SUITE.check("who am I")
def _who(directory: Directory) -> str:
    """The name that the directory knows us by (RFC 4532)."""
    if directory.user is None:
        return NO_ACCOUNT
    if _WHO_AM_I not in directory.told("supportedExtension"):
        return _OFF
    with directory.session() as connection:
        name = connection.extend.standard.who_am_i()
    expect(str(name).lower().startswith(("dn:", "u:")), True, "a name of the account")
    return "named"


@SUITE.check("parallel clients")
def _crowd(directory: Directory) -> str:
    def ask(_: int) -> str:
        with directory.client() as connection:
            return str(sorted(root_dse(connection)))

    expect(len(set(at_once(ask, _CLIENTS, _AT_ONCE))), 1, "different answers to many clients")
    return str(_CLIENTS)
