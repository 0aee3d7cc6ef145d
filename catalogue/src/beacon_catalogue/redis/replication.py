"""Copies of the data: to a replica, from a master that is not there, to a server elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from redis.exceptions import ResponseError

from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.redis.raw import Raw, raw
from beacon_catalogue.redis.server import Server, call, changed, expect, facts, key, until

_NOBODY = ("127.0.0.1", "9")


@contextmanager
def _replica(server: Server) -> Iterator[Raw]:
    """A connection that has introduced itself as a replica."""
    with raw(server) as one:
        one.must("+PONG", "PING")
        one.must("+OK", "REPLCONF", "listening-port", "6380")
        one.must("+OK", "REPLCONF", "capa", "eof", "capa", "psync2")
        yield one


def _full(server: Server, diskless: str) -> str:
    with (
        server.client() as client,
        changed(client, "repl-diskless-sync", diskless),
        changed(client, "repl-diskless-sync-delay", "0"),
    ):
        call(client, "SET", key("copied"), "in the snapshot")
        identity, offset = _copied(server)
        with _replica(server) as one:
            one.must("+CONTINUE", "PSYNC", identity, str(offset + 1))
        _left(server)
    return "copied, followed, continued"


def _copied(server: Server) -> tuple[str, int]:
    """Take a copy and follow the server for a while; what a replica must know to continue."""
    with server.client() as writer, _replica(server) as one:
        words = one.ask("PSYNC", "?", "-1").split(" ")
        if words[0] != "+FULLRESYNC" or len(words) != 3:
            raise AnswerError(f"PSYNC: {words[0][:80]}")
        content = one.snapshot()
        if not (content.startswith(b"REDIS") and b"in the snapshot" in content):
            raise AnswerError("the snapshot does not have what was set before")
        call(writer, "SET", key("followed"), "after the snapshot")
        # Said again and again: the server hears it only once it has seen the end of its child.
        one.follow(b"after the snapshot", "REPLCONF", "ACK", words[2])
        told = facts(writer, "replication")
        one.say("REPLCONF", "ACK", told["master_repl_offset"])
        expect(call(writer, "WAIT", 1, 2000), 1, "replicas that have everything")
        return words[1], int(told["master_repl_offset"])


def _left(server: Server) -> None:
    with server.client() as client:
        until(
            lambda: facts(client, "replication")["connected_slaves"] == "0", server, "the replica"
        )


def _orphan(server: Server) -> str:
    """A replica of nobody: it tries again and again, and keeps what it has."""
    with server.client() as client:
        call(client, "SET", key("kept"), "x")
        if facts(client, "replication")["role"] != "master":
            return "a replica"
        try:
            call(client, "REPLICAOF", *_NOBODY)
        except ResponseError:
            return "refused"
        try:
            expect(facts(client, "replication")["master_link_status"], "down", "the link")
            expect(call(client, "GET", key("kept")), b"x", "a key of an orphan")
        finally:
            call(client, "REPLICAOF", "NO", "ONE")
    return "alone"


def _migrated(server: Server) -> str:
    with server.client() as client:
        call(client, "SET", key("migrant"), "x")
        try:
            call(client, "MIGRATE", *_NOBODY, key("migrant"), 0, 200, "COPY")
        except ResponseError as error:
            expect("IOERR" in str(error), True, "MIGRATE to nobody is an IOERR")
            expect(call(client, "GET", key("migrant")), b"x", "what could not leave")
            return "stayed"
    raise AnswerError("MIGRATE to nobody went well")


def _cluster(server: Server) -> str:
    with server.client() as client:
        try:
            state = call(client, "CLUSTER", "INFO")
        except ResponseError:
            return "no cluster"
        slot = call(client, "CLUSTER", "KEYSLOT", key("slot"))
        call(client, "SET", key("slot"), "x")
        expect(
            key("slot").encode() in call(client, "CLUSTER", "GETKEYSINSLOT", slot, 5000),
            True,
            "our key is in its slot",
        )
        call(client, "CLUSTER", "NODES")
    return "in a cluster" if b"cluster_state:ok" in state else "in a broken cluster"


SUITE: Suite[Server] = Suite.of(
    {
        "replica by socket": partial(_full, diskless="yes"),
        "replica by file": partial(_full, diskless="no"),
        "replica of nobody": _orphan,
        "MIGRATE": _migrated,
        "CLUSTER": _cluster,
    }
)
