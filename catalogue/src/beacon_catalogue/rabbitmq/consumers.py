"""Consumers that the broker pushes to, and many clients at once."""

from __future__ import annotations

import struct
from typing import Any

from beacon.workloads.answers import expect, until
from beacon.workloads.checks import at_once
from beacon.workloads.suite import Suite
from beacon_catalogue.rabbitmq.broker import Broker, queue
from beacon_catalogue.rabbitmq.delivery import consumed, empty, fetched, send

SUITE = Suite[Broker]()

_CLIENTS = 30
_CHANNELS = 50
_PREFETCH = 3


@SUITE.check("prefetch")
def _prefetch(broker: Broker) -> str:
    """Only so many are pushed as were asked for; acknowledging lets the next ones come."""
    name, found = queue("many"), list[tuple[int, bytes]]()
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name)
        send(channel, name, [str(number) for number in range(10)])
        channel.basic_qos(prefetch_count=_PREFETCH)
        channel.basic_consume(
            name, lambda _, method, __, body: found.append((method.delivery_tag, body))
        )
        until(lambda: _pump(channel, found, _PREFETCH), broker.peer.deadline, "the first messages")
        channel.connection.process_data_events(0.2)
        expect(len(found), _PREFETCH, "messages pushed before any acknowledgement")
        channel.basic_ack(found[-1][0], multiple=True)
        until(
            lambda: _pump(channel, found, 2 * _PREFETCH), broker.peer.deadline, "the next messages"
        )
        channel.basic_nack(0, multiple=True, requeue=False)
        until(
            lambda: _pump(channel, found, 3 * _PREFETCH), broker.peer.deadline, "the last messages"
        )
    expect([body for _, body in found], [str(n).encode() for n in range(9)], "in order")
    return "3 at a time"


def _pump(channel: Any, found: list[tuple[int, bytes]], count: int) -> bool:
    channel.connection.process_data_events(0.05)
    return len(found) >= count


@SUITE.check("two consumers")
def _fair_share(broker: Broker) -> str:
    """Two consumers of one queue get every message once between them."""
    name, found = queue("many"), list[bytes]()
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name)
        channel.queue_purge(name)
        tags = [
            channel.basic_consume(name, lambda _, __, ___, body: found.append(body), auto_ack=True)
            for _ in range(2)
        ]
        expect(len(set(tags)), 2, "consumer tags")
        send(channel, name, [str(number) for number in range(20)])
        until(lambda: _pump_bodies(channel, found, 20), broker.peer.deadline, "all messages")
    expect(sorted(int(body) for body in found), list(range(20)), "the messages of both")
    return "20"


def _pump_bodies(channel: Any, found: list[bytes], count: int) -> bool:
    channel.connection.process_data_events(0.05)
    return len(found) >= count


@SUITE.check("cancelled consumer")
def _cancelled(broker: Broker) -> str:
    """A consumer is told when its queue goes away."""
    name, told = queue("cancelled"), list[str]()
    with broker.channel() as channel, broker.channel() as other:
        channel.queue_declare(name)
        tag = channel.basic_consume(name, lambda *_: None)
        channel.add_on_cancel_callback(lambda frame: told.append(frame.method.consumer_tag))
        other.queue_delete(name)
        until(lambda: _pump_told(channel, told), broker.peer.deadline, "the cancellation")
        expect(told, [tag], "the cancelled consumer")
    return "told"


def _pump_told(channel: Any, told: list[str]) -> bool:
    channel.connection.process_data_events(0.05)
    return bool(told)


@SUITE.check("request and reply")
def _request_and_reply(broker: Broker) -> str:
    """The pseudo queue through which an answer comes straight back to who asked."""
    name, answers = queue("requests"), list[bytes]()
    with broker.channel() as asker, broker.channel() as worker:
        worker.queue_declare(name)
        asker.basic_consume(
            "amq.rabbitmq.reply-to", lambda _, __, ___, body: answers.append(body), auto_ack=True
        )
        send(asker, name, [b"6 7"], reply_to="amq.rabbitmq.reply-to")
        _, properties, body = fetched(worker, name, broker)
        product = int(body.split()[0]) * int(body.split()[1])
        send(worker, properties.reply_to, [str(product)])
        until(lambda: _pump_bodies(asker, answers, 1), broker.peer.deadline, "the reply")
    expect(answers, [b"42"], "the reply")
    return "42"


@SUITE.check("many channels")
def _channels(broker: Broker) -> str:
    name = queue("many")
    with broker.connection() as connection:
        channels = [connection.channel() for _ in range(_CHANNELS)]
        channels[0].queue_declare(name)
        channels[0].queue_purge(name)
        for number, channel in enumerate(channels):
            send(channel, name, [str(number)])
        found = consumed(channels[0], name, _CHANNELS, auto_ack=True)
        for channel in channels[1:]:
            channel.close()
        empty(channels[0], name)
    expect(sorted(int(body) for _, _, body in found), list(range(_CHANNELS)), "by all channels")
    return str(_CHANNELS)


@SUITE.check("parallel clients")
def _crowd(broker: Broker) -> str:
    name = queue("crowd")
    with broker.channel() as channel:
        channel.queue_declare(name)
        at_once(lambda number: _member(broker, name, number), _CLIENTS, threads=10)
        found = consumed(channel, name, _CLIENTS, auto_ack=True)
    numbers = sorted(struct.unpack("!I", body)[0] for _, _, body in found)
    expect(numbers, list(range(_CLIENTS)), "the messages of all clients")
    return str(_CLIENTS)


def _member(broker: Broker, name: str, number: int) -> None:
    with broker.channel() as channel:
        channel.confirm_delivery()
        send(channel, name, [struct.pack("!I", number)])
