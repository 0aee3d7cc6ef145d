"""Every kind of queue that RabbitMQ has, in its order."""

from __future__ import annotations

from typing import Any

from beacon.workloads.answers import expect, until
from beacon.workloads.suite import Suite
from beacon_catalogue.rabbitmq.broker import Broker, queue, refused
from beacon_catalogue.rabbitmq.delivery import bodies, consumed, empty, fetched, send

SUITE = Suite[Broker]()

_THREE = [b"one", b"two", b"three"]


def _depth(channel: Any, name: str) -> int:
    return int(channel.queue_declare(name, passive=True).method.message_count)


def _in_order(broker: Broker, name: str, **declaration: Any) -> str:
    """Three messages go in and come out of a queue that is then deleted with one left."""
    with broker.channel() as channel:
        channel.confirm_delivery()
        expect(channel.queue_declare(name, **declaration).method.queue, name, "the declared queue")
        send(channel, name, [*_THREE, b"left"])
        expect(bodies(channel, name, broker, 3), _THREE, "the messages in order")
        until(lambda: _depth(channel, name) == 1, broker.peer.deadline, "a depth of 1")
        expect(channel.queue_purge(name).method.message_count, 1, "messages purged")
        channel.queue_delete(name)
        refused(lambda: _depth(channel, name), 404, "asking for a deleted queue")
    return "3 in order, 1 purged"


@SUITE.check("classic queue")
def _classic(broker: Broker) -> str:
    return _in_order(broker, queue("classic"))


@SUITE.check("durable queue")
def _durable(broker: Broker) -> str:
    return _in_order(broker, queue("durable"), durable=True)


@SUITE.check("lazy queue")
def _lazy(broker: Broker) -> str:
    return _in_order(broker, queue("lazy"), durable=True, arguments={"x-queue-mode": "lazy"})


@SUITE.check("exclusive queue")
def _named_by_server(broker: Broker) -> str:
    with broker.channel() as channel:
        name = channel.queue_declare("", exclusive=True).method.queue
        if not name.startswith("amq.gen-"):
            expect(name, "amq.gen-…", "the name of the server's choice")
        send(channel, name, [b"mine"])
        expect(fetched(channel, name, broker)[2], b"mine", "the message")
        with broker.channel() as stranger:
            refused(lambda: stranger.queue_declare(name, passive=True), 405, "a rival's use")
    return "locked for others"


@SUITE.check("auto-delete queue")
def _auto_delete(broker: Broker) -> str:
    name = queue("auto")
    with broker.channel() as channel:
        channel.queue_declare(name, auto_delete=True)
        send(channel, name, [b"last"])
        expect(consumed(channel, name, 1, auto_ack=True)[0][2], b"last", "the message")
        refused(lambda: _depth(channel, name), 404, "asking for the queue after its consumer left")
    return "gone with its consumer"


@SUITE.check("quorum queue")
def _quorum(broker: Broker) -> str:
    name = queue("quorum")
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})
        send(channel, name, _THREE, delivery_mode=2)
        expect(bodies(channel, name, broker, 3), _THREE, "the messages in order")
        channel.queue_delete(name)
    return "3 in order"


@SUITE.check("delivery limit")
def _poison(broker: Broker) -> str:
    """A quorum queue counts deliveries and drops what comes back too often."""
    name, arguments = queue("poison"), {"x-queue-type": "quorum", "x-delivery-limit": 1}
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name, durable=True, arguments=arguments)
        send(channel, name, [b"poison"])
        for _ in range(2):
            method, _, body = fetched(channel, name, broker, auto_ack=False)
            expect(body, b"poison", "the message that was given back")
            channel.basic_reject(method.delivery_tag, requeue=True)
        until(lambda: _depth(channel, name) == 0, broker.peer.deadline, "dropping the message")
        empty(channel, name)
        channel.queue_delete(name)
    return "dropped after 2"


@SUITE.check("stream")
def _stream(broker: Broker) -> str:
    """A stream keeps what was read: two readers see the same, each from its own offset."""
    name = queue("stream")
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name, durable=True, arguments={"x-queue-type": "stream"})
        send(channel, name, _THREE)
        channel.basic_qos(prefetch_count=10)
        for start, expected in (("first", _THREE), (1, _THREE[1:])):
            found = consumed(channel, name, len(expected), arguments={"x-stream-offset": start})
            expect([body for _, _, body in found], expected, f"the stream from {start}")
        channel.queue_delete(name)
    return "read twice"
