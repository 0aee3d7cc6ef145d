"""Every type of exchange, and bindings between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beacon.workloads.answers import expect
from beacon.workloads.suite import Suite
from beacon_catalogue.rabbitmq.broker import Broker, exchange, queue, refused
from beacon_catalogue.rabbitmq.delivery import bodies, empty, send

SUITE = Suite[Broker]()

_QUEUES = ("a", "b", "c")


def _prepared(channel: Any) -> None:
    """Three empty queues."""
    channel.confirm_delivery()
    for name in _QUEUES:
        channel.queue_declare(queue(name))
        channel.queue_purge(queue(name))


def _routes(channel: Any, kind: str, bindings: Sequence[tuple[str, str]]) -> str:
    name = exchange(kind)
    channel.exchange_declare(name, kind, durable=True)
    for target, key in bindings:
        channel.queue_bind(queue(target), name, key)
    return name


def _arrived(broker: Broker, channel: Any, expected: Mapping[str, list[bytes]]) -> str:
    for name in _QUEUES:
        wanted = expected.get(name, [])
        found = bodies(channel, queue(name), broker, len(wanted))
        expect(found, wanted, f"what came to queue {name}")
        empty(channel, queue(name))
    return " ".join(f"{name}:{len(expected.get(name, []))}" for name in _QUEUES)


@SUITE.check("direct exchange")
def _direct(broker: Broker) -> str:
    with broker.channel() as channel:
        _prepared(channel)
        name = _routes(channel, "direct", [("a", "red"), ("b", "red"), ("c", "blue")])
        send(channel, "red", [b"r"], name)
        send(channel, "blue", [b"b"], name)
        send(channel, "green", [b"g"], name)
        channel.queue_unbind(queue("b"), name, "red")
        send(channel, "red", [b"again"], name)
        return _arrived(broker, channel, {"a": [b"r", b"again"], "b": [b"r"], "c": [b"b"]})


@SUITE.check("fanout exchange")
def _fanout(broker: Broker) -> str:
    with broker.channel() as channel:
        _prepared(channel)
        name = _routes(channel, "fanout", [(target, "") for target in _QUEUES])
        send(channel, "whatever", [b"news"], name)
        return _arrived(broker, channel, {target: [b"news"] for target in _QUEUES})


@SUITE.check("topic exchange")
def _topic(broker: Broker) -> str:
    with broker.channel() as channel:
        _prepared(channel)
        name = _routes(channel, "topic", [("a", "*.error"), ("b", "disk.#"), ("c", "#")])
        for key in ("disk.error", "disk", "net.card.error"):
            send(channel, key, [key], name)
        everything = [b"disk.error", b"disk", b"net.card.error"]
        expected = {"a": [b"disk.error"], "b": [b"disk.error", b"disk"], "c": everything}
        return _arrived(broker, channel, expected)


@SUITE.check("headers exchange")
def _headers(broker: Broker) -> str:
    with broker.channel() as channel:
        _prepared(channel)
        name = _routes(channel, "headers", [])
        for target, match in (("a", "all"), ("b", "any")):
            arguments = {"x-match": match, "colour": "red", "size": 7}
            channel.queue_bind(queue(target), name, arguments=arguments)
        send(channel, "", [b"both"], name, headers={"colour": "red", "size": 7})
        send(channel, "", [b"one"], name, headers={"colour": "blue", "size": 7})
        return _arrived(broker, channel, {"a": [b"both"], "b": [b"both", b"one"]})


@SUITE.check("exchange to exchange")
def _chained(broker: Broker) -> str:
    """From one exchange through another, which nobody may publish to directly, to a queue."""
    upper, lower = exchange("upper"), exchange("lower")
    with broker.channel() as channel:
        _prepared(channel)
        channel.exchange_declare(upper, "direct")
        channel.exchange_declare(lower, "fanout", internal=True)
        channel.exchange_bind(lower, upper, "down")
        channel.queue_bind(queue("a"), lower)
        send(channel, "down", [b"through"], upper)
        _arrived(broker, channel, {"a": [b"through"]})
        refused(lambda: send(channel, "", [b"x"], lower), 403, "publishing to an internal exchange")
    return "through two"


@SUITE.check("alternate exchange")
def _alternate(broker: Broker) -> str:
    strict, other = exchange("strict"), exchange("alternate")
    with broker.channel() as channel:
        _prepared(channel)
        channel.exchange_declare(other, "fanout")
        channel.queue_bind(queue("c"), other)
        channel.exchange_declare(strict, "direct", arguments={"alternate-exchange": other})
        channel.queue_bind(queue("a"), strict, "known")
        send(channel, "known", [b"known"], strict)
        send(channel, "unknown", [b"stray"], strict)
        return _arrived(broker, channel, {"a": [b"known"], "c": [b"stray"]})
