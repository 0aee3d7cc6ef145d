"""Requests that are wrong in one way each: a server may answer, refuse or close, but not break."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from beacon.workloads.net import HOST
from beacon.workloads.suite import Suite
from beacon_catalogue.http.raw import LAST_GET, head, request, survives
from beacon_catalogue.http.site import Site

_GET = "GET / HTTP/1.1"
_POST = "POST / HTTP/1.1"
_CHUNKED = "Transfer-Encoding: chunked"

_PAYLOADS: Mapping[str, bytes] = {
    "empty line first": b"\r\n" + LAST_GET,
    "HTTP/0.9": b"GET /\r\n",
    "unknown version": request("GET / HTTP/9.9"),
    "no Host": b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two Hosts": request(_GET, "Host: beacon.invalid"),
    "unknown Host": LAST_GET.replace(HOST.encode(), b"beacon.invalid:1"),
    "broken Host": LAST_GET.replace(HOST.encode(), b"[::/@"),
    "folded header": request(_GET, "X-Beacon: one\r\n two"),
    "bare line feeds": LAST_GET.replace(b"\r\n", b"\n"),
    "bare carriage return": request(_GET, "X-Beacon: one\rtwo"),
    "space before the colon": request(_GET, "X-Beacon : one"),
    "header without a colon": request(_GET, "beacon"),
    "NUL in a header": request(_GET, "X-Beacon: \0"),
    "two spaces": request("GET  /  HTTP/1.1"),
    "lower-case method": request("get / HTTP/1.1"),
    "absolute target": request(f"GET http://{HOST}/ HTTP/1.1"),
    "asterisk": request("OPTIONS * HTTP/1.1"),
    "encoded NUL": request("GET /%00 HTTP/1.1"),
    "broken escape": request("GET /%zz%f HTTP/1.1"),
    "climbing path": request("GET /../../../../etc/hostname HTTP/1.1"),
    "encoded climbing path": request("GET /%2e%2e/%2e%2e/%2e%2e/etc/hostname HTTP/1.1"),
    "hidden file": request("GET /.htaccess HTTP/1.1"),
    "folder without a slash": request("GET /icons HTTP/1.1"),
    "CONNECT": request(f"CONNECT {HOST}:80 HTTP/1.1"),
    "TLS on a plain port": b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\r\n\r\n",
    "PROXY line": b"PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n" + LAST_GET,
    "negative length": request(_POST, "Content-Length: -1"),
    "length that is no number": request(_POST, "Content-Length: beacon"),
    "two lengths": request(_POST, "Content-Length: 1", "Content-Length: 2", body=b"bb"),
    "length and chunks": request(_POST, "Content-Length: 5", _CHUNKED, body=b"0\r\n\r\n"),
    "unknown transfer coding": request(_POST, "Transfer-Encoding: beacon", body=b"bb"),
    "broken chunk": request(_POST, _CHUNKED, body=b"beacon\r\n\r\n"),
    "huge chunk": request(_POST, _CHUNKED, body=b"fffffffffffffffff\r\nb\r\n0\r\n\r\n"),
    "body of a GET": request(_GET, "Content-Length: 6", body=b"beacon"),
    "two requests, one closing": LAST_GET + head(_GET),
}

SUITE: Suite[Site] = Suite.of(
    {
        name: partial(lambda payload, site: survives(site, payload), payload)
        for name, payload in _PAYLOADS.items()
    }
)
