"""Recipes: what clients do with nodes to agree with one another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from kazoo.client import KazooClient

from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.suite import Suite
from beacon_catalogue.zookeeper.server import Server, expect, fresh, until

SUITE = Suite[Server]()

_RIVALS = 3
#: Who is overtaken by a rival tries again.
_PATIENT = {"max_tries": 50, "delay": 0.01, "max_delay": 0.1}


def _rivals(server: Server, action: Callable[[KazooClient, int], Any]) -> list[Any]:
    """What `action` gives each of several clients that act at the same time."""

    def act(number: int) -> Any:
        with server.client(command_retry=_PATIENT) as client:
            return action(client, number)

    return at_once(act, _RIVALS, threads=_RIVALS)


@SUITE.check("locks")
def _locks(server: Server) -> str:
    with server.client() as client:
        path = fresh(client, "locks", b"0")

    def add(client: KazooClient, number: int) -> None:
        with client.Lock(f"{path}/lock", str(number)):
            before = int(client.get(path)[0])
            time.sleep(0.02)
            client.set(path, str(before + 1).encode())

    _rivals(server, add)
    with server.client() as client:
        expect(int(client.get(path)[0]), _RIVALS, "what was counted under a lock")
        _exclude(client, server, path)
    return str(_RIVALS)


def _exclude(client: KazooClient, server: Server, path: str) -> None:
    with server.client() as other, client.ReadLock(f"{path}/shared"):
        reader, writer = other.ReadLock(f"{path}/shared"), other.WriteLock(f"{path}/shared")
        expect(reader.acquire(blocking=False), True, "a second reader")
        reader.release()
        expect(writer.acquire(blocking=False), False, "a writer beside a reader")


@SUITE.check("semaphore")
def _semaphore(server: Server) -> str:
    with server.client() as client, server.client() as other, server.client() as third:
        path = f"{fresh(client, 'semaphore')}/s"
        with client.Semaphore(path, max_leases=2), other.Semaphore(path, max_leases=2):
            late = third.Semaphore(path, max_leases=2)
            expect(late.acquire(blocking=False), False, "a third lease of two")
        expect(late.acquire(timeout=server.peer.deadline.wait()), True, "a lease given back")
        late.release()
    return "2"


@SUITE.check("election")
def _election(server: Server) -> str:
    winners: list[int] = []
    with server.client() as client:
        path = fresh(client, "election")

    def run(client: KazooClient, number: int) -> None:
        client.Election(f"{path}/e", str(number)).run(winners.append, number)

    _rivals(server, run)
    expect(sorted(winners), list(range(_RIVALS)), "who was elected, one after the other")
    return str(_RIVALS)


@SUITE.check("barrier")
def _barrier(server: Server) -> str:
    with server.client() as client, server.client() as other:
        barrier = client.Barrier(f"{fresh(client, 'barrier')}/b")
        barrier.create()
        expect(barrier.wait(0.05), False, "a wait before the barrier is removed")
        threading.Timer(0.05, other.Barrier(barrier.path).remove).start()
        expect(barrier.wait(server.peer.deadline.wait()), True, "a wait until it is removed")
    return "removed"


@SUITE.check("double barrier")
def _double_barrier(server: Server) -> str:
    inside: list[int] = []
    with server.client() as client:
        path = fresh(client, "double-barrier")

    def pass_through(client: KazooClient, number: int) -> int:
        barrier = client.DoubleBarrier(f"{path}/b", _RIVALS, str(number))
        inside.append(number)
        barrier.enter()
        together = len(inside)
        barrier.leave()
        return together

    expect(_rivals(server, pass_through), [_RIVALS] * _RIVALS, "who had come when all went in")
    return str(_RIVALS)


@SUITE.check("counter")
def _counter(server: Server) -> str:
    with server.client() as client:
        path = f"{fresh(client, 'counter')}/c"

    def add(client: KazooClient, _: int) -> None:
        counter = client.Counter(path)
        for _ in range(5):
            counter += 1

    _rivals(server, add)
    with server.client() as client:
        expect(client.Counter(path).value, 5 * _RIVALS, "the counter")
    return str(5 * _RIVALS)


@SUITE.check("queues")
def _queues(server: Server) -> str:
    with server.client() as client, server.client() as other:
        path = fresh(client, "queues")
        line = client.Queue(f"{path}/plain")
        for item, priority in ((b"late", 200), (b"b", 100), (b"a", 50)):
            line.put(item, priority=priority)
        taken = [other.Queue(f"{path}/plain").get() for _ in range(3)]
        expect(taken, [b"a", b"b", b"late"], "the items of a queue")
        locking = client.LockingQueue(f"{path}/locking")
        locking.put_all([b"x", b"y"])
        expect(locking.get(timeout=2), b"x", "the first item")
        expect(locking.consume(), True, "taking the first item away")
        expect(other.LockingQueue(f"{path}/locking").get(timeout=2), b"y", "the second item")
    return "in order"


@SUITE.check("party")
def _party(server: Server) -> str:
    with server.client() as client, server.client() as other:
        path = f"{fresh(client, 'party')}/p"
        parties = client.Party(path, "one"), other.Party(path, "two")
        for party in parties:
            party.join()
        expect(sorted(client.Party(path)), ["one", "two"], "the members")
        for party in parties:
            party.leave()
        expect(list(client.Party(path)), [], "the members after all left")
    return "2"


@SUITE.check("watching recipes")
def _watchers(server: Server) -> str:
    contents: list[Any] = []
    families: list[Any] = []
    with server.client() as client, server.client() as other:
        path = fresh(client, "watchers", b"0")
        client.DataWatch(path, lambda content, _: contents.append(content))
        client.ChildrenWatch(path, lambda names: families.append(sorted(names)))
        for number in (1, 2):
            other.set(path, str(number).encode())
            other.create(f"{path}/{number}")
            until(lambda: len(families) > number, server, "news of a child")  # noqa: B023
            until(lambda: len(contents) > number, server, "news of content")  # noqa: B023
    if (contents[:3], families[:3]) != ([b"0", b"1", b"2"], [[], ["1"], ["1", "2"]]):
        raise AnswerError(f"the watches told of {contents!r} and {families!r}")
    return "told"
