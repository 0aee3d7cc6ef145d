"""What Redis does besides holding data: transactions, scripts, messages, many and odd clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event, Thread

from redis.exceptions import AuthenticationError, ResponseError, WatchError

from beacon.workloads.checks import AnswerError, at_once, digest
from beacon.workloads.redis_server import Server, call, changed, expect, facts, key, ours, setting
from beacon.workloads.wire import exchange

#: Every byte value, 1 MiB long.
_BINARY = bytes(range(256)) * 4096
_MANY = 1000
_CLIENTS = 50
_LUA = "redis.call('SET', KEYS[1], ARGV[1]); return {redis.call('GET', KEYS[1]), 7}"


def _binary(server: Server) -> str:
    with server.client() as client:
        call(client, "SET", key("binary"), _BINARY)
        content = call(client, "GET", key("binary"))
    expect(digest(content), digest(_BINARY), "the digest of 1 MiB after SET and GET")
    return digest(content)


def _transaction(server: Server) -> str:
    with server.client() as client, server.client() as rival:
        name = key("watched")
        with client.pipeline(transaction=True) as block:
            block.set(name, "1").incr(name)
            expect(block.execute(), [b"OK", 2], "MULTI, SET, INCR, EXEC")
            block.watch(name)
            call(rival, "SET", name, "9")
            block.multi()
            block.incr(name)
            try:
                block.execute()
            except WatchError:
                return "conflict seen"
    raise AnswerError("EXEC went through although a watched key had changed")


def _pipeline(server: Server) -> str:
    with server.client() as client, client.pipeline(transaction=False) as batch:
        for number in range(_MANY):
            batch.set(key(f"many:{number}"), str(number))
        expect(batch.execute(), [b"OK"] * _MANY, f"{_MANY} SETs in one pipeline")
    return str(_MANY)


def _scan(server: Server) -> str:
    with server.client() as client:
        with client.pipeline(transaction=False) as batch:
            for number in range(_MANY):
                batch.set(key(f"scan:{number}"), "x")
            batch.execute()
        prefix = key("scan:").encode()
        found = {name for name in ours(client) if name.startswith(prefix)}
    expect(len(found), _MANY, "keys found by SCAN")
    return str(_MANY)


def _script(server: Server) -> str:
    with server.client() as client:
        expect(call(client, "EVAL", _LUA, 1, key("lua"), "hello"), [b"hello", 7], "EVAL")
        name = call(client, "SCRIPT", "LOAD", _LUA)
        expect(call(client, "EVALSHA", name, 1, key("lua"), "again"), [b"again", 7], "EVALSHA")
    return bytes(name).decode("ascii")


def _messages(server: Server) -> str:
    with server.client() as speaker, server.client() as listener, listener.pubsub() as subscription:
        subscription.subscribe(key("channel"))
        expect(_next(subscription.get_message(timeout=2.0)), 1, "SUBSCRIBE")
        expect(call(speaker, "PUBLISH", key("channel"), "news"), 1, "listeners to PUBLISH")
        expect(_next(subscription.get_message(timeout=2.0)), b"news", "the message")
    return "delivered"


def _next(message: object) -> object:
    return message.get("data") if isinstance(message, dict) else None


def _blocking(server: Server) -> str:
    started = Event()

    def push() -> None:
        started.wait(2.0)
        with server.client() as client:
            call(client, "RPUSH", key("queue"), "job")

    thread = Thread(target=push, daemon=True)
    thread.start()
    with server.client() as client:
        started.set()
        reply = call(client, "BLPOP", key("queue"), 2)
    thread.join(2.0)
    expect(reply, [key("queue").encode(), b"job"], "BLPOP")
    return "delivered"


def _dump(server: Server) -> str:
    with server.client() as client:
        call(client, "SET", key("dumped"), "content")
        frozen = call(client, "DUMP", key("dumped"))
        expect(call(client, "RESTORE", key("restored"), 0, frozen, "REPLACE"), b"OK", "RESTORE")
        expect(call(client, "GET", key("restored")), b"content", "the restored key")
        if call(client, "MEMORY", "USAGE", key("restored")) <= 0:
            raise AnswerError("MEMORY USAGE answered no positive number")
    return digest(frozen)


def _settings(server: Server) -> str:
    with server.client() as client:
        with changed(client, "maxmemory-samples", "7"):
            expect(setting(client, "maxmemory-samples"), b"7", "CONFIG GET")
        with (
            changed(client, "maxmemory", "1gb"),
            changed(client, "maxmemory-policy", "allkeys-lru"),
        ):
            expect(call(client, "SET", key("limited"), "x"), b"OK", "SET under maxmemory")
    return "set and put back"


def _slow_log(server: Server) -> str:
    with server.client() as client, changed(client, "slowlog-log-slower-than", "0"):
        call(client, "GET", key("slow"))
        entries = call(client, "SLOWLOG", "GET", 10)
    if not any([b"GET", key("slow").encode()] == entry[3] for entry in entries):
        raise AnswerError("SLOWLOG does not have the command that was just sent")
    return "logged"


def _facts(server: Server) -> str:
    with server.client() as client:
        call(client, "CLIENT", "SETNAME", "beacon-check")
        if b" name=beacon-check " not in call(client, "CLIENT", "LIST"):
            raise AnswerError("CLIENT LIST does not have this client")
        call(client, "INFO", "everything")
        return facts(client, "server")["redis_version"]


def _crowd(server: Server) -> str:
    clients = [server.client() for _ in range(_CLIENTS)]
    try:
        call(clients[0], "DEL", key("crowd"))
        at_once(lambda number: call(clients[number], "INCR", key("crowd")), _CLIENTS, threads=10)
        expect(
            call(clients[0], "GET", key("crowd")), str(_CLIENTS).encode(), "the sum of all INCRs"
        )
    finally:
        for client in clients:
            client.close()
    return str(_CLIENTS)


def _stranger(server: Server) -> str:
    with server.client() as client:
        try:
            call(client, "AUTH", "beacon", "a wrong password")
        except ResponseError:
            return "refused"
        except Exception as error:  # redis-py makes some refusals connection errors
            if type(error).__name__ in (
                "AuthenticationError",
                "AuthenticationWrongNumberOfArgsError",
            ):
                return "refused"
            raise
    raise AnswerError("AUTH with a wrong password was accepted")


def _errors(server: Server) -> str:
    with server.client() as client:
        call(client, "RPUSH", key("a-list"), "x")
        for command in (("BEACON",), ("GET",), ("INCR", key("a-list"))):
            try:
                call(client, *command)
            except ResponseError:
                continue
            raise AnswerError(f"{' '.join(command)} was accepted")
        expect(call(client, "PING"), b"PONG", "PING after errors")
    return "3 refused"


def _malformed(server: Server) -> str:
    reply = exchange(server.peer, [b"*1\r\n$-7\r\nbeacon\r\n"])
    if not reply.content.startswith(b"-"):
        raise AnswerError(f"a broken request was {reply.manner}, not refused")
    inline = exchange(server.peer, [b"PING\r\nQUIT\r\n"]).content
    expect(inline, b"+PONG\r\n+OK\r\n", "inline PING and QUIT")
    return "refused"


def _flush(server: Server) -> str:
    """Only a database that was empty is flushed: a mounted volume may hold the user's keys."""
    with server.client(database=1) as client:
        if call(client, "DBSIZE") != 0:
            return "database 1 is in use"
        for command in (("FLUSHDB",), ("FLUSHDB", "ASYNC")):
            call(client, "SET", key("flushed"), "x")
            expect(call(client, *command), b"OK", "FLUSHDB")
            expect(call(client, "DBSIZE"), 0, "DBSIZE after FLUSHDB")
    return "flushed"


CHECKS: Mapping[str, Callable[[Server], str | None]] = {
    "1 MiB of binary": _binary,
    "transaction": _transaction,
    "pipeline": _pipeline,
    "SCAN": _scan,
    "Lua": _script,
    "publish and subscribe": _messages,
    "blocking pop": _blocking,
    "DUMP and RESTORE": _dump,
    "settings": _settings,
    "slow log": _slow_log,
    "INFO and CLIENT LIST": _facts,
    "parallel clients": _crowd,
    "wrong password": _stranger,
    "errors": _errors,
    "malformed request": _malformed,
    "flush": _flush,
}
