"""Keys: set, found, changed in transactions, kept by leases, watched, locked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx

from beacon.workloads.answers import expect, until
from beacon.workloads.checks import AnswerError, at_once, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.etcd.store import END, PREFIX, Store, coded, key, names, parsed, values

SUITE = Suite[Store]()

_LARGE = 1 << 20
_CLIENTS, _AT_ONCE = 24, 8
_MOST_LINE = 1 << 20


@SUITE.check("put and get")
def _put(store: Store) -> str:
    content = bytes(range(256))
    store.put("a", b"old")
    before = store.put("a", content, prev_kv=True)
    expect(values({"kvs": [before["prev_kv"]]}), [b"old"], "the value before")
    expect(store.get("a"), [content], "the value")
    expect(store.get("missing"), [], "a key that nobody set")
    return digest(content)


@SUITE.check("ranges")
def _ranges(store: Store) -> str:
    store.clean()
    for name in ("r/b", "r/a", "r/c", "s"):
        store.put(name, name.encode())
    whole = {"key": coded(key("r/")), "range_end": coded(key("r0"))}
    expect(names(store.ask("/v3/kv/range", whole)), ["r/a", "r/b", "r/c"], "a range")
    falling = {**whole, "sort_order": "DESCEND", "sort_target": "KEY", "limit": 2}
    answer = store.ask("/v3/kv/range", falling)
    expect((names(answer), answer.get("more")), (["r/c", "r/b"], True), "two from behind")
    counted = store.ask("/v3/kv/range", {**whole, "count_only": True})
    expect((counted.get("count"), names(counted)), ("3", []), "a count")
    bare = store.ask("/v3/kv/range", {**whole, "keys_only": True})
    expect(values(bare), [b"", b"", b""], "keys alone")
    return "3"


@SUITE.check("deletion")
def _deletion(store: Store) -> str:
    store.put("d/1", b"x")
    store.put("d/2", b"y")
    gone = {"key": coded(key("d/")), "range_end": coded(key("d0")), "prev_kv": True}
    answer = store.ask("/v3/kv/deleterange", gone)
    expect((answer.get("deleted"), len(answer.get("prev_kvs", ()))), ("2", 2), "what was deleted")
    expect(store.get("d/1"), [], "a deleted key")
    return "2"


@SUITE.check("revisions")
def _revisions(store: Store) -> str:
    """What was there before is there at its revision."""
    store.ask("/v3/kv/deleterange", {"key": coded(key("v"))})
    first = store.put("v", b"one")["header"]["revision"]
    store.put("v", b"two")
    expect(store.get("v", revision=first), [b"one"], "the value at its revision")
    pair = store.ask("/v3/kv/range", {"key": coded(key("v"))})["kvs"][0]
    expect((pair["version"], pair["create_revision"]), ("2", first), "version and creation")
    return "2"


@SUITE.check("transactions")
def _transactions(store: Store) -> str:
    """Taken once, and refused the second time; both say what they did."""
    store.ask("/v3/kv/deleterange", {"key": coded(key("t"))})
    name = coded(key("t"))
    question = {
        "compare": [{"key": name, "target": "CREATE", "result": "EQUAL", "create_revision": 0}],
        "success": [{"request_put": {"key": name, "value": coded(b"mine")}}],
        "failure": [{"request_range": {"key": name}}],
    }
    first, second = (store.ask("/v3/kv/txn", question) for _ in range(2))
    expect((first.get("succeeded"), second.get("succeeded")), (True, None), "the comparisons")
    expect(values(second["responses"][0]["response_range"]), [b"mine"], "what the second found")
    return "1 of 2"


@SUITE.check("leases")
def _leases(store: Store) -> str:
    """A key goes with its lease."""
    lease = store.ask("/v3/lease/grant", {"TTL": 60})["ID"]
    try:
        store.put("l", b"kept", lease=lease)
        alive = store.ask("/v3/lease/keepalive", {"ID": lease})
        expect(alive.get("result", {}).get("TTL"), "60", "the time of a lease that is renewed")
        told = store.ask("/v3/lease/timetolive", {"ID": lease, "keys": True})
        expect(told.get("keys"), [coded(key("l"))], "the keys of the lease")
    finally:
        store.ask("/v3/lease/revoke", {"ID": lease})
    expect(store.get("l"), [], "a key whose lease is gone")
    return "revoked"


@SUITE.check("lease that ends")
def _ending(store: Store) -> str:
    lease = store.ask("/v3/lease/grant", {"TTL": 1})["ID"]
    store.put("e", b"for a while", lease=lease)
    until(lambda: not store.get("e"), store.peer.deadline, "the end of a lease", 9.0)
    return "ended"


@SUITE.check("watch")
def _watch(store: Store) -> str:
    """Changes come in their order, with the value before."""
    store.ask("/v3/kv/deleterange", {"key": coded(key("w"))})
    wanted = {"key": coded(PREFIX), "range_end": coded(END), "prev_kv": True}
    with store.stream("/v3/watch", {"create_request": wanted}) as response:
        lines = _lines(store, response)
        expect(next(lines, {}).get("created"), True, "the watch")
        store.put("w", b"1")
        store.put("w", b"2")
        store.ask("/v3/kv/deleterange", {"key": coded(key("w"))})
        found: list[tuple[str, list[bytes]]] = []
        while len(found) < 3:
            events = next(lines, {}).get("events", ())
            found += [(e.get("type", "PUT"), values({"kvs": [e["kv"]]})) for e in events]
    expect(found, [("PUT", [b"1"]), ("PUT", [b"2"]), ("DELETE", [b""])], "the events")
    return "3"


def _lines(store: Store, response: httpx.Response) -> Iterator[dict[str, Any]]:
    """The results in a stream of JSON, a line each; AnswerError at its end."""
    pending = b""
    for piece in response.iter_bytes():
        store.peer.deadline.check()
        *whole, pending = (pending + piece).split(b"\n")
        for line in whole:
            yield parsed(line).get("result", {})
        if len(pending) > _MOST_LINE:
            raise AnswerError("a line has no end")
        with_end = pending.rstrip()
        if with_end.endswith(b"}}"):  # newer servers end no line before the next one
            try:
                result = parsed(with_end).get("result", {})
            except AnswerError:
                continue
            pending = b""
            yield result
    raise AnswerError("the watch ended")


@SUITE.check("lock")
def _lock(store: Store) -> str:
    lease = store.ask("/v3/lease/grant", {"TTL": 30})["ID"]
    try:
        status, held = store.fetch("/v3/lock/lock", {"name": coded(key("lock")), "lease": lease})
        if status == 404:
            return "not offered"
        expect(status, 200, "the status of a lock")
        expect(len(store.get("lock", range_end=coded(key("lock0")))), 1, "keys of the lock")
        store.ask("/v3/lock/unlock", {"key": held["key"]})
        expect(store.get("lock", range_end=coded(key("lock0"))), [], "keys after that")
    finally:
        store.ask("/v3/lease/revoke", {"ID": lease})
    return "held"


@SUITE.check("large value")
def _large(store: Store) -> str:
    content = b"0123456789abcdef" * (_LARGE >> 4)
    store.put("large", content)
    found = digest(store.get("large")[0])
    expect(found, digest(content), "the digest of a large value")
    store.ask("/v3/kv/deleterange", {"key": coded(key("large"))})
    return found


@SUITE.check("parallel clients")
def _crowd(store: Store) -> str:
    """Each counts up by comparing; no count is lost."""
    store.put("n", b"0")
    at_once(lambda _: _count(store), _CLIENTS, _AT_ONCE)
    expect(store.get("n"), [str(_CLIENTS).encode()], "the sum")
    return str(_CLIENTS)


def _count(store: Store) -> None:
    name = coded(key("n"))
    while True:
        store.peer.deadline.check()
        (old,) = store.get("n")
        new = coded(b"%d" % (int(old) + 1))
        same = {"key": name, "target": "VALUE", "result": "EQUAL", "value": coded(old)}
        done = {"request_put": {"key": name, "value": new}}
        if store.ask("/v3/kv/txn", {"compare": [same], "success": [done]}).get("succeeded"):
            return
        time.sleep(0.01)
