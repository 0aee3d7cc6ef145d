"""Redis and its clients: messages between them, many of them, and odd ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from redis.exceptions import AuthenticationError, ResponseError

from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.net import exchange
from beacon.workloads.suite import Suite
from beacon_catalogue.redis.server import Server, call, expect, facts, key, until

SUITE = Suite[Server]()

_CLIENTS = 50


@SUITE.check("publish and subscribe")
def _messages(server: Server) -> str:
    with server.client() as speaker, server.client() as listener, listener.pubsub() as subscription:
        subscription.subscribe(key("channel"))
        expect(_next(subscription.get_message(timeout=2.0)), 1, "SUBSCRIBE")
        expect(call(speaker, "PUBLISH", key("channel"), "news"), 1, "listeners to PUBLISH")
        expect(_next(subscription.get_message(timeout=2.0)), b"news", "the message")
    return "delivered"


def _next(message: object) -> object:
    return message.get("data") if isinstance(message, dict) else None


@SUITE.check("blocking pop")
def _blocking(server: Server) -> str:
    with ThreadPoolExecutor(1) as pool, server.client() as client:
        pushed = pool.submit(_push, server)
        reply = call(client, "BLPOP", key("queue"), 3)
        pushed.result()
    expect(reply, [key("queue").encode(), b"job"], "BLPOP")
    return "delivered"


def _push(server: Server) -> None:
    """Push a job once another client is blocked: only then does the server have to wake it."""
    with server.client() as client:
        until(lambda: facts(client, "clients")["blocked_clients"] != "0", server, "BLPOP", 2.0)
        call(client, "RPUSH", key("queue"), "job")


@SUITE.check("parallel clients")
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


@SUITE.check("wrong password")
def _stranger(server: Server) -> str:
    with server.client() as client:
        try:
            call(client, "AUTH", "beacon", "a wrong password")
        except (ResponseError, AuthenticationError):
            return "refused"
    raise AnswerError("AUTH with a wrong password was accepted")


@SUITE.check("errors")
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


@SUITE.check("malformed request")
def _malformed(server: Server) -> str:
    reply = exchange(server.peer, [b"*1\r\n$-7\r\nbeacon\r\n"])
    if not reply.content.startswith(b"-"):
        raise AnswerError(f"a broken request was {reply.manner}, not refused")
    known = f"AUTH {server.password}\r\n" if server.password else ""
    inline = exchange(server.peer, [f"{known}PING\r\nQUIT\r\n".encode()]).content
    expect(inline, b"+OK\r\n" * bool(known) + b"+PONG\r\n+OK\r\n", "inline PING and QUIT")
    return "refused"
