"""What Redis does besides holding data: transactions, scripts, settings, telling of itself."""

from __future__ import annotations

from redis.exceptions import ResponseError, WatchError

from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.redis.server import Server, call, changed, expect, facts, key, ours, setting

SUITE = Suite[Server]()

#: Every byte value, 1 MiB long.
_BINARY = bytes(range(256)) * 4096
_MANY = 1000
#: So much that nothing is evicted from a volume that the user mounted.
_PLENTY = "1024gb"
_LUA = "redis.call('SET', KEYS[1], ARGV[1]); return {redis.call('GET', KEYS[1]), 7}"


@SUITE.check("1 MiB of binary")
def _binary(server: Server) -> str:
    with server.client() as client:
        call(client, "SET", key("binary"), _BINARY)
        content = call(client, "GET", key("binary"))
    expect(digest(content), digest(_BINARY), "the digest of 1 MiB after SET and GET")
    return digest(content)


@SUITE.check("transaction")
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


@SUITE.check("pipeline")
def _pipeline(server: Server) -> str:
    with server.client() as client, client.pipeline(transaction=False) as batch:
        for number in range(_MANY):
            batch.set(key(f"many:{number}"), str(number))
        expect(batch.execute(), [b"OK"] * _MANY, f"{_MANY} SETs in one pipeline")
    return str(_MANY)


@SUITE.check("SCAN")
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


@SUITE.check("Lua")
def _script(server: Server) -> str:
    with server.client() as client:
        expect(call(client, "EVAL", _LUA, 1, key("lua"), "hello"), [b"hello", 7], "EVAL")
        name = call(client, "SCRIPT", "LOAD", _LUA)
        expect(call(client, "EVALSHA", name, 1, key("lua"), "again"), [b"again", 7], "EVALSHA")
    return bytes(name).decode("ascii")


@SUITE.check("DUMP and RESTORE")
def _dump(server: Server) -> str:
    with server.client() as client:
        call(client, "SET", key("dumped"), "content")
        frozen = call(client, "DUMP", key("dumped"))
        expect(call(client, "RESTORE", key("restored"), 0, frozen, "REPLACE"), b"OK", "RESTORE")
        expect(call(client, "GET", key("restored")), b"content", "the restored key")
        if call(client, "MEMORY", "USAGE", key("restored")) <= 0:
            raise AnswerError("MEMORY USAGE answered no positive number")
    return digest(frozen)


@SUITE.check("settings")
def _settings(server: Server) -> str:
    with server.client() as client:
        with changed(client, "maxmemory-samples", "7"):
            expect(setting(client, "maxmemory-samples"), b"7", "CONFIG GET")
        with (
            changed(client, "maxmemory", _PLENTY),
            changed(client, "maxmemory-policy", "allkeys-lru"),
        ):
            expect(call(client, "SET", key("limited"), "x"), b"OK", "SET under maxmemory")
    return "set and put back"


@SUITE.check("slow log")
def _slow_log(server: Server) -> str:
    with server.client() as client, changed(client, "slowlog-log-slower-than", "0"):
        call(client, "GET", key("slow"))
        entries = call(client, "SLOWLOG", "GET", 10)
    if not any([b"GET", key("slow").encode()] == entry[3] for entry in entries):
        raise AnswerError("SLOWLOG does not have the command that was just sent")
    return "logged"


@SUITE.check("INFO and CLIENT LIST")
def _facts(server: Server) -> str:
    with server.client() as client:
        call(client, "CLIENT", "SETNAME", "beacon-check")
        if b" name=beacon-check " not in call(client, "CLIENT", "LIST"):
            raise AnswerError("CLIENT LIST does not have this client")
        call(client, "INFO", "everything")
        return facts(client, "server")["redis_version"]


@SUITE.check("flush")
def _flush(server: Server) -> str:
    """Only a database that was empty is flushed: a mounted volume may hold the user's keys."""
    with server.client(database=1) as client:
        try:
            if call(client, "DBSIZE") != 0:
                return "database 1 is in use"
        except ResponseError:  # there is but one, by choice or in a cluster
            return "no other database"
        for command in (("FLUSHDB",), ("FLUSHDB", "ASYNC")):
            call(client, "SET", key("flushed"), "x")
            expect(call(client, *command), b"OK", "FLUSHDB")
            expect(call(client, "DBSIZE"), 0, "DBSIZE after FLUSHDB")
    return "flushed"
