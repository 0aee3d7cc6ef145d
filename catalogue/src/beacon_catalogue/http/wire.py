"""What odd, slow and old clients do to a web server, by plain sockets."""

from __future__ import annotations

from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.http.raw import (
    GET,
    LAST_GET,
    PAUSE,
    WHOLE,
    answers,
    head,
    request,
    same_page,
    still_serves,
    survives,
)
from beacon_catalogue.http.site import Site

SUITE = Suite[Site]()

_PIPELINED = 3
_LONG = 32 << 10


@SUITE.check("HTTP/1.0")
def _old(site: Site) -> str | None:
    old = request("GET / HTTP/1.0")
    return same_page(site, exchange(site.peer, [old], patience=WHOLE).content)


@SUITE.check("slow client")
def _slow(site: Site) -> str | None:
    size = -(-len(LAST_GET) // 4)
    pieces = [LAST_GET[start : start + size] for start in range(0, len(LAST_GET), size)]
    return same_page(site, exchange(site.peer, pieces, pause=4 * PAUSE, patience=WHOLE).content)


@SUITE.check("slow headers")
def _slow_headers(site: Site) -> str | None:
    """A line at a time; and once more, given up before the end."""
    lines = LAST_GET.splitlines(keepends=True)
    fillers = [b"X-Beacon-%d: %d\r\n" % (number, number) for number in range(4)]
    pieces = [*lines[:-1], *fillers, lines[-1]]
    mark = same_page(site, exchange(site.peer, pieces, pause=PAUSE, patience=WHOLE).content)
    with site.peer.connect() as connection:
        connection.sendall(b"".join(pieces[:-1]))
    still_serves(site)
    return mark


@SUITE.check("pipelining")
def _pipelining(site: Site) -> str:
    """Some servers take one request at a time and close on more."""
    requests = GET * (_PIPELINED - 1) + LAST_GET
    found = answers(exchange(site.peer, [requests], patience=WHOLE).content)
    for answer in found:
        site.same(answer.status, answer.body)
    still_serves(site)
    return f"{len(found)} of {_PIPELINED} answered"


@SUITE.check("pipelined methods")
def _pipelined_methods(site: Site) -> str | None:
    """Several methods in a row; what comes after the first answer is the server's choice."""
    form = head("POST / HTTP/1.1", "Content-Length: 8") + b"beacon=1"
    options = head("OPTIONS / HTTP/1.1")
    return survives(site, form + options + LAST_GET)


@SUITE.check("malformed request")
def _malformed(site: Site) -> str | None:
    return survives(site, b"\x00\xff beacon \xfe\r\n\r\n")


@SUITE.check("long target")
def _long_target(site: Site) -> str | None:
    return survives(site, request(f"GET /{'a' * _LONG} HTTP/1.1"))


@SUITE.check("long header")
def _long_header(site: Site) -> str | None:
    return survives(site, request("GET / HTTP/1.1", f"X-Beacon: {'a' * _LONG}"))


@SUITE.check("many headers")
def _many_headers(site: Site) -> str | None:
    return survives(site, request("GET / HTTP/1.1", *(f"X-Beacon-{n}: {n}" for n in range(300))))


@SUITE.check("reset")
def _reset(site: Site) -> str | None:
    for piece in (b"GET / HT", GET):
        reset(site.peer, piece)
    return still_serves(site)
