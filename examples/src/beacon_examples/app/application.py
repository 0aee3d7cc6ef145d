"""A demo application under test: how to ask it, and what of ours it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from beacon.workloads.answers import brief
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer

HOST = "localhost"
#: Before every key of ours. Unusual on purpose: whatever has it is deleted.
PREFIX = "beacon:check:"
FILE = "beacon-check.bin"

_BODY_LIMIT = 16 << 20


@dataclass(frozen=True)
class Answer:
    """A complete answer; `body` is as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Application:
    """One application for the length of one drive."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def ask(
        self,
        method: str,
        path: str,
        content: bytes | Iterable[bytes] | None = None,
        *,
        status: int = 200,
        **headers: str,
    ) -> Answer:
        """One request on a connection of its own; AnswerError unless it has the given status."""
        url = httpx.URL(scheme="http", host=self.peer.address, port=self.peer.port)
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        with (
            self._client() as client,
            client.stream(method, url.join(path), content=content, headers=named) as response,
        ):
            body = self._read(response)
        if response.status_code != status:
            raise AnswerError(f"{method} {path}: status {response.status_code} instead of {status}")
        return Answer(status, response.headers, body)

    def _client(self) -> httpx.Client:
        return httpx.Client(
            headers={"Host": HOST, "Accept-Encoding": "identity", "User-Agent": "beacon"},
            timeout=self.peer.deadline.wait(),
            verify=False,  # noqa: S501 (there is no TLS; reading all authorities takes long)
            trust_env=False,
        )

    def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            self.peer.deadline.check()
            if len(body) > _BODY_LIMIT:
                raise AnswerError(f"the body is longer than {_BODY_LIMIT >> 20} MiB")
        return bytes(body)

    def json(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        *,
        status: int = 200,
        **headers: str,
    ) -> dict[str, Any]:
        """The JSON object that a request is answered with; raises as `ask` does."""
        return parsed(self.ask(method, path, content, status=status, **headers).body)

    def get(self, path: str) -> dict[str, Any]:
        """What GET answers."""
        return self.json("GET", path)

    def clean(self) -> str:
        """Delete our texts and our file, those of an interrupted run too."""
        self.json("DELETE", f"/api/db?prefix={PREFIX}")
        try:
            self.ask("DELETE", f"/api/file?name={FILE}")
        except AnswerError:  # usually it is not there any more
            self.ask("GET", f"/api/file?name={FILE}", status=404)
        return "nothing left"


def parsed(content: bytes) -> dict[str, Any]:
    """The JSON object in `content`; AnswerError if it holds none."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"{brief(content)} is no JSON") from error
    if not isinstance(value, dict):
        raise AnswerError(f"{brief(content)} is no JSON object")
    return value
