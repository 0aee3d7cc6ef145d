"""Clients that wait for what others do: patterns, events, tracking, MONITOR, and time limits."""

from __future__ import annotations

import time
from typing import Any

from redis import Redis

from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.redis.raw import raw
from beacon_catalogue.redis.server import Server, call, changed, expect, facts, key, until

SUITE = Suite[Server]()

_MANY = 20_000
_BATCH = 2_000
_MESSAGES = 50


def _next(subscription: Any, kind: str) -> Any:
    """The data of the next message of this kind; AnswerError if there is none among the next."""
    for _ in range(_MESSAGES):
        message = subscription.get_message(timeout=1.0)
        if isinstance(message, dict) and message.get("type") == kind:
            return message.get("data")
    raise AnswerError(f"no {kind} came")


@SUITE.check("patterns")
def _patterns(server: Server) -> str:
    with server.client() as speaker, server.client() as listener, listener.pubsub() as heard:
        heard.psubscribe(key("pattern:*"))
        _next(heard, "psubscribe")
        expect(call(speaker, "PUBLISH", key("pattern:a"), "news"), 1, "listeners to PUBLISH")
        expect(_next(heard, "pmessage"), b"news", "the message")
        heard.punsubscribe()
        _next(heard, "punsubscribe")
        expect(call(speaker, "PUBLISH", key("pattern:a"), "more"), 0, "listeners afterwards")
    return "delivered"


@SUITE.check("events of keys")
def _events(server: Server) -> str:
    """What happens to keys, told to those who listen; an expiry too."""
    with (
        server.client() as client,
        server.client() as listener,
        listener.pubsub() as heard,
        changed(client, "notify-keyspace-events", "KEA"),
    ):
        heard.subscribe(f"__keyspace@0__:{key('event')}")
        _next(heard, "subscribe")
        call(client, "SET", key("event"), "x", "PX", 50)
        told = [_next(heard, "message") for _ in range(3)]
    expect(told, [b"set", b"expire", b"expired"], "the events of a key")
    return "set, expire, expired"


@SUITE.check("tracking")
def _tracking(server: Server) -> str:
    with server.client() as listener, server.client() as writer, listener.pubsub() as heard:
        heard.subscribe("__redis__:invalidate")
        _next(heard, "subscribe")
        number = str(_number(writer))
        with raw(server) as reading:
            reading.must("+OK", "CLIENT", "TRACKING", "on", "REDIRECT", number)
            reading.must("$", "GET", key("tracked"))
            call(writer, "SET", key("tracked"), "new")
            expect(_next(heard, "message"), [key("tracked").encode()], "the invalidated keys")
    return "invalidated"


def _number(asker: Redis) -> int:
    """The id of the latest connection that subscribed: it cannot ask for itself."""
    lines = bytes(call(asker, "CLIENT", "LIST", "TYPE", "pubsub")).decode("utf-8", "replace")
    numbers = [int(line.split(" ")[0].removeprefix("id=")) for line in lines.splitlines()]
    if not numbers:
        raise AnswerError("CLIENT LIST does not have the listener")
    return max(numbers)


@SUITE.check("MONITOR")
def _monitor(server: Server) -> str:
    with server.client() as watched, raw(server) as watching:
        watching.must("+OK", "MONITOR")
        call(watched, "GET", key("monitored"))
        watching.follow(key("monitored").encode())
    return "seen"


@SUITE.check("time limits")
def _time_limits(server: Server) -> str:
    """Waiting for what never comes ends when it was said to."""
    waits = (("BLPOP", key("n"), "0.1"), ("BZPOPMIN", key("n"), "0.1"),
             ("BLMOVE", key("n"), key("m"), "LEFT", "LEFT", "0.1"),
             ("XREAD", "BLOCK", "100", "STREAMS", key("n"), "$"))  # fmt: skip
    with server.client() as client:
        for command in waits:
            started = time.monotonic()
            expect(call(client, *command), None, command[0])
            if time.monotonic() - started < 0.05:
                raise AnswerError(f"{command[0]} did not wait")
    return ", ".join(command[0] for command in waits)


@SUITE.check("pause and kill")
def _paused(server: Server) -> str:
    with server.client() as client, server.client() as other:
        call(client, "CLIENT", "PAUSE", 150, "WRITE")
        expect(call(other, "SET", key("paused"), "x"), b"OK", "SET during a pause")
        call(client, "CLIENT", "UNPAUSE")
        call(other, "CLIENT", "SETNAME", "beacon-victim")
        lines = bytes(call(client, "CLIENT", "LIST")).decode("utf-8", "replace").splitlines()
        victims = [line.split(" ")[0][3:] for line in lines if " name=beacon-victim " in line]
        expect([call(client, "CLIENT", "KILL", "ID", one) for one in victims], [1], "CLIENT KILL")
    return "paused, killed"


@SUITE.check("large collections")
def _large(server: Server) -> str:
    """Collections that change their encoding, and that another thread frees."""
    with server.client() as client:
        for start in range(0, _MANY, _BATCH):
            members = [str(number) for number in range(start, start + _BATCH)]
            call(client, "RPUSH", key("large-list"), *members)
            call(client, "SADD", key("large-set"), *members)
        expect(call(client, "LRANGE", key("large-list"), -1, -1), [b"19999"], "the last of a list")
        expect(call(client, "SCARD", key("large-set")), _MANY, "members of a set")
        call(client, "SORT", key("large-list"), "DESC", "STORE", key("large-sorted"))
        expect(call(client, "LINDEX", key("large-sorted"), 0), b"19999", "the first when sorted")
        expect(call(client, "UNLINK", key("large-list"), key("large-set")), 2, "UNLINK")
        until(lambda: facts(client, "memory")["lazyfree_pending_objects"] == "0", server, "UNLINK")
    return str(_MANY)
