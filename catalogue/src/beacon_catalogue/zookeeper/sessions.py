"""Sessions and watches: taken over, refused, forgotten, and told of changes."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.zookeeper import raw
from beacon_catalogue.zookeeper.raw import Session, creation, number, text
from beacon_catalogue.zookeeper.server import Server, expect, fresh, until

#: A session that the server keeps for longer after its client has gone is not waited for.
_PATIENCE_MS = 5000
_EPHEMERAL, _CONTAINER, _TTL = 1, 4, 5
_RECURSIVE = 1


def _abandon(server: Server) -> str:
    """The server has to notice by itself that the client is gone; the last check looks."""
    with server.client() as client:
        path = fresh(client, "abandoned")
    with Session(server) as session:
        reply = session.call(raw.CREATE, creation(f"{path}/e", _EPHEMERAL))
        expect(reply.error, raw.OK, "the error of a creation")
        if session.milliseconds <= _PATIENCE_MS:
            server.abandoned = f"{path}/e"
    return "broken off"


def _expired(server: Server) -> str:
    if server.abandoned is None:
        return "not waited for"
    path = server.abandoned
    with server.client() as client:
        until(lambda: client.exists(path) is None, server, "the end of a session", 9.0)
    return "expired"


def _taken_over(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "taken-over")
    first = Session(server)
    first.call(raw.CREATE, creation(f"{path}/e", _EPHEMERAL))
    first.break_off()
    with Session(server, taken=first.number, secret=b"x" * 16) as thief:
        expect(thief.number, 0, "the session that a wrong secret gets")
    second = Session(server, taken=first.number, secret=first.secret)
    expect(second.number, first.number, "the session that was taken over")
    expect(second.call(raw.EXISTS, text(f"{path}/e") + b"\0").error, raw.OK, "its own node")
    second.close()
    with server.client() as client:
        expect(client.get_children(path), [], "what a closed session left")
    return "taken over"


def _operations(server: Server) -> str:
    """Operations that kazoo does not know; a server may be too old for them, all or none."""
    with server.client() as client:
        path = fresh(client, "operations")
    with Session(server) as session:
        session.call(raw.CREATE, creation(f"{path}/e", _EPHEMERAL))
        reply = session.call(raw.EPHEMERALS, text(path))
        if reply.error == raw.UNIMPLEMENTED:
            return "too old"
        expect(reply.body, number(1) + text(f"{path}/e"), "the ephemeral nodes of a session")
        expect(session.call(raw.ALL_CHILDREN, text(path)).body, number(1), "all children")
        made = session.call(raw.CREATE_CONTAINER, creation(f"{path}/c", _CONTAINER))
        expect(made.error, raw.OK, "the error of a container's creation")
        mortal = creation(f"{path}/t", _TTL) + (100_000).to_bytes(8)
        if session.call(raw.CREATE_TTL, mortal).error not in (raw.OK, raw.UNIMPLEMENTED):
            raise AnswerError("a node with a time to live was neither made nor unknown")
        expect(session.call(raw.PING).error, raw.OK, "the error of a ping")
        session.close()
    return "known"


def _lasting_watch(server: Server) -> str:
    """A watch on all that is below a node, which stays after it has told of something."""
    with server.client() as client, Session(server) as session:
        path = fresh(client, "lasting")
        if session.call(raw.ADD_WATCH, text(path) + number(_RECURSIVE)).error != raw.OK:
            return "too old"
        for name in ("a", "b"):
            client.create(f"{path}/{name}")
            told = session.next()
            expect(told.xid, raw.NOTIFICATION, "the kind of what came")
            expect(told.body[8:], text(f"{path}/{name}"), "the node that was created")
        gone = session.call(raw.REMOVE_WATCHES, text(path) + number(3))
        expect(gone.error, raw.OK, "the error of removing the watch")
        again = session.call(raw.CHECK_WATCHES, text(path) + number(3))
        expect(again.error, raw.NO_WATCHER, "the error of looking for it")
        session.close()
    return "told twice"


def _watches(server: Server) -> str:
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with server.client() as client, server.client() as other:
        path = fresh(client, "watches")
        seconds = server.peer.deadline.wait()
        steps: tuple[tuple[Callable[[], object], Callable[[], object], str], ...] = (
            (lambda: client.get(path, told.put), lambda: other.set(path, b"1"), "CHANGED"),
            (
                lambda: client.get_children(path, told.put),
                lambda: other.create(f"{path}/a"),
                "CHILD",
            ),
            (
                lambda: client.exists(f"{path}/b", told.put),
                lambda: other.create(f"{path}/b"),
                "CREATED",
            ),
            (
                lambda: client.exists(f"{path}/b", told.put),
                lambda: other.delete(f"{path}/b"),
                "DELETED",
            ),
        )
        for watch, change, kind in steps:
            watch()
            change()
            expect(told.get(timeout=seconds).type, kind, "what a watch told")
    return f"{len(steps)} told"


BEFORE: Suite[Server] = Suite.of(
    {
        "client that breaks off": _abandon,
    }
)
AFTER: Suite[Server] = Suite.of(
    {
        "session taken over": _taken_over,
        "newer operations": _operations,
        "watches": _watches,
        "lasting watch": _lasting_watch,
        "session that ends by itself": _expired,
    }
)
