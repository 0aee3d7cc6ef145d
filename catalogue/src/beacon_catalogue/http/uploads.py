"""Bodies that clients send: in chunks, in parts, large, slow, announced, broken off."""

from __future__ import annotations

import gzip
from functools import partial

from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.http.raw import PATIENCE, PAUSE, first, head, request, still_serves, survives
from beacon_catalogue.http.site import Site

_POST = "POST / HTTP/1.1"
_FORM = "Content-Type: application/x-www-form-urlencoded"
_UPLOAD = 256 << 10
_LARGE = 4 << 20
_BOUNDARY = "beacon-boundary"


def _sized(size: int) -> bytes:
    return request(_POST, f"Content-Length: {size}", body=b"b" * size)


def _large(size: int, site: Site) -> None:
    """No value: an early answer may get lost in the reset that follows it."""
    survives(site, _sized(size))


def _slow(site: Site) -> str | None:
    start = request(_POST, _FORM, "Content-Length: 8")
    return survives(site, start, b"bea", b"con", b"=1")


def _chunks(*pieces: bytes) -> tuple[bytes, ...]:
    return tuple(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def _chunked(site: Site) -> str | None:
    start = request(_POST, _FORM, "Transfer-Encoding: chunked")
    return survives(site, start, *_chunks(b"beacon", b"=1&more=", b"m" * 20_000), b"0\r\n\r\n")


def _trailers(site: Site) -> str | None:
    start = request(_POST, _FORM, "Transfer-Encoding: chunked", "Trailer: X-Beacon")
    end = b"0;extension=1\r\nX-Beacon: 1\r\n\r\n"
    return survives(site, start + b"".join(_chunks(b"beacon=1")) + end)


def _multipart(site: Site) -> str | None:
    def part(name: str, more: str, content: bytes) -> bytes:
        lines = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
        return lines.encode() + content + b"\r\n"

    body = part("field", "", b"value") + part("file", '; filename="beacon.bin"', bytes(8000))
    body += f"--{_BOUNDARY}--\r\n".encode()
    kind = f"Content-Type: multipart/form-data; boundary={_BOUNDARY}"
    return survives(site, request(_POST, kind, f"Content-Length: {len(body)}", body=body))


def _packed(site: Site) -> str | None:
    body = gzip.compress(b"beacon=1&" * 100, mtime=0)
    headers = (_FORM, "Content-Encoding: gzip", f"Content-Length: {len(body)}")
    return survives(site, request(_POST, *headers, body=body))


def _expect(site: Site) -> str:
    """Whether the server says to go on is its choice; in the end it must answer."""
    start = request(_POST, _FORM, "Content-Length: 8", "Expect: 100-continue")
    content = exchange(site.peer, [start, b"beacon=1"], pause=4 * PAUSE, patience=PATIENCE).content
    went_on = content.startswith((b"HTTP/1.1 100", b"HTTP/1.0 100"))
    status = str(first(content).status)
    still_serves(site)
    return f"100, then {status}" if went_on else status


def _unknown_expectation(site: Site) -> str | None:
    return survives(site, request("GET / HTTP/1.1", "Expect: beacon"))


def _broken_off(site: Site) -> str | None:
    """With a length and in chunks; once reset, once closed."""
    for kind in ("Content-Length: 1000", "Transfer-Encoding: chunked"):
        start = head(_POST, _FORM, kind) + b"3e8\r\nbeacon"
        reset(site.peer, start)
        with site.peer.connect() as connection:
            connection.sendall(start)
    return still_serves(site)


SUITE: Suite[Site] = Suite.of(
    {
        "upload": partial(_large, _UPLOAD),
        "large upload": partial(_large, _LARGE),
        "slow upload": _slow,
        "chunked upload": _chunked,
        "chunked upload with a trailer": _trailers,
        "multipart upload": _multipart,
        "packed upload": _packed,
        "Expect: 100-continue": _expect,
        "unknown expectation": _unknown_expectation,
        "broken-off upload": _broken_off,
    }
)
