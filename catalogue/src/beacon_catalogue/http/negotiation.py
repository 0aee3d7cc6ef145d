"""What a client may ask for: encodings, ranges, conditions, languages, to be let in."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import partial

import httpx

from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.http.site import Answer, Site, told

_UNPACKED_LIMIT = 64 << 20
_GZIP, _ZLIB, _DEFLATE = 31, 15, -15
_LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"
#: Who may enter where a configuration asks for somebody.
_NAME, _PASSWORD, _WRONG = "beacon", "beacon", "wrong"


def _encoded(accepted: str, site: Site) -> str:
    answer = site.ask("GET", "/", {"Accept-Encoding": accepted})
    encoding = answer.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", *accepted.replace(";", ",").split(",")):
        raise AnswerError(f"asked for {accepted}, got {encoding}")
    if encoding in _UNPACKERS:
        site.same(answer.status, _UNPACKERS[encoding](answer.body))
    elif encoding == "identity":
        return f"identity {told(site, answer)}"
    return encoding


def _unpack(packed: bytes, wbits: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=wbits)
    content = unpacker.decompress(packed, _UNPACKED_LIMIT)
    if not unpacker.eof:
        raise AnswerError("the packed body is cut short or too long")
    return content


def _unpack_deflate(packed: bytes) -> bytes:
    """The standard means zlib's format; many send the bare stream."""
    try:
        return _unpack(packed, _ZLIB)
    except zlib.error:
        return _unpack(packed, _DEFLATE)


_UNPACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": partial(_unpack, wbits=_GZIP),
    "deflate": _unpack_deflate,
}


def _part(wanted: str, start: int | None, end: int | None, site: Site) -> str:
    """A range of the page, or the whole page, or a refusal."""
    answer = site.ask("GET", "/", {"Range": f"bytes={wanted}"})
    body = site.page.answer.body
    if answer.status == 206 and site.page.mark is not None and answer.body != body[start:end]:
        raise AnswerError(f"bytes {wanted} of the page are not that part of the page")
    return told(site, answer)


def _several_parts(site: Site) -> str:
    answer = site.ask("GET", "/", {"Range": "bytes=0-1,4-5,-2"})
    body = site.page.answer.body
    if answer.status == 206 and site.page.mark is not None:
        for part in (body[:2], body[4:6], body[-2:]):
            if part not in answer.body:
                raise AnswerError("a part of the page is missing among several ranges")
    return told(site, answer)


def _conditional_part(site: Site) -> str:
    headers = {"Range": "bytes=0-1", "If-Range": '"another version"'}
    return told(site, site.ask("GET", "/", headers))


def _with(headers: Mapping[str, str], site: Site) -> str:
    return told(site, site.ask("GET", "/", headers))


def _basic(site: Site) -> str:
    answers = [_signed(site, httpx.BasicAuth(_NAME, word)) for word in (_PASSWORD, _WRONG)]
    return ", then ".join(told(site, answer) for answer in answers)


def _digest(site: Site) -> str:
    answers = [_signed(site, httpx.DigestAuth(_NAME, word)) for word in (_PASSWORD, _WRONG)]
    return ", then ".join(told(site, answer) for answer in answers)


def _signed(site: Site, credentials: httpx.Auth) -> Answer:
    with site.client() as client:
        client.auth = credentials
        return site.ask_by(client, "GET", "/")


SUITE: Suite[Site] = Suite.of(
    {
        "gzip": partial(_encoded, "gzip"),
        "deflate": partial(_encoded, "deflate"),
        "brotli": partial(_encoded, "br"),
        "weighed encodings": partial(_encoded, "zstd;q=0.1,br;q=0.0,gzip;q=0.5,*;q=0"),
        "no plain encoding": partial(_encoded, "identity;q=0,gzip"),
        "last bytes": partial(_part, "-3", -3, None),
        "bytes from": partial(_part, "3-", 3, None),
        "bytes beyond": partial(_part, "999999999999-", 0, 0),
        "broken range": partial(_part, "b-a", None, None),
        "several ranges": _several_parts,
        "If-Range": _conditional_part,
        "If-Match": partial(_with, {"If-Match": '"another version"'}),
        "If-None-Match": partial(_with, {"If-None-Match": "*"}),
        "If-Unmodified-Since": partial(_with, {"If-Unmodified-Since": _LONG_AGO}),
        "broken date": partial(_with, {"If-Modified-Since": "no date"}),
        "languages": partial(_with, {"Accept": "image/*;q=0.1", "Accept-Language": "de, *;q=0.1"}),
        "cookies": partial(_with, {"Cookie": 'beacon=1; more="2"; ' + "c" * 2000}),
        "basic credentials": _basic,
        "digest credentials": _digest,
        "bearer token": partial(_with, {"Authorization": "Bearer beacon.wrong.token"}),
    }
)
