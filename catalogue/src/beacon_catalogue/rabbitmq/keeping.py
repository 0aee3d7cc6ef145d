"""Messages that are to be kept: persistent ones, large ones, and very many."""

from __future__ import annotations

from beacon.workloads.answers import expect, until
from beacon.workloads.checks import digest
from beacon.workloads.suite import Suite
from beacon_catalogue.rabbitmq.broker import Broker, queue
from beacon_catalogue.rabbitmq.delivery import bodies, consumed, fetched, send

SUITE = Suite[Broker]()

#: Every byte value, 4 MiB long: many frames, and too long to be kept in the queue's index.
_LARGE = bytes(range(256)) * 16384
_MANY = 2000


@SUITE.check("persistent messages")
def _persistent(broker: Broker) -> str:
    name = queue("persistent")
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name, durable=True)
        for number in range(50):
            send(channel, name, [str(number)], delivery_mode=2)
        found = [fetched(channel, name, broker) for _ in range(50)]
    expect([int(body) for _, _, body in found], list(range(50)), "the persistent messages")
    expect({properties.delivery_mode for _, properties, _ in found}, {2}, "the delivery mode")
    return "50"


@SUITE.check("4 MiB message")
def _large(broker: Broker) -> str:
    name = queue("large")
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name, durable=True)
        send(channel, name, [_LARGE, b""], delivery_mode=2)
        first, second = bodies(channel, name, broker, 2)
    expect(digest(first), digest(_LARGE), "the digest of 4 MiB")
    expect(second, b"", "a message without content")
    return digest(first)


@SUITE.check("flood")
def _flood(broker: Broker) -> str:
    """So many without a pause that the broker has to slow the publisher and write to disk."""
    name = queue("flood")
    body = b"f" * 1000
    with broker.channel() as channel:
        channel.queue_declare(name, durable=True, arguments={"x-queue-mode": "lazy"})
        send(channel, name, [body] * _MANY, delivery_mode=2)

        def all_there() -> bool:
            found = channel.queue_declare(name, passive=True).method.message_count
            return bool(found == _MANY)

        until(all_there, broker.peer.deadline, f"the arrival of {_MANY} messages")
        channel.basic_qos(prefetch_count=200)
        expect(
            {b for _, _, b in consumed(channel, name, _MANY, auto_ack=True)}, {body}, "the flood"
        )
    return str(_MANY)
