"""What needs no account: the greeting, what is offered, and the exchange of keys."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import cast

from paramiko import SecurityOptions, SSHException, Transport
from paramiko.ssh_exception import BadAuthenticationType

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.ssh.server import Server, first_line

SUITE = Suite[Server]()

CLIENT = b"SSH-2.0-beacon\r\n"

#: What a client of paramiko offers by default: the class stands for any of its objects.
_OURS = SecurityOptions(cast(Transport, Transport))

_KEXINIT = 20
_LISTS = ("key exchanges", "host keys", "ciphers", "ciphers back", "MACs", "MACs back")
#: So many of each kind.
_MOST_TRIED = 3
_MOST_OFFERED = 64 << 10


def offers(content: bytes) -> dict[str, list[str]]:
    """The algorithms in a server's first packet, after its greeting.

    AnswerError for what is not such a packet (RFC 4253, sections 6 and 7.1).
    """
    _, _, packet = content.partition(first_line(content))
    packet = packet.partition(b"\n")[2]
    try:
        length, padding, kind = struct.unpack_from(">IBB", packet)
        body = packet[5 : 4 + length - padding]
        expect((kind, len(packet) >= 4 + length), (_KEXINIT, True), "the first packet")
        place, found = 17, {}
        for name in _LISTS:
            (size,) = struct.unpack_from(">I", body, place)
            found[name] = body[place + 4 : place + 4 + size].decode("ascii").split(",")
            place += 4 + size
    except (struct.error, UnicodeDecodeError):
        raise AnswerError("the list of algorithms cannot be read") from None
    return found


def offered(server: Server) -> dict[str, list[str]]:
    """What the server offers, by its own first packet."""
    content = bytearray()
    with server.stranger().connect() as connection:
        connection.settimeout(server.wait)
        connection.sendall(CLIENT)
        while not _complete(content) and (piece := connection.recv(1 << 16)):
            server.peer.deadline.check()
            content += piece
            if len(content) > _MOST_OFFERED:
                break
    return offers(bytes(content))


def _complete(content: bytearray) -> bool:
    _, _, packet = content.rpartition(b"SSH-")[2].partition(b"\n")
    return len(packet) >= 4 and len(packet) >= 4 + int.from_bytes(packet[:4], "big")


@SUITE.check("greeting")
def _greeting(server: Server) -> str:
    return server.first_greeting.split(b"-")[1].decode("ascii")


@SUITE.check("algorithms")
def _algorithms(server: Server) -> str:
    found = offered(server)
    expect([name for name, values in found.items() if not values[0]], [], "empty lists")
    return ", ".join(f"{len(found[name])} {name}" for name in ("key exchanges", "ciphers", "MACs"))


def _tried(server: Server, option: str, ours: Sequence[str], theirs: Sequence[str]) -> str:
    """Use each of a few algorithms that both have; their names."""
    common = [name for name in theirs if name in ours][:_MOST_TRIED]
    if not common:
        raise AnswerError(f"no {option} in common")
    for name in common:
        _use(server, {option: (name,)})
    return ", ".join(common)


def _use(server: Server, algorithms: Mapping[str, tuple[str, ...]]) -> None:
    """Encrypted so, the server answers."""
    if server.user is None:
        with server.connection(algorithms) as transport:
            _methods(transport)
        return
    with server.session(algorithms) as transport:
        expect(transport.is_authenticated(), True, f"the login by {algorithms}")


@SUITE.check("key exchanges")
def _exchanges(server: Server) -> str:
    return _tried(server, "kex", _OURS.kex, offered(server)["key exchanges"])


@SUITE.check("ciphers")
def _ciphers(server: Server) -> str:
    return _tried(server, "ciphers", _OURS.ciphers, offered(server)["ciphers"])


@SUITE.check("MACs")
def _macs(server: Server) -> str:
    """With a cipher that needs one."""
    found = offered(server)
    plain = [name for name in found["ciphers"] if name.endswith(("-ctr", "-cbc"))]
    ciphers = tuple(name for name in plain if name in _OURS.ciphers)
    common = [name for name in found["MACs"] if name in _OURS.digests][:_MOST_TRIED]
    if not ciphers or not common:
        return "not offered"
    for name in common:
        _use(server, {"ciphers": ciphers, "digests": (name,)})
    return ", ".join(common)


def _methods(transport: Transport) -> list[str]:
    """How one may log in; none for a server that lets everybody in."""
    try:
        transport.auth_none("beacon-check")
    except BadAuthenticationType as error:
        return sorted(error.allowed_types)
    except SSHException as error:
        raise AnswerError(f"the server does not say how to log in: {error}") from error
    return []


@SUITE.check("ways to log in")
def _ways(server: Server) -> str:
    with server.connection() as transport:
        return ", ".join(_methods(transport)) or "open to everybody"
