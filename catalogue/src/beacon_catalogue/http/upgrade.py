"""Other protocols on the same port: HTTP/2 and WebSocket, taken up or declined."""

from __future__ import annotations

import base64
import hashlib

from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.net import exchange
from beacon.workloads.suite import Suite
from beacon_catalogue.http.raw import PATIENCE, converse, head, still_serves
from beacon_catalogue.http.site import Answer, Site, told

SUITE = Suite[Site]()

_KEY = base64.b64encode(b"beacon's own key").decode()
#: RFC 6455, section 1.3.
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#: RFC 9113, section 3.4, with an empty SETTINGS frame.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_SETTINGS = 4
_STREAMS = 12


def multiplexed(site: Site) -> str | None:
    """The page many times over one HTTP/2 connection, also by HEAD and after a POST."""
    with site.client(http2=True) as client:

        def one(_: int) -> Answer:
            return site.ask_by(client, "GET", "/")

        for answer in at_once(one, times=_STREAMS, threads=4):
            site.same(answer.status, answer.body)
        first = site.ask_by(client, "HEAD", "/")
        site.ask_by(client, "POST", "/", {"Content-Type": "text/plain"}, b"b" * 10_000)
        site.same(first.status, site.ask_by(client, "GET", "/").body)
    return site.page.mark


@SUITE.check("HTTP/2 by prior knowledge")
def _prior_knowledge(site: Site) -> str | None:
    content = exchange(site.peer, [_PREFACE], patience=PATIENCE / 2).content
    if content[3:4] != bytes((_SETTINGS,)):
        return f"not spoken {still_serves(site)}"
    return multiplexed(site)


@SUITE.check("upgrade to HTTP/2")
def _upgrade_to_http2(site: Site) -> str:
    # Two settings (100 streams, a window of 65535 bytes) as RFC 7540, section 3.2.1 wants them.
    headers = ("HTTP2-Settings: AAMAAABkAAQAAP__", "Upgrade: h2c")
    connection = "Connection: Upgrade, HTTP2-Settings"
    return _told(site, converse(site, head("GET / HTTP/1.1", connection, *headers)))


@SUITE.check("WebSocket")
def _websocket(site: Site) -> str:
    headers = (f"Sec-WebSocket-Key: {_KEY}", "Sec-WebSocket-Version: 13", "Upgrade: websocket")
    answer = converse(site, head("GET / HTTP/1.1", "Connection: Upgrade", *headers))
    proof = hashlib.sha1((_KEY + _GUID).encode(), usedforsecurity=False).digest()
    proven = answer.headers.get("sec-websocket-accept") == base64.b64encode(proof).decode()
    if answer.status == 101 and not proven:
        raise AnswerError("a WebSocket is opened without the proof that it was asked for")
    return _told(site, answer)


@SUITE.check("unknown upgrade")
def _unknown(site: Site) -> str:
    headers = ("Connection: Upgrade", "Upgrade: beacon/1")
    return _told(site, converse(site, head("GET / HTTP/1.1", *headers)))


def _told(site: Site, answer: Answer) -> str:
    value = told(site, answer)
    still_serves(site)
    return value
