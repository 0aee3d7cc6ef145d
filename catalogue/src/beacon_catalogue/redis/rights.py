"""Who may do what, functions that stay, and what the server tells of its own health."""

from __future__ import annotations

from contextlib import suppress

from redis import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.redis.raw import raw
from beacon_catalogue.redis.server import PREFIX, Server, call, changed, expect, facts, key, until

SUITE = Suite[Server]()

_USER, _LIBRARY = "beacon-check", "beaconcheck"
_FUNCTION = (
    f"#!lua name={_LIBRARY}\n"
    f"redis.register_function('{_LIBRARY}', function(keys, args)\n"
    "  redis.call('SET', keys[1], args[1])\n  return redis.call('STRLEN', keys[1])\nend)"
)
#: Of its own accord it ends after all, so that an abandoned one does not block the server for ever.
_ENDLESS = "local n = 0; while n < 1e9 do n = n + 1 end"


@SUITE.check("ACL")
def _acl(server: Server) -> str:
    with server.client() as client, server.client() as guest:
        call(client, "ACL", "SETUSER", _USER, "reset", "on", ">secret", f"~{PREFIX}*", "+get")
        try:
            expect(call(guest, "AUTH", _USER, "secret"), b"OK", "AUTH")
            expect(call(guest, "GET", key("none")), None, "an allowed GET")
            _refused(guest, "SET", key("none"), "x")
            _refused(guest, "GET", "another")
            _refused(guest, "ACL", "WHOAMI")
            if _USER.encode() not in call(client, "ACL", "USERS"):
                raise AnswerError("ACL USERS does not have the user")
            call(client, "ACL", "LOG", 10)
        finally:
            call(client, "ACL", "DELUSER", _USER)
    return "guest kept in bounds"


def _refused(guest: Redis, *command: str) -> None:
    try:
        call(guest, *command)
    except NoPermissionError:
        return
    raise AnswerError(f"{command[0]} was accepted from one who may not")


def _known(client: Redis, *command: str) -> bool:
    """Whether a command that came with Redis 7 was done; False if the server is older."""
    try:
        call(client, *command)
    except ResponseError as error:
        if "unknown" in str(error).lower():
            return False
        raise
    return True


@SUITE.check("functions")
def _functions(server: Server) -> str:
    with server.client() as client:
        if not _known(client, "FUNCTION", "LOAD", "REPLACE", _FUNCTION):
            return "none"
        try:
            expect(call(client, "FCALL", _LIBRARY, 1, key("function"), "seven"), 5, "FCALL")
            expect(call(client, "GET", key("function")), b"seven", "what the function set")
            frozen = call(client, "FUNCTION", "DUMP")
            call(client, "FUNCTION", "DELETE", _LIBRARY)
            call(client, "FUNCTION", "RESTORE", frozen, "REPLACE")
            expect(call(client, "FCALL", _LIBRARY, 1, key("function"), "six"), 3, "FCALL again")
        finally:
            with suppress(RedisError):
                call(client, "FUNCTION", "DELETE", _LIBRARY)
    return "called"


@SUITE.check("script without an end")
def _slow_script(server: Server) -> str:
    """A script without an end: others are told that the server is busy, and may end it."""
    with server.client() as client, changed(client, "lua-time-limit", "50"):
        with raw(server) as looping:
            looping.say("EVAL", _ENDLESS, "0")
            until(lambda: _killed(client), server, "the script", 4.0)
            expect(looping.line()[:1], "-", "the answer of a killed script")
        expect(call(client, "PING"), b"PONG", "PING after the script")
    return "killed"


def _killed(client: Redis) -> bool:
    """Whether a script ran and was killed; before its time limit, a server answers nobody."""
    try:
        return bool(call(client, "SCRIPT", "KILL") == b"OK")
    except ResponseError as error:
        if "No scripts in execution" in str(error):
            return False
        raise


@SUITE.check("health")
def _health(server: Server) -> str:
    with server.client() as client, changed(client, "latency-monitor-threshold", "1"):
        for command in (("MEMORY", "DOCTOR"), ("MEMORY", "MALLOC-STATS"), ("LATENCY", "DOCTOR")):
            if not call(client, *command):
                raise AnswerError(f"{' '.join(command)} says nothing")
        call(client, "MEMORY", "PURGE")
        call(client, "LATENCY", "LATEST")
        _known(client, "LATENCY", "HISTOGRAM", "get")
        expect(b"peak.allocated" in call(client, "MEMORY", "STATS"), True, "a peak in MEMORY STATS")
        expect(call(client, "ROLE")[0] in (b"master", b"slave"), True, "ROLE is one of two")
        seconds, _ = call(client, "TIME")
        expect(int(call(client, "LASTSAVE")) <= int(seconds), True, "LASTSAVE before TIME")
    return "told"


@SUITE.check("introduction")
def _introduction(server: Server) -> str:
    with server.client() as client:
        told = call(client, "HELLO", 2)
        version = told[told.index(b"version") + 1]
        expect(version.decode(), facts(client, "server")["redis_version"], "the version by HELLO")
        count = call(client, "COMMAND", "COUNT")
        expect(len(call(client, "COMMAND")), count, "the commands by COMMAND")
        expect(call(client, "COMMAND", "GETKEYS", "GET", "a"), [b"a"], "COMMAND GETKEYS")
        _known(client, "COMMAND", "DOCS", "get")
        call(client, "LOLWUT")
    return str(count)
