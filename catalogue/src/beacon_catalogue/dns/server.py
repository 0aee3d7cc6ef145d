"""Asks a name server: one message for one datagram, or by lengths over TCP."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer

#: A name that every server answers or refuses by itself, without asking another one.
VERSION = "version.bind"
_TRIES, _PATIENCE, _TCP_PATIENCE = 5, 1.0, 5.0
_DATAGRAM = 1 << 16


@dataclass(frozen=True)
class Server:
    """A name server; `env` are the container's own variables."""

    peer: Peer
    env: Mapping[str, str]

    @property
    def name(self) -> str | None:
        """A name that the container knows, as its BEACON_DNS_NAME says."""
        return self.env.get("BEACON_DNS_NAME") or None

    def ordinary(self) -> dns.message.QueryMessage:
        """A question that the server answers as often as it is asked, as far as we know one."""
        return version_query() if self.name is None else asking(self.name, "A")

    def datagrams(self) -> socket.socket:
        """A socket that only this server's datagrams come to."""
        address = (self.peer.address, self.peer.port)
        family = socket.AF_INET6 if ":" in self.peer.address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_DGRAM)
        try:
            connection.connect(address)
        except BaseException:
            connection.close()
            raise
        return connection

    def over_udp(self, query: dns.message.Message) -> dns.message.Message:
        """The answer; asked again four times, for datagrams get lost.

        BIND also drops most questions for its version that come at once.
        OSError, AnswerError."""
        with self.datagrams() as connection:
            for _ in range(_TRIES):
                connection.settimeout(self.peer.deadline.wait(_PATIENCE))
                connection.send(query.to_wire())
                with suppress(TimeoutError):
                    return understood(query, connection.recv(_DATAGRAM))
        raise AnswerError(f"no answer to {_TRIES} datagrams")

    def over_tcp(self, query: dns.message.Message) -> dns.message.Message:
        """The answer over a connection of its own."""
        with self.peer.connect() as connection:
            send(connection, query)
            return understood(query, self.received(connection))

    def received(self, connection: socket.socket) -> bytes:
        """The next message of a connection; AnswerError if it ends before."""
        return self._exactly(connection, int.from_bytes(self._exactly(connection, 2), "big"))

    def _exactly(self, connection: socket.socket, size: int) -> bytes:
        content = b""
        while len(content) < size:
            self.peer.deadline.check()
            connection.settimeout(self.peer.deadline.wait(_TCP_PATIENCE))
            piece = connection.recv(size - len(content))
            if not piece:
                raise AnswerError(f"the connection ends after {len(content)} of {size} bytes")
            content += piece
        return content


def send(connection: socket.socket, query: dns.message.Message) -> None:
    """Send a message with its length."""
    wire = query.to_wire()
    connection.sendall(len(wire).to_bytes(2, "big") + wire)


def asking(name: str, kind: str, family: str = "IN") -> dns.message.QueryMessage:
    """A question that wants no recursion: nobody else is asked for us."""
    query = dns.message.make_query(name, kind, family)
    query.flags &= ~dns.flags.RD
    return query


def version_query() -> dns.message.QueryMessage:
    """The question for the server's version, which may be refused, but not ignored."""
    return asking(VERSION, "TXT", "CH")


def understood(query: dns.message.Message, wire: bytes) -> dns.message.Message:
    """The message in `wire`; AnswerError unless it is well-formed and answers `query`."""
    try:
        answer = dns.message.from_wire(wire)
    except dns.exception.DNSException as error:
        raise AnswerError(f"an answer cannot be read: {type(error).__name__}") from error
    if not answer.flags & dns.flags.QR or answer.id != query.id:
        raise AnswerError("what comes does not answer our question")
    if answer.question and answer.question != query.question:
        raise AnswerError(f"an answer to another question: {answer.question[0]}")
    return answer


def content(answer: dns.message.Message) -> str:
    """What it says: its code, and its records in order, without their remaining time."""
    rows = sorted(
        f"{found.name} {dns.rdatatype.to_text(found.rdtype)} {record}"
        for found in answer.answer
        for record in found
    )
    return " ".join((dns.rcode.to_text(answer.rcode()), *rows))
