"""Sending and fetching messages, the short way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pika

from beacon.workloads.answers import until
from beacon.workloads.checks import AnswerError
from beacon_catalogue.rabbitmq.broker import Broker

#: Seconds within which a message that was routed has to be there.
PATIENCE = 3.0


def send(
    channel: Any, name: str, bodies: Iterable[str | bytes], exchange: str = "", **properties: Any
) -> None:
    """Publish `bodies` to a queue by its name, or to an exchange with `name` as routing key."""
    for body in bodies:
        channel.basic_publish(exchange, name, body, pika.BasicProperties(**properties))


def fetched(channel: Any, name: str, broker: Broker, auto_ack: bool = True) -> tuple[Any, Any, Any]:
    """Get one message as method, properties and body; AnswerError if none comes."""
    found: list[tuple[Any, Any, Any]] = []

    def one() -> bool:
        method, properties, body = channel.basic_get(name, auto_ack=auto_ack)
        if method is not None:
            found.append((method, properties, body))
        return bool(found)

    until(one, broker.peer.deadline, f"a message in {name}", PATIENCE)
    return found[0]


def bodies(channel: Any, name: str, broker: Broker, count: int) -> list[bytes]:
    """Get `count` messages in the order of the queue."""
    return [fetched(channel, name, broker)[2] for _ in range(count)]


def empty(channel: Any, name: str) -> None:
    """AnswerError unless the queue has no message to give."""
    method, _, _ = channel.basic_get(name, auto_ack=True)
    if method is not None:
        raise AnswerError(f"{name} has a message that it should not have")


def consumed(channel: Any, name: str, count: int, **options: Any) -> list[tuple[Any, Any, Any]]:
    """Have `count` messages pushed to a consumer, which is then cancelled."""
    found: list[tuple[Any, Any, Any]] = []
    try:
        for method, properties, body in channel.consume(
            name, inactivity_timeout=PATIENCE, **options
        ):
            if method is None:
                raise AnswerError(f"{len(found)} of {count} messages came from {name}")
            found.append((method, properties, body))
            if len(found) == count:
                return found
    finally:
        if channel.is_open:
            channel.cancel()
    raise AnswerError(f"the broker cancelled the consumer of {name}")
