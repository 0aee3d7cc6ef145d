"""What becomes of messages and queues that are too many, too old, urgent or unwanted."""

from __future__ import annotations

from typing import Any

from pika.exceptions import ChannelClosedByBroker

from beacon.workloads.answers import expect, until
from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.rabbitmq.broker import Broker, queue
from beacon_catalogue.rabbitmq.delivery import bodies, empty, fetched, send

SUITE = Suite[Broker]()

_THREE = [b"one", b"two", b"three"]


@SUITE.check("length limit")
def _limited(broker: Broker) -> str:
    name = queue("limited")
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name, arguments={"x-max-length": 2, "x-overflow": "drop-head"})
        send(channel, name, _THREE)
        expect(bodies(channel, name, broker, 2), _THREE[1:], "the two youngest")
        empty(channel, name)
    return "oldest dropped"


@SUITE.check("priority queue")
def _priority(broker: Broker) -> str:
    name = queue("priority")
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name, arguments={"x-max-priority": 9})
        for body, priority in ((b"low", 1), (b"high", 9), (b"middle", 5)):
            send(channel, name, [body], priority=priority)
        expect(bodies(channel, name, broker, 3), [b"high", b"middle", b"low"], "by priority")
    return "highest first"


@SUITE.check("queue expiry")
def _expiring(broker: Broker) -> str:
    name = queue("expiring")
    with broker.channel() as channel:
        channel.queue_declare(name, arguments={"x-expires": 200})

        def gone() -> bool:
            with broker.channel() as other:
                try:
                    other.queue_declare(name, passive=True)
                except ChannelClosedByBroker as error:
                    expect(error.reply_code, 404, "asking for an expired queue")
                    return True
                return False

        channel.connection.sleep(0.3)
        until(gone, broker.peer.deadline, "the queue's expiry")
    return "expired"


@SUITE.check("message expiry")
def _mortal(broker: Broker) -> str:
    name = queue("mortal")
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name, arguments={"x-message-ttl": 60_000})
        send(channel, name, [b"short"], expiration="1")
        channel.connection.sleep(0.1)
        send(channel, name, [b"long"])
        expect(fetched(channel, name, broker)[2], b"long", "what outlived the other")
        empty(channel, name)
    return "expired"


@SUITE.check("unroutable message")
def _unroutable(broker: Broker) -> str:
    """Without confirms the broker hands back what has no queue, with the reason."""
    returned: list[tuple[int, bytes]] = []
    with broker.channel() as channel:
        channel.add_on_return_callback(
            lambda _channel, method, _properties, body: returned.append((method.reply_code, body))
        )
        channel.basic_publish("", "beacon.check.nowhere", b"stray", mandatory=True)
        channel.connection.process_data_events(0)
        until(lambda: _pumped(channel, returned), broker.peer.deadline, "the return of a message")
    expect(returned, [(312, b"stray")], "what was handed back")
    return "312"


def _pumped(channel: Any, returned: list[tuple[int, bytes]]) -> bool:
    channel.connection.process_data_events(0.05)
    return bool(returned)


@SUITE.check("dead letters")
def _dead_letters(broker: Broker) -> str:
    """Rejected and too old messages go elsewhere and carry the story of their death."""
    work, dead = queue("work"), queue("dead")
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead}
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(dead)
        channel.queue_declare(work, arguments=arguments)
        send(channel, work, [b"refused"])
        method, _, _ = fetched(channel, work, broker, auto_ack=False)
        channel.basic_nack(method.delivery_tag, requeue=False)
        _died(fetched(channel, dead, broker), b"refused", "rejected")
        send(channel, work, [b"old"], expiration="1")
        _died(fetched(channel, dead, broker), b"old", "expired")
    return "rejected, expired"


def _died(message: tuple[Any, Any, bytes], body: bytes, reason: str) -> None:
    expect(message[2], body, "the dead letter")
    deaths = (message[1].headers or {}).get("x-death")
    if not deaths:
        raise AnswerError("the dead letter has no x-death")
    expect(deaths[0].get("reason"), reason, "the reason of death")
    expect(deaths[0].get("queue"), queue("work"), "the queue of death")
