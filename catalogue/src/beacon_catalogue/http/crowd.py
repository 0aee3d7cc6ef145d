"""Many connections at once, idle ones, and clients that read slowly or not at all."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, suppress

from beacon.workloads.checks import AnswerError, Deadline, at_once
from beacon.workloads.net import Reply, exchange, receive, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.http.raw import GET, LAST_GET, PAUSE, WHOLE, same_page, still_serves
from beacon_catalogue.http.site import Site

SUITE = Suite[Site]()

_MANY = 60
_IDLE = 8
_SHORT = 40
_SMALL_BUFFER = 4 << 10


@SUITE.check("many connections")
def _many(site: Site) -> str | None:
    """All open before the first asks. A server that serves one at a time makes the rest wait."""
    with ExitStack() as stack:
        opened = [stack.enter_context(site.peer.connect()) for _ in range(_MANY)]
        for connection in opened:
            connection.sendall(LAST_GET)
        for connection in opened:
            same_page(site, _whole(site, connection).content)
            connection.close()  # the server may wait for that before it serves the next
    return site.page.mark


def _whole(site: Site, connection: socket.socket) -> Reply:
    return receive(connection, Deadline(site.deadline.left(WHOLE), site.deadline.stop))


@SUITE.check("idle connections")
def _idle(site: Site) -> str | None:
    """Connections that ask for nothing must not keep others from being served."""
    with ExitStack() as stack:
        for _ in range(_IDLE):
            stack.enter_context(site.peer.connect())
        still_serves(site)
    return still_serves(site)


@SUITE.check("short connections")
def _short(site: Site) -> str | None:
    def one(_: int) -> str | None:
        return same_page(site, exchange(site.peer, [LAST_GET], patience=WHOLE).content)

    at_once(one, times=_SHORT, threads=4)
    return site.page.mark


@SUITE.check("slow reader")
def _slow_reader(site: Site) -> str | None:
    """A small window and a pause: the server has to wait until it can send on."""
    with site.peer.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        connection.sendall(LAST_GET)
        time.sleep(4 * PAUSE)
        return same_page(site, _whole(site, connection).content)


@SUITE.check("half-closed connection")
def _half_closed(site: Site) -> None:
    """A client that has said all: servers answer, or take it for gone in the midst of a page."""
    with site.peer.connect() as connection:
        connection.sendall(LAST_GET)
        with suppress(OSError):  # closed by a quick server
            connection.shutdown(socket.SHUT_WR)
        reply = _whole(site, connection)
    if not reply.closed:
        raise AnswerError("a connection that the client closed half stays open")
    still_serves(site)


@SUITE.check("unread answers")
def _unread(site: Site) -> str | None:
    """The client goes while the server answers; some servers find out as they write."""
    for _ in range(5):
        with site.peer.connect() as connection:
            connection.sendall(GET * 5)
            connection.recv(1)
        reset(site.peer, GET * 5)
    return still_serves(site)
