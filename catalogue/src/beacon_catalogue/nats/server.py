"""A NATS server under test: our subjects, and clients that have said who they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer
from beacon_catalogue.nats.line import Line


class Server:
    """One server for the length of one drive."""

    def __init__(self, peer: Peer, env: Mapping[str, str], ports: Sequence[int] = ()) -> None:
        self.peer, self.ports = peer, ports
        names = {"user": "NATS_USER", "pass": "NATS_PASSWORD", "auth_token": "NATS_TOKEN"}
        self.account = {key: env[name] for key, name in names.items() if name in env}

    @contextmanager
    def client(self, **options: object) -> Iterator[Line]:
        """A client that is let in; AnswerError if it is not."""
        with Line(self.peer) as line:
            answer = line.connect(**self.account, **options)
            if answer != b"PONG":
                raise AnswerError(f"CONNECT was answered by {answer[:80]!r}")
            yield line

    def serves(self) -> None:
        """See that it still delivers."""
        with self.client() as line:
            line.subscribe(subject("serves"), 1)
            line.publish(subject("serves"), b"still here")
            if [message.payload for message in line.flush()] != [b"still here"]:
                raise AnswerError("no message is delivered any more")


def subject(name: str) -> str:
    """Our subject of this name: a server keeps nothing of it."""
    return f"beacon.check.{name}"
