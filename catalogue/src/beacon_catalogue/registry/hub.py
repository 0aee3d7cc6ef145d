"""A registry under test: how to ask it, and what it lets us do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx
import msgspec

from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer, unverified_tls
from beacon.workloads.once import once
from beacon_catalogue.registry.reading import body_of, problem_in

#: Before every repository of ours; a registry cannot forget a name once it has had it.
PREFIX = "beacon-check"
#: The official image has no variables for these: its passwords come by file.
USER, PASSWORD = "BEACON_REGISTRY_USER", "BEACON_REGISTRY_PASSWORD"

_PROBE = f"/v2/{PREFIX}/probe/blobs/uploads/"
_NOTHING = "sha256:" + "0" * 64
_LOCATION_LIMIT = 8 << 10


@dataclass(frozen=True)
class Answer:
    """A complete answer; `problem` is the registry's own code of an error."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> str:
        """Such as `BLOB_UNKNOWN`; empty when the body tells of none."""
        return problem_in(self.body)

    @property
    def json(self) -> dict[str, object]:
        """The body; AnswerError if it is no JSON object."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, object])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise AnswerError(f"no JSON object: {error}") from error

    @property
    def place(self) -> str:
        """Path and query of the Location: whatever host it names, we ask none but ours."""
        location = self.headers.get("location", "")
        if not location or len(location) > _LOCATION_LIMIT:
            raise AnswerError("the answer has no Location, or one without end")
        return httpx.URL(location).raw_path.decode("ascii")


class Hub:
    """One registry for the length of one drive; `pushed` has what can be deleted afterwards."""

    def __init__(self, peer: Peer, endpoint: Endpoint) -> None:
        self.peer = peer
        self.env = endpoint.env
        self.pushed: set[tuple[str, str, str]] = set()  # repository, kind, digest

    def client(self, *, anonymous: bool = False) -> httpx.Client:
        """A client that talks to this registry alone: no proxy, no redirects."""
        known = USER in self.env and not anonymous
        return httpx.Client(
            base_url=httpx.URL(scheme=self.scheme, host=self.peer.address, port=self.peer.port),
            auth=(self.env[USER], self.env.get(PASSWORD, "")) if known else None,
            headers={"Accept-Encoding": "identity", "User-Agent": "beacon"},
            timeout=self.peer.deadline.wait(),
            verify=unverified_tls(),
            trust_env=False,
        )

    @once
    def scheme(self) -> str:
        """`https` if the port wants TLS."""
        url = f"http://{self.peer.host}:{self.peer.port}/v2/"
        with httpx.Client(trust_env=False, timeout=self.peer.deadline.wait()) as client:
            try:
                with client.stream("GET", url) as response:
                    told = body_of(response, self.peer.deadline)
            except httpx.RemoteProtocolError:
                return "https"
        return "https" if b"HTTPS" in told else "http"

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | Iterable[bytes] = b"",
    ) -> Answer:
        """One request on a connection of its own; raises unless the answer is whole and healthy."""
        with self.client() as client:
            answer = self.ask_by(client, method, path, headers, content)
        if answer.status >= 500:
            raise AnswerError(f"{method} answered {answer.status} {answer.problem}")
        return answer

    def ask_by(
        self,
        client: httpx.Client,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | Iterable[bytes] = b"",
    ) -> Answer:
        """One request by a given client; the answer, whatever its status, if it is whole."""
        with client.stream(method, path, content=content or None, headers=headers) as response:
            body = body_of(response, self.peer.deadline)
        return Answer(response.status_code, response.headers, body)

    @once
    def writable(self) -> bool:
        """Whether it takes uploads: a mirror and a registry in maintenance do not."""
        answer = self.ask("POST", _PROBE)
        if answer.status == 405:
            return False
        must(answer, 202, "starting an upload")
        must(self.ask("DELETE", answer.place), 204, "cancelling an upload")
        return True

    @once
    def deletes(self) -> bool:
        """Whether it deletes; most do not."""
        answer = self.ask("DELETE", f"/v2/{PREFIX}/probe/blobs/{_NOTHING}")
        return answer.status != 405


def must(answer: Answer, status: int, what: str, problem: str = "") -> Answer:
    """The answer; AnswerError that names `what` unless it has this status and this problem."""
    if answer.status != status or (problem and answer.problem != problem):
        raise AnswerError(f"{what}: {answer.status} {answer.problem} instead of {status} {problem}")
    return answer


def same(actual: bytes, expected: bytes, what: str) -> None:
    """AnswerError that names `what` unless both are equal."""
    if actual != expected:
        marks = f"{digest(actual)} instead of {digest(expected)}"
        raise AnswerError(f"{what}: {len(actual)} bytes {marks}")
