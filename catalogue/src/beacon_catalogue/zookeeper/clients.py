"""ZooKeeper and its clients: many of them, hasty ones, and bursts of changes."""

from __future__ import annotations

from beacon.workloads.checks import at_once, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.zookeeper import raw
from beacon_catalogue.zookeeper.raw import Session, text
from beacon_catalogue.zookeeper.server import Server, expect, fresh

SUITE = Suite[Server]()

#: Fewer than the 60 connections that one address may have.
_CLIENTS = 30
_CHANGES = 1000


@SUITE.check("parallel clients")
def _crowd(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "crowd")
    sessions = [Session(server) for _ in range(_CLIENTS)]
    try:
        at_once(lambda n: _make(sessions[n], f"{path}/{n}"), _CLIENTS, threads=10)
        expect(len({session.number for session in sessions}), _CLIENTS, "different sessions")
        with server.client() as client:
            expect(len(client.get_children(path)), _CLIENTS, "a node of each client")
        for session in sessions:
            session.close()
        with server.client() as client:
            expect(client.get_children(path), [], "nodes after all clients left")
    finally:
        for session in sessions:
            session.break_off()
    return str(_CLIENTS)


def _make(session: Session, path: str) -> None:
    expect(session.call(raw.CREATE, raw.creation(path, 1)).error, raw.OK, "a creation's error")
    expect(session.call(raw.EXISTS, text(path) + b"\0").error, raw.OK, "the node's own client")


@SUITE.check("burst of changes")
def _burst(server: Server) -> str:
    """So many changes in a row that the server writes them in batches."""
    with server.client() as client:
        path = fresh(client, "burst")
        contents = [f"{number:06}".encode() * 100 for number in range(_CHANGES)]
        pending = [client.set_async(path, content) for content in contents]
        seconds = server.peer.deadline.wait()
        versions = [result.get(timeout=seconds).version for result in pending]
        expect(versions, list(range(1, _CHANGES + 1)), "the versions in a burst of changes")
        content = client.get(path)[0]
        expect(digest(content), digest(contents[-1]), "the digest after a burst of changes")
    return digest(content)
