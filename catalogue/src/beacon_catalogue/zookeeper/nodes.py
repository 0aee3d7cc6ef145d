"""Nodes: their content, versions, children and kinds, and changes that go together."""

from __future__ import annotations

from kazoo.exceptions import (
    BadVersionError,
    KazooException,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
)

from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.zookeeper.link import refused
from beacon_catalogue.zookeeper.raw import Session
from beacon_catalogue.zookeeper.server import Server, expect, fresh, node, until

SUITE = Suite[Server]()

#: Every byte value, a little less than the megabyte that is the limit of a request.
_LARGE = bytes(range(256)) * 4000
_TOO_MUCH = 2 << 20
_MANY = 500


@SUITE.check("content")
def _content(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "content", b"first")
        expect(client.get(path)[0], b"first", "get")
        for content in (b"", b"\0\xff" * 100, "Zoë".encode()):
            client.set(path, content)
            expect(client.get(path)[0], content, "get after set")
        client.delete(path)
        expect(client.exists(path), None, "exists after delete")
        refused(NoNodeError, lambda: client.get(path), "get of no node")
        refused(NoNodeError, lambda: client.create(f"{path}/below"), "create below no node")
    return "kept"


@SUITE.check("versions")
def _versions(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "versions", b"0")
        born = client.exists(path)
        changed = client.set(path, b"1", version=0)
        expect(changed.version, 1, "the version after a change")
        expect(changed.czxid, born.czxid, "the transaction that created the node")
        expect(changed.mzxid > born.mzxid, True, "a later transaction for the change")
        refused(BadVersionError, lambda: client.set(path, b"2", version=0), "an old version")
        refused(BadVersionError, lambda: client.delete(path, version=0), "delete, old version")
        client.delete(path, version=1)
    return "conflict seen"


@SUITE.check("children")
def _children(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "children")
        names = [f"{number:04}" for number in range(_MANY)]
        pending = [client.create_async(f"{path}/{name}", name.encode()) for name in names]
        for result in pending:
            result.get(timeout=server.peer.deadline.wait())
        found, stat = client.get_children(path, include_data=True)
        expect((sorted(found), stat.numChildren), (names, _MANY), "the children")
        refused(NotEmptyError, lambda: client.delete(path), "delete of a node with children")
        refused(NodeExistsError, lambda: client.create(f"{path}/0000"), "create of what exists")
        gets = [client.get_async(f"{path}/{name}") for name in names]
        contents = [result.get(timeout=server.peer.deadline.wait())[0] for result in gets]
        expect(contents, [name.encode() for name in names], "the children's content")
        client.delete(path, recursive=True)
    return str(_MANY)


@SUITE.check("sequential nodes")
def _sequences(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "sequence")
        made = [client.create(f"{path}/n-", sequence=True) for _ in range(3)]
        client.delete(made[2])
        made[2] = client.create(f"{path}/n-", sequence=True)
        names = [name.rpartition("/")[2] for name in made]
        expect(names, ["n-0000000000", "n-0000000001", "n-0000000003"], "names in a sequence")
    return digest(repr(names).encode())


@SUITE.check("ephemeral nodes")
def _ephemerals(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "ephemerals")
        with server.client() as other:
            name = other.create(f"{path}/e-", b"x", ephemeral=True, sequence=True)
            owner = client.get(name)[1].ephemeralOwner
            expect(owner, other.client_id[0], "the owner of an ephemeral node")
            refused(KazooException, lambda: other.create(f"{name}/below"), "a child of it")
        until(lambda: not client.get_children(path), server, "the end of an ephemeral node")
    return "gone"


@SUITE.check("large nodes")
def _large(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "large")
        client.set(path, _LARGE)
        content = client.get(path)[0]
        expect(digest(content), digest(_LARGE), "the digest of a large node")
        client.delete(path)
    with Session(server) as session:
        session.announce(_TOO_MUCH, bytes(1 << 16))
        refused((ConnectionError, AnswerError), session.next, "a request of 2 MiB")
    return digest(content)


@SUITE.check("paths and sync")
def _paths(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "kinds")
        client.ensure_path(f"{path}/parents/of/all")
        expect(client.get_children(f"{path}/parents"), ["of"], "a path made as a whole")
        client.sync(path)
        with server.client() as other:
            expect(other.exists(f"{path}/parents/of/all") is None, False, "a node after sync")
    return "seen"


@SUITE.check("transaction")
def _together(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "together", b"0")
        change = client.transaction()
        change.check(path, 0)
        change.create(f"{path}/a", b"a")
        change.set_data(f"{path}/a", b"b")
        change.create(f"{path}/gone")
        change.delete(f"{path}/gone")
        results = change.commit()
        expect(results[1], f"{path}/a", "the second result of a transaction")
        expect(client.get(f"{path}/a")[0], b"b", "what the transaction set")
        expect(client.get_children(path), ["a"], "what the transaction left")
    return "done"


@SUITE.check("transaction rolled back")
def _not_together(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "rolled-back", b"0")
        change = client.transaction()
        change.create(f"{path}/a")
        change.check(path, 7)
        results = change.commit()
        kinds = [type(result) for result in results]
        expect(kinds, [RolledBackError, BadVersionError], "the results of a failed transaction")
        expect(client.get_children(path), [], "what the failed transaction left")
    return "rolled back"


@SUITE.check("another root")
def _chroot(server: Server) -> str:
    with server.client() as client:
        fresh(client, "below")
        client.chroot = node("below")
        client.create("/inside", b"x")
        expect(client.get_children("/"), ["inside"], "what is below the new root")
        client.chroot = ""
        content = client.get(node("below/inside"))[0]
    if content != b"x":
        raise AnswerError("a node made below another root is not there")
    return "seen"
