"""The standard services: health, and reflection, which tells what else there is."""

from __future__ import annotations

import time

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer
from beacon.workloads.once import once
from beacon.workloads.suite import Suite
from beacon_catalogue.grpc import proto
from beacon_catalogue.grpc.call import (
    CANCELLED,
    DEADLINE,
    NOT_FOUND,
    OK,
    UNIMPLEMENTED,
    Call,
    Connection,
)

HEALTH = "grpc.health.v1.Health"
_VERSIONS = ("grpc.reflection.v1", "grpc.reflection.v1alpha")
MISSING = "beacon.check.Missing"

OFF = "not offered"
_STATES = ("unknown", "serving", "not serving", "service unknown")
_MOST_SERVICES = 32


class Server:
    """One server for the length of one drive."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def connection(self) -> Connection:
        """A new connection."""
        return Connection(self.peer)

    @once
    def reflection(self) -> str | None:
        """The method of reflection that the server has; None without it."""
        for package in _VERSIONS:
            method = f"{package}.ServerReflection/ServerReflectionInfo"
            with self.connection() as connection:
                if connection.ask(method, proto.text(7, "*")).status != UNIMPLEMENTED:
                    return method
        return None

    def serves(self) -> None:
        """See that a call is answered, even if only with `no such method`."""
        with self.connection() as connection:
            expect(connection.ask(f"{MISSING}/Call", b"").status, UNIMPLEMENTED, "the status")


SUITE = Suite[Server]()


def state(message: bytes) -> str:
    """What an answer of the health service says."""
    number = proto.integer(proto.fields(message), 1)
    return _STATES[number] if number < len(_STATES) else f"state {number}"


def _only(call: Call) -> bytes:
    expect((call.status, len(call.messages)), (OK, 1), "status and messages")
    return call.messages[0]


@SUITE.check("health")
def _health(server: Server) -> str:
    with server.connection() as connection:
        call = connection.ask(f"{HEALTH}/Check", b"")
    return OFF if call.status == UNIMPLEMENTED else state(_only(call))


@SUITE.check("health of a missing service")
def _missing_health(server: Server) -> str:
    with server.connection() as connection:
        call = connection.ask(f"{HEALTH}/Check", proto.text(1, MISSING))
    if call.status == UNIMPLEMENTED:
        return OFF
    expect(call.status, NOT_FOUND, "the status")
    return "not found"


@SUITE.check("watch")
def _watch(server: Server) -> str:
    """The state now; the call stays open until we take it back."""
    with server.connection() as connection:
        call = connection.begin(f"{HEALTH}/Watch")
        connection.say(call, b"")
        try:
            told = state(connection.message(call))
        except AnswerError:
            if call.ended and call.status == UNIMPLEMENTED:
                return OFF
            raise
        expect(call.ended, False, "the end of a watch that goes on")
        connection.cancel(call)
        connection.ask(f"{MISSING}/Call", b"")
    return told


@SUITE.check("deadline")
def _deadline(server: Server) -> str:
    """A call that would last ends when its time is over."""
    with server.connection() as connection:
        started = time.monotonic()
        call = connection.begin(f"{HEALTH}/Watch", {"grpc-timeout": "300m"})
        connection.say(call, b"")
        connection.wait([call])
        if call.headers.get("grpc-status") == str(UNIMPLEMENTED):
            return OFF
        if call.reset is None:
            # The health service of Go says that it was cancelled.
            expect(call.status in (CANCELLED, DEADLINE), True, "an end by the deadline")
        expect(time.monotonic() - started < 5, True, "an end soon after the deadline")
    return "kept"


@SUITE.check("reflection")
def _reflection(server: Server) -> str:
    names = _services(server)
    return OFF if names is None else ", ".join(names)[:200]


def _services(server: Server) -> list[str] | None:
    if server.reflection is None:
        return None
    with server.connection() as connection:
        answer = proto.fields(_only(connection.ask(server.reflection, proto.text(7, "*"))))
    lists = [proto.fields(each) for each in proto.inner(answer, 6)]
    services = [proto.fields(each) for found in lists for each in proto.inner(found, 1)]
    names = [name.decode("utf-8", "replace") for each in services for name in proto.inner(each, 1)]
    if not names:
        raise AnswerError("reflection lists no service, not even its own")
    return sorted(names)


@SUITE.check("descriptors")
def _descriptors(server: Server) -> str:
    """Of each service, over one stream: the file that describes it."""
    names = (_services(server) or [])[:_MOST_SERVICES]
    if server.reflection is None:
        return OFF
    with server.connection() as connection:
        call = connection.begin(server.reflection)
        for number, name in enumerate(names):
            connection.say(call, proto.text(4, name), last=number == len(names) - 1)
            expect(
                name in _described(connection.message(call, number)), True, f"{name} in its file"
            )
        connection.wait([call])
        expect(call.status, OK, "the status of the stream")
    return str(len(names))


def _described(message: bytes) -> list[str]:
    found = []
    for files in proto.inner(proto.fields(message), 4):
        for file in proto.inner(proto.fields(files), 1):
            parts = proto.fields(file)
            package = b"".join(proto.inner(parts, 2)[-1:])
            services = [proto.fields(service) for service in proto.inner(parts, 6)]
            names = [name for service in services for name in proto.inner(service, 1)]
            found += [
                b".".join(filter(None, (package, x))).decode("utf-8", "replace") for x in names
            ]
    return found


@SUITE.check("missing symbol")
def _missing_symbol(server: Server) -> str:
    if server.reflection is None:
        return OFF
    with server.connection() as connection:
        answer = _only(connection.ask(server.reflection, proto.text(4, MISSING)))
    errors = proto.inner(proto.fields(answer), 7)
    codes = [proto.integer(proto.fields(error), 1) for error in errors]
    expect(codes, [NOT_FOUND], "the error's code")
    return "not found"
