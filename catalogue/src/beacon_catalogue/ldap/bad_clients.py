"""Clients by hand: hasty, slow, broken-off and malformed ones."""

from __future__ import annotations

import socket

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.ldap import ROOT_DSE, SERVICE
from beacon_catalogue.ldap.directory import Directory, root_dse

SUITE = Suite[Directory]()

_UNBIND = b"\x30\x05\x02\x01\x03\x42\x00"
_FOUND = SERVICE.probes[0].answer


def _serves(directory: Directory) -> None:
    with directory.client() as connection:
        root_dse(connection)


@SUITE.check("pipelining")
def _pipelining(directory: Directory) -> str:
    """Two searches and the end at once; a directory may answer in any order, or only one."""
    second = ROOT_DSE.replace(b"\x02\x01\x01\x63", b"\x02\x01\x02\x63")
    reply = exchange(directory.peer, [ROOT_DSE + second], patience=1.0)
    ends = reply.content.count(b"\x65\x07\x0a\x01\x00") + reply.content.count(
        b"\x65\x84\x00\x00\x00\x07\x0a\x01\x00"
    )
    expect(ends, 2, "searches that ended well")
    return "2"


@SUITE.check("slow client")
def _slow(directory: Directory) -> str:
    pieces = [ROOT_DSE[start : start + 4] for start in range(0, len(ROOT_DSE), 4)]
    reply = exchange(directory.peer, [*pieces, _UNBIND], pause=0.05)
    if not _FOUND.match(reply.content):
        raise AnswerError("a search that came in pieces was not answered")
    return "answered"


@SUITE.check("half-closed client")
def _half_closed(directory: Directory) -> str:
    """Who closes its side is answered or not; others are."""
    with directory.peer.connect() as connection:
        connection.sendall(ROOT_DSE)
        connection.shutdown(socket.SHUT_WR)
    _serves(directory)
    return "survived"


@SUITE.check("malformed messages")
def _malformed(directory: Directory) -> str:
    broken = {
        "another protocol": b"GET / HTTP/1.1\r\n\r\n",
        "a huge length": b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01",
        "an operation that is none": b"\x30\x05\x02\x01\x01\x5f\x00",
        "a search of nothing": b"\x30\x05\x02\x01\x01\x63\x00",
        "a bind of version 9": b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x09\x04\x00\x80\x00",
    }
    for what, piece in broken.items():
        reply = exchange(directory.peer, [piece, _UNBIND], patience=1.0)
        if _FOUND.match(reply.content) and b"\x0a\x01\x00" in reply.content[:12]:
            raise AnswerError(f"{what} was answered as if it were right")
        _serves(directory)
    return f"{len(broken)} survived"


@SUITE.check("reset")
def _reset(directory: Directory) -> str:
    for piece in (b"", ROOT_DSE[:9], ROOT_DSE * 50):
        reset(directory.peer, piece)
    _serves(directory)
    return "survived"
