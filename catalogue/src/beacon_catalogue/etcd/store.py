"""An etcd server under test: its JSON gateway, our keys, the account that it may have given us."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer, TlsPeer, exchange, speaks_tls, unverified_tls
from beacon.workloads.once import once

#: Before every key of ours. Unusual on purpose: whatever has it is deleted.
PREFIX = b"beacon-check/"
#: What comes after all keys with our prefix.
END = b"beacon-check0"

_PATIENCE = 5.0
_MOST = 16 << 20


class Store:
    """One server for the length of one drive."""

    def __init__(self, peer: Peer, env: Mapping[str, str], ports: Sequence[int] = ()) -> None:
        self.peer, self.ports = peer, ports
        self.password = env.get("BEACON_ETCD_PASSWORD", env.get("ETCD_ROOT_PASSWORD"))
        self.user = env.get("BEACON_ETCD_USER", "root")

    @once
    def token(self) -> str | None:
        """What shows that we are logged in; None without an account."""
        if self.password is None:
            return None
        given = {"name": self.user, "password": self.password}
        token = self.fetch("/v3/auth/authenticate", given, known=False)[1].get("token")
        return str(token) if token else None

    @contextmanager
    def stream(
        self, path: str, question: object = None, *, known: bool = True, port: int | None = None
    ) -> Iterator[httpx.Response]:
        """The answer to a POST of JSON, or to a GET without a question, as it comes."""
        scheme = "https" if isinstance(self.peer, TlsPeer) else "http"
        url = f"{scheme}://{self.peer.host}:{port or self.peer.port}{path}"
        seconds = self.peer.deadline.wait(_PATIENCE)
        head = {"Authorization": self.token} if known and self.token else {}
        with httpx.Client(verify=unverified_tls(), timeout=seconds, trust_env=False) as client:
            method = "GET" if question is None else "POST"
            content = None if question is None else json.dumps(question)
            with client.stream(method, url, content=content, headers=head) as response:
                yield response

    def raw(self, path: str, question: object = None, *, port: int | None = None) -> bytes:
        """The body of an answer whose status is 200."""
        with self.stream(path, question, known=question is not None, port=port) as response:
            expect(response.status_code, 200, f"the status of {path}")
            return self._body(response)

    def fetch(
        self, path: str, question: object, *, known: bool = True
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON of an answer."""
        with self.stream(path, question, known=known) as response:
            return response.status_code, parsed(self._body(response))

    def ask(self, path: str, question: Mapping[str, object]) -> dict[str, Any]:
        """The JSON of an answer; AnswerError if it is a refusal."""
        status, answer = self.fetch(path, question)
        if status != 200:
            raise AnswerError(f"{path} was answered with {status}: {answer.get('error')!r}")
        return answer

    def put(self, name: str, value: bytes, **options: object) -> dict[str, Any]:
        """Set our key of this name."""
        return self.ask("/v3/kv/put", {"key": coded(key(name)), "value": coded(value), **options})

    def get(self, name: str, **options: object) -> list[bytes]:
        """The values at our key of this name, or in the range that it begins."""
        return values(self.ask("/v3/kv/range", {"key": coded(key(name)), **options}))

    def clean(self) -> str:
        """Delete our keys, those of an interrupted run too."""
        self.ask("/v3/kv/deleterange", {"key": coded(PREFIX), "range_end": coded(END)})
        expect(self.get("", range_end=coded(END)), [], "our keys after their deletion")
        return "no key left"

    def _body(self, response: httpx.Response) -> bytes:
        content = bytearray()
        for piece in response.iter_bytes():
            self.peer.deadline.check()
            content += piece
            if len(content) > _MOST:
                raise AnswerError("an answer has no end")
        return bytes(content)


def detect_transport(peer: Peer) -> Peer:
    """The peer as it wants to be asked: by TLS, if only that is answered."""
    with suppress(OSError, AnswerError):
        asked = b"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        content = exchange(peer, [asked], patience=1.0).content
        if not content.startswith(b"HTTP/1.1 200") and speaks_tls(peer):
            return TlsPeer(peer.address, peer.port, peer.deadline)
    return peer


def parsed(content: bytes) -> dict[str, Any]:
    """An answer's object; AnswerError for anything else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise AnswerError("the answer is not an object of JSON")
    return found


def key(name: str) -> bytes:
    """Our key of this name."""
    return PREFIX + name.encode()


def coded(content: bytes) -> str:
    """Bytes as JSON has them."""
    return b64encode(content).decode("ascii")


def values(answer: Mapping[str, Any]) -> list[bytes]:
    """The values of a range."""
    return [b64decode(pair.get("value", "")) for pair in answer.get("kvs", ())]


def names(answer: Mapping[str, Any]) -> list[str]:
    """The names of our keys in a range."""
    keys = (b64decode(pair["key"]) for pair in answer.get("kvs", ()))
    return [each.removeprefix(PREFIX).decode("utf-8", "replace") for each in keys]
