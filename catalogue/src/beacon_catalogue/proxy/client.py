"""A client of a proxy, and the origin that it is asked for."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer
from beacon.workloads.origin import MARK, Origin

_MOST = 4 << 20
#: What a proxy answers by itself to those whom it does not serve.
REFUSED = (403, 405, 407)


@dataclass(frozen=True)
class Answer:
    """What came back; `own` if it is the proxy's, not the origin's."""

    status: int
    body: bytes
    own: bool


class Client:
    """Asks a proxy for our origin; a context manager, as long as which that serves."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._origin: Origin | None = None

    def __enter__(self) -> Client:
        try:
            self._origin = Origin(self.peer.own_address()).__enter__()
        except OSError:  # nobody listens: then each check says so
            self._origin = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._origin is not None:
            self._origin.__exit__(None, None, None)

    @property
    def origin(self) -> Origin:
        """Ours; AnswerError where there is none, for the proxy did not accept a connection."""
        if self._origin is None:
            raise AnswerError("it accepted no connection when the checks began")
        return self._origin

    def url(self, path: str) -> str:
        """Where the origin has this path."""
        return f"http://{self.origin.location}{path}"

    def connection(self) -> http.client.HTTPConnection:
        """A connection to the proxy; OSError once it is used, if nobody listens."""
        wait = self.peer.deadline.wait()
        return http.client.HTTPConnection(self.peer.address, self.peer.port, timeout=wait)

    def ask(self, method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
        """Ask for a URL on a connection of its own."""
        connection = self.connection()
        try:
            return exchange(connection, method, url, body, headers)
        finally:
            connection.close()

    def passed(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Ask the origin through the proxy; AnswerError where the proxy answers instead."""
        answer = self.ask(method, self.url(path), body, **headers)
        if answer.own:
            raise AnswerError(f"the proxy did not pass it on, and answered {answer.status}")
        return answer


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request and its answer, on a connection that may serve further ones."""
    given = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
    connection.request(method, url, body, given)
    response = connection.getresponse()
    content = response.read(_MOST)
    return Answer(response.status, content, response.getheader(MARK) is None)
