"""A visitor of one web server: keeps cookies, reads no more than it can bear, never leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

import httpx

from beacon.model.text import escape_untrusted
from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.net import HOST, Peer, TlsPeer

if TYPE_CHECKING:
    from beacon_catalogue.http.site import Site

#: Seconds that a visitor waits for an answer before he calls it slow and goes on.
PATIENCE = 2.0
#: Seconds for all visits of one check: fewer than a check may take.
AT_MOST = 8.0
#: Bytes that are read of one answer, and of all answers to one visitor.
_PAGE, _ALL = 512 << 10, 24 << 20
_LONGEST = 2000
_SAFE = "%/:=&?~+!$,;'@()*[]"

_LONG_NAME = re.compile(r"(?=[\w-]*\d)(?:[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]+)*|[\w-]{16,})")
_NUMBER = re.compile(r"\d+")

#: What a visitor does not touch: it would end his session, the data or the service.
_HARMFUL = re.compile(
    r"log[-_ ]?(?:out|off)|sign[-_ ]?(?:out|off)|delete|remove|destroy|drop|purge|erase|wipe|"
    r"shut[-_ ]?down|power[-_ ]?off|reboot|restart|terminate|uninstall|unsubscribe|"
    r"\b(?:clear|reset|stop|kill|quit|exit|halt)\b",
    re.IGNORECASE,
)


def harmful(*words: str) -> bool:
    """Whether one of these names something that a careful visitor leaves alone."""
    return any(_HARMFUL.search(word) for word in words)


@dataclass(frozen=True)
class Seen:
    """An answer, or as much of it as was read; `whole` if that is all. Status 0: it was slow."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool

    @property
    def kind(self) -> str:
        """Its media type."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def outcome(self) -> str:
        """The class of its status: `2xx`; `slow` if none came."""
        return f"{self.status // 100}xx" if self.status else "slow"

    @property
    def text(self) -> str:
        """Its body, whatever the encoding: what leads on is ASCII."""
        return self.body.decode("utf-8", "replace")


_SLOW = Seen(0, {}, b"", whole=False)


class Visitor:
    """Visits one site for one check; nothing that it does takes much longer than `seconds`."""

    def __init__(self, site: Site, seconds: float = AT_MOST) -> None:
        self.site = site
        self.deadline = Deadline(site.deadline.left(seconds), site.deadline.stop)
        self._client: httpx.Client | None = None
        self._left = _ALL

    @contextmanager
    def session(self) -> Iterator[None]:
        """Keep connections and cookies in here."""
        with self.site.client() as self._client:
            yield

    @property
    def late(self) -> bool:
        """Whether its time is over, or it has read enough."""
        return self.deadline.left(1.0) <= 0 or self._left <= 0

    def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> Seen:
        """One request to the site, whatever the path says; slow answers are no error.

        AnswerError if the server closes the connection twice without a complete answer;
        ValueError if this can be no request.
        """
        try:
            request = self._request(method, path, headers, content)
        except (httpx.InvalidURL, UnicodeError, TypeError) as error:
            raise ValueError(str(error)) from error
        try:
            return self._answer(request)
        except httpx.TransportError:  # a server may close an idle connection as it is used again
            try:
                return self._answer(self._request(method, path, headers, content))
            except httpx.TransportError as error:
                what = f"{type(error).__name__}: {error}"
                raise AnswerError(f"{method} {escape_untrusted(path[:100])}: {what}") from error

    def _request(
        self, method: str, path: str, headers: Mapping[str, str] | None, content: bytes
    ) -> httpx.Request:
        if self._client is None:
            raise RuntimeError("a visitor has to be in a session")
        url = self.site.url_of(path)
        body = content if content or method not in ("GET", "HEAD", "OPTIONS") else None
        timeout = self.deadline.wait(PATIENCE)
        return self._client.build_request(
            method, url, headers=headers, content=body, timeout=timeout
        )

    def _answer(self, request: httpx.Request) -> Seen:
        assert self._client is not None  # noqa: S101 - `_request` has looked
        own = Deadline(self.deadline.left(PATIENCE), self.deadline.stop)
        try:
            response = self._client.send(request, stream=True)
        except httpx.TimeoutException:
            return _SLOW
        except httpx.LocalProtocolError as error:  # what h11 does not send is not a request
            raise ValueError(str(error)) from error
        try:
            body, whole = self._read(response, own)
        finally:
            response.close()
        return Seen(response.status_code, response.headers, body, whole)

    def _read(self, response: httpx.Response, own: Deadline) -> tuple[bytes, bool]:
        """A stream without end, or a large file, is not an error: it is left."""
        body = bytearray()
        try:
            for chunk in response.iter_raw():
                body += chunk
                self._left -= len(chunk)
                if len(body) > _PAGE or own.left(1.0) <= 0:
                    return bytes(body[:_PAGE]), False
        except httpx.TimeoutException:
            return bytes(body), False
        return bytes(body), True


def place(peer: Peer, page: str, reference: str) -> str | None:
    """The path and query that `reference` on `page` leads to; None if it leads elsewhere.

    The server is known by its address and port, and by the name that it is called by, with which
    no port is given.
    """
    scheme = "https" if isinstance(peer, TlsPeer) else "http"
    usual = 443 if scheme == "https" else 80
    try:
        found = urlsplit(urljoin(f"{scheme}://{HOST}{page}", reference.strip()))
        port = found.port
    except ValueError:
        return None
    named = found.hostname == HOST and port in (None, peer.port)
    addressed = found.hostname == peer.address and (port or usual) == peer.port
    if found.scheme != scheme or not (named or addressed) or len(reference) > _LONGEST:
        return None
    path = quote(found.path or "/", safe=_SAFE)
    return path + (f"?{quote(found.query, safe=_SAFE)}" if found.query else "")


def template(path: str) -> str:
    """A path without what differs from object to object: numbers, long names, values."""
    path, _, query = path.partition("?")
    shown = _NUMBER.sub("{}", _LONG_NAME.sub("{}", path))
    names = sorted({name for name, _ in parse_qsl(query, keep_blank_values=True)})
    values = "&".join(f"{name}={{}}" for name in names)
    return escape_untrusted(f"{shown}?{values}" if names else shown)
