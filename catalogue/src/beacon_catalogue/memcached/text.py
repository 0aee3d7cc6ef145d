"""The text protocol as pymemcache speaks it: storing, reading, counting, expiring."""

from __future__ import annotations

import time
from collections.abc import Callable

from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheClientError, MemcacheServerError

from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.memcached.server import Server, expect, facts, until

SUITE = Suite[Server]()

#: Every byte value, a little less than the megabyte that is the default limit of an item.
_BINARY = bytes(range(256)) * 4000
_MANY = 1000
#: So much is not sent only to see it refused.
_REFUSAL_LIMIT = 8 << 20
_TOP = (1 << 64) - 1


@SUITE.check("version")
def _version(server: Server) -> str:
    with server.client() as client:
        return bytes(client.version()).decode("ascii")


@SUITE.check("set and get")
def _values(server: Server) -> str:
    samples = {"empty": b"", "text": b"hello", "lines": b"END\r\nVALUE x 0 1\r\n", "nul": b"\0" * 9}
    with server.client() as client:
        for name, content in samples.items():
            expect(client.set(server.key(name), content, flags=77), True, "set")
        keys = [server.key(name) for name in samples]
        expect(client.get_many(keys), dict(zip(keys, samples.values(), strict=True)), "get")
        raw = client.raw_command(f"get {keys[1]}", "END\r\n")
        expect(raw, f"VALUE {keys[1]} 77 5\r\nhello\r\n".encode(), "get with flags")
        expect(client.get(server.key("absent"), b"nothing"), b"nothing", "get of no key")
    return digest(raw)


@SUITE.check("add, replace, append and prepend")
def _conditions(server: Server) -> str:
    name = server.key("conditional")
    with server.client() as client:
        client.delete(name)
        expect(client.replace(name, b"x"), False, "replace of no key")
        expect(client.append(name, b"x"), False, "append to no key")
        expect(client.add(name, b"middle"), True, "add")
        expect(client.add(name, b"again"), False, "add of a key that is there")
        expect(client.append(name, b"-end"), True, "append")
        expect(client.prepend(name, b"start-"), True, "prepend")
        expect(client.get(name), b"start-middle-end", "get after append and prepend")
        expect(client.replace(name, b"new"), True, "replace")
        expect(client.delete(name), True, "delete")
        expect(client.delete(name), False, "delete of no key")
    return "kept"


@SUITE.check("compare and swap")
def _compare_and_swap(server: Server) -> str:
    name = server.key("swapped")
    with server.client() as client, server.client() as rival:
        if facts(client.sock, "settings")["cas_enabled"] != "yes":
            return "switched off"
        client.set(name, b"1")
        _, token = client.gets(name)
        rival.set(name, b"2")
        expect(client.cas(name, b"3", token), False, "cas with an old token")
        _, token = client.gets(name)
        expect(client.cas(name, b"3", token), True, "cas with the newest token")
        expect(client.cas(server.key("absent"), b"x", token), None, "cas of no key")
        expect(client.get(name), b"3", "get after cas")
    return "conflict seen"


@SUITE.check("counters")
def _counters(server: Server) -> str:
    name = server.key("counter")
    with server.client() as client:
        client.set(name, b"41")
        expect(client.incr(name, 1), 42, "incr")
        expect(client.decr(name, 100), 0, "decr below zero")
        client.set(name, str(_TOP).encode())
        expect(client.incr(name, 2), 1, "incr beyond 64 bits")
        expect(client.incr(server.key("absent"), 1), None, "incr of no key")
        client.set(name, b"word")
        _refused(lambda: client.incr(name, 1), "incr of a word")
    return "42"


def _refused(action: Callable[[], object], what: str) -> None:
    try:
        action()
    except (MemcacheClientError, MemcacheServerError):
        return
    raise AnswerError(f"{what} was accepted")


@SUITE.check("many keys at once")
def _batches(server: Server) -> str:
    content = {server.key(f"many:{number}"): str(number).encode() for number in range(_MANY)}
    with server.client() as client:
        expect(client.set_many(content, noreply=True), [], "set of many")
        expect(client.get_many(list(content)), content, f"get of {_MANY} keys")
        expect(client.delete_many(list(content), noreply=True), True, "delete of many")
        expect(client.get_many(list(content)), {}, "get after delete")
    return str(_MANY)


@SUITE.check("large value")
def _large(server: Server) -> str:
    name = server.key("large")
    with server.client() as client:
        limit = int(facts(client.sock, "settings")["item_size_max"])
        content = _BINARY[: limit * 9 // 10]
        expect(client.set(name, content), True, "set of a large value")
        expect(digest(client.get(name) or b""), digest(content), "the digest of a large value")
        # Nothing can be appended to an item that has been moved to a file.
        if "extstore_objects_written" not in facts(client.sock):
            expect(client.append(name, b"tail"), True, "append to a large value")
            longer = client.get(name) or b""
            expect(digest(longer), digest(content + b"tail"), "the digest after append")
        if limit <= _REFUSAL_LIMIT:
            _refused(
                lambda: client.set(name, b"x" * (limit + 1)), "set of a value beyond the limit"
            )
    return digest(content)


@SUITE.check("long key")
def _names(server: Server) -> str:
    longest = server.key("n" * (250 - len(server.key(""))))
    with server.client() as client:
        expect(client.set(longest, b"x"), True, "set of a key of 250 bytes")
        expect(client.get(longest), b"x", "get of a key of 250 bytes")
    with server.line() as line:
        reply = line.ask(f"get {longest}n".encode())
    expect(reply, b"CLIENT_ERROR bad command line format", "get of a key of 251 bytes")
    return "250"


@SUITE.check("expiry")
def _expiry(server: Server) -> str:
    brief, gone, kept = server.key("brief"), server.key("gone"), server.key("kept")
    with server.client() as client:
        client.set(kept, b"x", expire=1)
        expect(client.touch(kept, 1000), True, "touch")
        expect(client.touch(server.key("absent"), 1), False, "touch of no key")
        client.set(gone, b"x", expire=-1)
        expect(client.get(gone), None, "get of a key that expired at once")
        client.set(brief, b"x", expire=1)
        until(lambda: client.get(brief) is None, server, "the end of a key that lives a second")
        expect(client.get(kept), b"x", "get of a key that was kept alive")
        _later(client, server)
    return "expired"


def _later(client: Client, server: Server) -> None:
    """More than 30 days is no length of time but a date."""
    name = server.key("dated")
    client.set(name, b"x", expire=int(time.time()) + 1000)
    expect(client.get(name), b"x", "get of a key that ends at a date to come")
    client.set(name, b"x", expire=int(time.time()) - 1000)
    expect(client.get(name), None, "get of a key that ended at a date")


@SUITE.check("get and touch")
def _read_and_touch(server: Server) -> str:
    name = server.key("touched")
    with server.client() as client, server.line() as line:
        client.set(name, b"content", expire=500, flags=3)
        reply = line.ask(f"gat 1000 {name}".encode(), b"END\r\n")
        expect(reply, f"VALUE {name} 3 7\r\ncontent\r\n".encode(), "gat")
        alive = line.ask(f"mg {name} t".encode())
        if not 990 <= int(alive.removeprefix(b"HD t")) <= 1001:
            raise AnswerError(f"the key has other than 1000 seconds to live: {alive!r}")
    return digest(reply)
