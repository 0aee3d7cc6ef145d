"""Clients that are broken, slow or gone, and whether the broker serves on after them."""

from __future__ import annotations

import struct

from pika import spec

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.rabbitmq.broker import Broker, queue
from beacon_catalogue.rabbitmq.delivery import fetched, send
from beacon_catalogue.rabbitmq.frames import (
    CLOSE,
    GREETING,
    HEARTBEAT,
    OPEN_OK,
    break_off,
    converse,
    method,
    methods,
    named,
    opening,
    read_until,
)

SUITE = Suite[Broker]()


def serves(broker: Broker) -> None:
    """AnswerError unless a message still gets through."""
    with broker.channel() as channel:
        channel.queue_declare(queue("a"))
        channel.queue_purge(queue("a"))
        send(channel, queue("a"), [b"still here"])
        expect(fetched(channel, queue("a"), broker)[2], b"still here", "a message after that")


@SUITE.check("another protocol")
def _not_amqp(broker: Broker) -> str:
    """Whoever speaks another protocol or version is told ours and shown out."""
    for piece in (b"GET / HTTP/1.1\r\n\r\n", b"AMQP\x01\x01\x00\x0a", b"AMQP\x00\x00\x08\x00"):
        expect(exchange(broker.peer, [piece], patience=1.0).content, GREETING, "the answer")
    serves(broker)
    return "told the version"


@SUITE.check("malformed frames")
def _malformed(broker: Broker) -> str:
    """Broken frames on an open connection end it with the reason."""
    broken = {
        "an end that is none": b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x0a\x00",
        "more than agreed": struct.pack("!BHI", 3, 1, 1 << 30) + b"x" * 100,
        "a method that is none": b"\x01\x00\x01\x00\x00\x00\x04\x00\x63\x00\x63\xce",
        "content without a method": b"\x03\x00\x01\x00\x00\x00\x01x\xce",
        "nobody's channel": method(9, spec.Queue.Declare(queue=queue("a"))),
    }
    before = opening(broker) + method(1, spec.Channel.Open())
    endings = [_ending(converse(broker, [before, piece], CLOSE)) for piece in broken.values()]
    serves(broker)
    return " ".join(endings)


def _ending(content: bytes) -> str:
    """The reason that the broker gave; it has none where it simply hangs up."""
    named(content, "Connection.OpenOk")
    codes = [str(m.reply_code) for m in methods(content) if m.NAME == "Connection.Close"]
    return (*codes, "closed")[0]


@SUITE.check("heartbeats")
def _heartbeats(broker: Broker) -> str:
    """The broker beats as often as was agreed."""
    if HEARTBEAT not in converse(broker, [opening(broker, heartbeat=1)], HEARTBEAT):
        raise AnswerError("the broker did not beat although it was asked to, every second")
    return "beats"


@SUITE.check("slow client")
def _slow(broker: Broker) -> str:
    """A client whose words come in pieces, as over a bad line."""
    words = opening(broker)
    size = -(-len(words) // 5)
    pieces = [words[start : start + size] for start in range(0, len(words), size)]
    named(converse(broker, pieces, OPEN_OK, pause=0.1), "Connection.OpenOk")
    return "welcome"


@SUITE.check("reset")
def _reset(broker: Broker) -> str:
    """What a client held when it broke off is given to the next one."""
    name = queue("a")
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name)
        channel.queue_purge(name)
        send(channel, name, [b"held"])
        words = (method(1, spec.Channel.Open()), method(1, spec.Basic.Get(queue=name)))
        with broker.peer.connect() as connection:
            connection.sendall(opening(broker) + b"".join(words))
            content = read_until(connection, b"held", broker)
            break_off(connection)
        expect([m.NAME for m in methods(content)][-1], "Basic.GetOk", "the last answer")
        for piece in (b"", b"AMQP", opening(broker)):
            reset(broker.peer, piece)
        found, _, body = fetched(channel, name, broker)
        expect((body, found.redelivered), (b"held", True), "what came back")
    return "given to the next"
