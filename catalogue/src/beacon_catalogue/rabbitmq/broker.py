"""A RabbitMQ broker under test: connections, our names, and what is expected of answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer
from beacon_catalogue.rabbitmq.bounded import BoundedConnection

#: Everything we ever declare, so that what an interrupted run left behind can be deleted.
QUEUES = (
    *("classic", "durable", "auto", "lazy", "quorum", "poison", "stream", "limited", "priority"),
    *("expiring", "work", "dead", "large", "confirmed", "transacted", "persistent", "many", "ack"),
    *("a", "b", "c", "crowd", "cancelled", "requests", "door", "properties", "mortal", "flood"),
)
EXCHANGES = ("direct", "fanout", "topic", "headers", "upper", "lower", "strict", "alternate")

_PREFIX = "beacon.check."
#: Seconds after which a silent server is given up; pika checks that it still beats.
_HEARTBEAT = 10


class Broker:
    """One broker for the length of one drive."""

    def __init__(self, peer: Peer, env: Mapping[str, str]) -> None:
        self.peer = peer
        self.user = env.get("RABBITMQ_DEFAULT_USER", "guest")
        self.password = env.get("RABBITMQ_DEFAULT_PASS", "guest")
        self.vhost = env.get("RABBITMQ_DEFAULT_VHOST", "/")

    def parameters(self, **other: Any) -> Any:
        """How pika is to connect: once, as the container's own user, and with time limits."""
        wait = self.peer.deadline.wait()
        usual = {
            "host": self.peer.address,
            "port": self.peer.port,
            "virtual_host": self.vhost,
            "credentials": pika.PlainCredentials(self.user, self.password),
            "heartbeat": _HEARTBEAT,
            "socket_timeout": wait,
            "stack_timeout": wait,
            "blocked_connection_timeout": wait,
        }
        return pika.ConnectionParameters(**{**usual, **other})

    @contextmanager
    def connection(self, **other: Any) -> Iterator[Any]:
        """A connection that is closed afterwards; pika's exceptions if it cannot be made."""
        connection = pika.BlockingConnection(
            self.parameters(**other), _impl_class=BoundedConnection
        )
        try:
            yield connection
        finally:
            with suppress(AMQPError):
                connection.close()

    @contextmanager
    def channel(self, **other: Any) -> Iterator[Any]:
        """A channel of a connection of its own."""
        with self.connection(**other) as connection:
            yield connection.channel()

    def clean(self) -> str:
        """Delete everything of ours, whether it exists or not."""
        with self.channel() as channel:
            for name in QUEUES:
                channel.queue_delete(queue(name))
            for name in EXCHANGES:
                channel.exchange_delete(exchange(name))
        return "nothing left"


def queue(name: str) -> str:
    """Our queue of this name; it has to be one that is cleaned up."""
    return _PREFIX + QUEUES[QUEUES.index(name)]


def exchange(name: str) -> str:
    """Our exchange of this name; it has to be one that is cleaned up."""
    return _PREFIX + EXCHANGES[EXCHANGES.index(name)]


def refused(action: Callable[[], object], code: int, what: str) -> None:
    """AnswerError that names `what` unless the broker closes the channel for it with `code`."""
    try:
        action()
    except ChannelClosedByBroker as error:
        expect(error.reply_code, code, what)
        return
    raise AnswerError(f"{what} was accepted")
