"""A web server under test: how to ask it, and the page that its other answers are held against."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.net import HOST, Peer, TlsPeer, speaks_tls, unverified_tls
from beacon.workloads.once import once

if TYPE_CHECKING:
    from beacon_catalogue.http.openapi import Description
    from beacon_catalogue.http.pages import Tour

#: Longer than a second, so that a clock on the page shows.
_APART = 1.1
_BODY_LIMIT = 16 << 20
#: Spares each client the reading of all certificate authorities.
_CONTEXT = unverified_tls()
#: Five hundreds that are an honest answer to an odd request.
_HONEST = (501, 505)


@dataclass(frozen=True)
class Answer:
    """A complete answer; `body` is as it came over the wire, `client` names the connection."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    client: object = None


@dataclass(frozen=True)
class Page:
    """`GET /`; `mark` is the digest of its body, None if that changes from request to request."""

    answer: Answer
    mark: str | None


class Site:
    """One server for the length of one drive; `tls_ports` are where it may speak TLS, too.

    `tour` is what was found by following links, `description` what was found of OpenAPI, once
    somebody has looked.
    """

    def __init__(self, peer: Peer, container: str, tls_ports: tuple[int, ...] = ()) -> None:
        self.peer = peer
        self.tour: Tour | None = None
        self.description: Description | None = None
        self.deadline = peer.deadline
        self._container, self._tls_ports = container, tls_ports
        scheme = "https" if isinstance(peer, TlsPeer) else "http"
        self._url = httpx.URL(scheme=scheme, host=peer.address, port=peer.port, path="/")
        # Pages repeat the host's name (the id's first 12 digits by default) and its address.
        names = (container, container[:12], peer.address)
        self._own_names = [name.encode() for name in names if name]

    def address_of(self, path: str) -> str:
        """The absolute address of a path, as the server knows itself."""
        return f"{self._url.scheme}://{HOST}{path}"

    def url_of(self, path: str) -> httpx.URL:
        """Where a path and query lead on this server: a path never names another one."""
        return self._url.copy_with(raw_path=path.encode("ascii"))

    def client(self, *, http2: bool = False) -> httpx.Client:
        """A client that talks to this server alone: no proxy, no redirects, no decoding.

        With `http2` it speaks nothing else, without TLS by prior knowledge.
        """
        return httpx.Client(
            base_url=self._url,
            headers={"Host": HOST, "Accept-Encoding": "identity", "User-Agent": "beacon"},
            timeout=self.deadline.wait(),
            verify=unverified_tls() if http2 else _CONTEXT,
            limits=httpx.Limits(max_connections=1),
            http1=not http2,
            http2=http2,
            trust_env=False,
        )

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> Answer:
        """One request on a connection of its own; raises as `ask_by` does."""
        with self.client() as client:
            return self.ask_by(client, method, path, headers, content)

    def ask_by(
        self,
        client: httpx.Client,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Answer:
        """One request by a given client; raises unless the answer is complete and healthy."""
        with client.stream(method, path, content=content or None, headers=headers) as response:
            # Asked before the end of the body: a server may close there, and so does httpx.
            stream = response.extensions["network_stream"]
            connection = stream.get_extra_info("client_addr")
            body = self._read(response)
        healthy(response.status_code)
        return Answer(response.status_code, response.headers, body, connection)

    def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_raw():  # raw: a small answer must not unpack to gigabytes
            body += chunk
            self.deadline.check()
            if len(body) > _BODY_LIMIT:
                raise AnswerError(f"the body is longer than {_BODY_LIMIT >> 20} MiB")
        return bytes(body)

    @once
    def tls(self) -> Site | None:
        """The same server through TLS; None if it does not speak that."""
        if isinstance(self.peer, TlsPeer):
            return self
        for port in self._tls_ports:
            peer = TlsPeer(self.peer.address, port, self.deadline)
            if speaks_tls(peer):
                return Site(peer, self._container)
        return None

    @once
    def page(self) -> Page:
        """`GET /`, asked twice."""
        first = self.ask("GET", "/")
        time.sleep(self.deadline.left(_APART))
        second = self.ask("GET", "/")
        if first.status != second.status:
            raise AnswerError(f"GET / answered {first.status}, then {second.status}")
        mark = self.mark(first.body)
        return Page(first, mark if mark == self.mark(second.body) else None)

    def mark(self, body: bytes) -> str:
        """The digest of a body without what names this one container."""
        for name in self._own_names:
            body = body.replace(name, b"(container)")
        return digest(body)

    def same(self, status: int, body: bytes) -> str | None:
        """The page's mark; AnswerError if this answer is not that page."""
        page = self.page
        if status != page.answer.status:
            raise AnswerError(f"answered {status} where GET / answers {page.answer.status}")
        if page.mark is not None and self.mark(body) != page.mark:
            raise AnswerError(f"another body ({len(body)} bytes) than GET / gives")
        return page.mark


def told(site: Site, answer: Answer) -> str:
    """An answer's status as a value; AnswerError if it should be the page and is not.

    For requests that a server may refuse or answer in another way, but not with half a page.
    """
    if answer.status == site.page.answer.status:
        site.same(answer.status, answer.body)
    return str(answer.status)


def healthy(status: int) -> str:
    """The status as a value; AnswerError if it tells of a broken server."""
    if status >= 500 and status not in _HONEST:
        raise AnswerError(f"the server answered {status}")
    return str(status)
