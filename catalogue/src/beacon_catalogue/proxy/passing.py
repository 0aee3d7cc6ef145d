"""Requests that a proxy passes on: methods, bodies, caching, and origins that misbehave."""

from __future__ import annotations

import http.client
import socket
from contextlib import suppress

from beacon.workloads.checks import AnswerError, at_once, digest
from beacon.workloads.net import exchange as raw_exchange
from beacon.workloads.suite import Suite
from beacon_catalogue.proxy.client import REFUSED, Answer, Client, exchange

SUITE = Suite[Client]()
_BODY = bytes(range(256)) * 1024
_CLIENTS, _THREADS = 40, 8


def _content(answer: Answer) -> str:
    return f"{answer.status} {digest(answer.body)}"


def _answered(answer: Answer) -> str:
    """What it says by itself: not which way it fails, for that may depend on the moment."""
    if not answer.own or answer.status < 400:
        raise AnswerError(f"it answered {answer.status}, where no origin is")
    return "refused" if answer.status in REFUSED else "failed"


@SUITE.check("GET")
def _get(client: Client) -> str:
    return _content(client.passed("GET", "/"))


@SUITE.check("HEAD")
def _head(client: Client) -> str:
    return _content(client.passed("HEAD", "/"))


@SUITE.check("POST")
def _post(client: Client) -> str:
    return _content(client.passed("POST", "/echo", _BODY))


@SUITE.check("PUT, DELETE, OPTIONS")
def _methods(client: Client) -> str:
    answers = (client.ask(method, client.url("/other")) for method in ("PUT", "DELETE", "OPTIONS"))
    return ", ".join(str(answer.status) for answer in answers)


@SUITE.check("large answer")
def _large(client: Client) -> str:
    return _content(client.passed("GET", "/large"))


@SUITE.check("chunked answer")
def _chunked(client: Client) -> str:
    return _content(client.passed("GET", "/chunked"))


@SUITE.check("several requests of one connection")
def _keep_alive(client: Client) -> str:
    connection = client.connection()
    try:
        found = [exchange(connection, "GET", client.url(f"/{number}")) for number in range(3)]
    except http.client.HTTPException:
        return "one each"
    finally:
        connection.close()
    return ", ".join(map(_content, found))


@SUITE.check("cached answer")
def _cached(client: Client) -> str:
    """Whether its cache or the origin answers: the same content."""
    return ", ".join(_content(client.passed("GET", "/cached")) for _ in range(3))


@SUITE.check("validation")
def _validation(client: Client) -> str:
    client.passed("GET", "/cached", Cache_Control="no-cache")
    answer = client.ask("GET", client.url("/cached"), If_None_Match='"beacon"')
    return str(answer.status)  # its cache's, or the origin's


@SUITE.check("origin that breaks off")
def _broken(client: Client) -> str:
    with suppress(http.client.HTTPException, OSError):  # it may tell the client by the same means
        client.ask("GET", client.url("/broken"))
    return _content(client.passed("GET", "/"))


@SUITE.check("origin that is not there")
def _nobody(client: Client) -> str:
    with socket.socket(
        socket.AF_INET6 if ":" in client.peer.own_address() else socket.AF_INET
    ) as free:
        free.bind((client.peer.own_address(), 0))  # bound and not listening: it refuses
        host = client.origin.location.rpartition(":")[0]
        return _answered(client.ask("GET", f"http://{host}:{free.getsockname()[1]}/"))


@SUITE.check("origin without an address")
def _unknown(client: Client) -> str:
    """A name that nobody has; who waits for a name server longer than we do has asked it."""
    try:
        return _answered(client.ask("GET", "http://origin.invalid/"))
    except TimeoutError:
        return "failed"


@SUITE.check("tunnel")
def _tunnel(client: Client) -> str:
    """CONNECT to the origin; a proxy may allow that for ports of HTTPS alone."""
    connection = client.connection()
    host, _, port = client.origin.location.rpartition(":")
    connection.set_tunnel(host.strip("[]"), int(port))
    try:
        return _content(exchange(connection, "GET", "/tunnelled"))
    except OSError as error:
        if "Tunnel connection failed" not in str(error):
            raise
        return "refused"
    finally:
        connection.close()


@SUITE.check("tunnel to nobody")
def _dead_tunnel(client: Client) -> str:
    """To the port of HTTPS inside, where hardly anybody listens."""
    reply = raw_exchange(
        client.peer, [b"CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"]
    )
    return reply.manner


@SUITE.check("pages of its own")
def _own(client: Client) -> str:
    """What it answers to those who take it for a web server."""
    return "answered" if client.ask("GET", "/").status else "silent"


@SUITE.check("parallel clients")
def _crowd(client: Client) -> str:
    found = at_once(lambda n: _content(client.passed("GET", f"/{n}")), _CLIENTS, _THREADS)
    return ", ".join(sorted(set(found)))
