"""Proper questions: over both transports, of every kind, with EDNS, many at once."""

from __future__ import annotations

from collections.abc import Callable

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once, digest
from beacon.workloads.net import Peer, TlsPeer
from beacon.workloads.suite import Suite
from beacon_catalogue.dns.server import Server, asking, content, send, understood, version_query

SUITE = Suite[Server]()

_TLS = 853
_KINDS = ("A", "AAAA", "MX", "TXT", "NS", "SOA", "CNAME", "PTR", "SRV")
_NO_NAME, _OFF = "no name given", "not offered"
_PIPELINED, _DATAGRAMS, _CONNECTIONS, _THREADS = 20, 200, 24, 6


def _version(server: Server, ask: Callable[[dns.message.Message], dns.message.Message]) -> str:
    """What the server says of its version, twice the same; its refusal is as good."""
    first, second = content(ask(version_query())), content(ask(version_query()))
    expect(second, first, "the second answer")
    return first[:100]


@SUITE.check("query over UDP")
def _udp(server: Server) -> str:
    return _version(server, server.over_udp)


@SUITE.check("query over TCP")
def _tcp(server: Server) -> str:
    return _version(server, server.over_tcp)


@SUITE.check("both transports agree")
def _agree(server: Server) -> str:
    there, here = server.over_udp(version_query()), server.over_tcp(version_query())
    expect(content(here), content(there), "the answer over TCP")
    return dns.rcode.to_text(here.rcode())


@SUITE.check("records of a name")
def _records(server: Server) -> str:
    """All kinds of records of BEACON_DNS_NAME, the same over UDP and TCP."""
    server.over_udp(version_query())
    if server.name is None:
        return _NO_NAME
    found = []
    for kind in _KINDS:
        answer = server.over_tcp(asking(server.name, kind))
        found.append(f"{kind}: {content(answer)}")
        short = server.over_udp(asking(server.name, kind))
        if not short.flags & dns.flags.TC:
            expect(content(short), content(answer), f"{kind} over UDP")
    if not any(len(row.split()) > 2 for row in found):
        raise AnswerError(f"{server.name} has no records")
    return digest("\n".join(found).encode())


@SUITE.check("truncated answer")
def _truncated(server: Server) -> str:
    """What is too long for a datagram is said to be, and is whole over TCP."""
    server.over_udp(version_query())
    if server.name is None:
        return _NO_NAME
    whole = server.over_tcp(asking(server.name, "TXT"))
    size = len(whole.to_wire())
    short = server.over_udp(asking(server.name, "TXT"))
    if size <= 512:
        return "nothing that long"
    expect(bool(short.flags & dns.flags.TC), True, "that a long answer is truncated")
    roomy = asking(server.name, "TXT")
    roomy.use_edns(0, payload=4096)
    answer = server.over_udp(roomy)
    if not answer.flags & dns.flags.TC:
        expect(content(answer), content(whole), "the long answer in one datagram")
    return "whole over TCP"


@SUITE.check("name that is not there")
def _absent(server: Server) -> str | None:
    """Below the given name, or in a zone that nobody has (RFC 6761)."""
    name = f"beacon-check.{server.name or 'invalid'}"
    answer = server.over_udp(asking(name, "A"))
    expect(list(answer.answer), [], "the records of a name that is not there")
    # Without a name of its own a server may have asked others, who answer one day and not the next.
    return dns.rcode.to_text(answer.rcode()) if server.name else None


@SUITE.check("upper and lower case")
def _case(server: Server) -> str:
    """A question comes back as it was written, for clients check that (0x20)."""
    query = asking("VeRsIoN.bInD", "TXT", "CH")
    answer = server.over_udp(query)
    if answer.question:
        expect(str(answer.question[0].name), str(query.question[0].name), "the name")
    return dns.rcode.to_text(answer.rcode())


@SUITE.check("EDNS")
def _edns(server: Server) -> str:
    """Sizes, options and flags; who does not know EDNS says so or leaves it away."""
    query = version_query()
    options: list[dns.edns.Option] = [
        dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"beacon!!")
    ]
    query.use_edns(0, dns.flags.DO, 1232, options=options)
    answer = server.over_udp(query)
    expect(content(server.over_tcp(query)), content(answer), "the answer over TCP")
    return "spoken" if answer.edns >= 0 else "left away"


@SUITE.check("EDNS of another version")
def _other_edns(server: Server) -> str:
    query = version_query()
    query.use_edns(77)
    return dns.rcode.to_text(server.over_udp(query).rcode())


@SUITE.check("many queries in one connection")
def _pipelined(server: Server) -> str:
    """Sent all at once; the answers may come in any order."""
    queries = {number: version_query() for number in range(1, _PIPELINED + 1)}
    for number, query in queries.items():
        query.id = number
    with server.peer.connect() as connection:
        for query in queries.values():
            send(connection, query)
        while queries:
            wire = server.received(connection)
            asked = queries.pop(int.from_bytes(wire[:2], "big"), None)
            if asked is None:
                raise AnswerError("an answer that nobody asked for, or one twice")
            understood(asked, wire)
    return str(_PIPELINED)


@SUITE.check("many datagrams")
def _datagrams(server: Server) -> str:
    server.over_udp(version_query())
    if server.name is None:
        return _NO_NAME
    at_once(lambda _: server.over_udp(server.ordinary()), _DATAGRAMS, _THREADS)
    return str(_DATAGRAMS)


@SUITE.check("many connections")
def _connections(server: Server) -> str:
    at_once(lambda _: server.over_tcp(server.ordinary()), _CONNECTIONS, _THREADS)
    return str(_CONNECTIONS)


@SUITE.check("TLS")
def _tls(server: Server) -> str:
    """DNS over TLS at its port."""
    peer = server.peer
    server.over_udp(version_query())
    try:
        Peer(peer.address, _TLS, peer.deadline).connect().close()
    except ConnectionRefusedError:
        return _OFF
    secure = Server(TlsPeer(peer.address, _TLS, peer.deadline), server.env)
    return _version(secure, secure.over_tcp)
