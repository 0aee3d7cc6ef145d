"""How messages are handed over: confirms, transactions, acknowledgements, properties."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pika

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.rabbitmq.broker import Broker, queue, refused
from beacon_catalogue.rabbitmq.delivery import empty, fetched, send

SUITE = Suite[Broker]()

_HEADERS = {
    "text": "é",
    "yes": True,
    "small": 7,
    "large": 1 << 40,
    "negative": -5,
    "none": None,
    "list": [1, "two", [3]],
    "table": {"deep": {"deeper": "x"}},
    "time": datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
}


@SUITE.check("confirms")
def _confirms(broker: Broker) -> str:
    name = queue("confirmed")
    with broker.channel() as channel:
        channel.queue_declare(name)
        channel.confirm_delivery()
        send(channel, name, [b"sure"])
        try:
            channel.basic_publish("", "beacon.check.nowhere", b"x", mandatory=True)
        except pika.exceptions.UnroutableError as error:
            expect([m.body for m in error.messages], [b"x"], "the message handed back")
        else:
            raise AnswerError("a mandatory message to no queue was taken")
        expect(fetched(channel, name, broker)[2], b"sure", "the confirmed message")
    return "confirmed, handed back"


@SUITE.check("transaction")
def _transaction(broker: Broker) -> str:
    name = queue("transacted")
    with broker.channel() as channel, broker.channel() as reader:
        channel.queue_declare(name)
        channel.tx_select()
        send(channel, name, [b"undone"])
        channel.tx_rollback()
        send(channel, name, [b"done"])
        empty(reader, name)
        channel.tx_commit()
        expect(fetched(reader, name, broker)[2], b"done", "the committed message")
        empty(reader, name)
    return "committed, rolled back"


@SUITE.check("properties")
def _properties(broker: Broker) -> str:
    name = queue("properties")
    sent: dict[str, Any] = {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "correlation_id": "c-1",
        "reply_to": "back",
        "message_id": "m-1",
        "timestamp": 1577934245,
        "type": "check",
        "user_id": broker.user,
        "app_id": "beacon",
        "headers": _HEADERS,
    }
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.queue_declare(name)
        send(channel, name, [b"{}"], **sent)
        _, properties, _ = fetched(channel, name, broker)
        for key, value in sent.items():
            received = getattr(properties, key)
            expect(json.dumps(received, default=_stamp), json.dumps(value, default=_stamp), key)
        refused(
            lambda: send(channel, name, [b"x"], user_id="not " + broker.user), 406, "a false user"
        )
    return str(len(_HEADERS))


def _stamp(value: object) -> object:
    return value.replace(tzinfo=None).isoformat() if isinstance(value, datetime) else repr(value)


@SUITE.check("acknowledgements")
def _acknowledged(broker: Broker) -> str:
    """What is not acknowledged comes back when its consumer's channel ends, marked."""
    name = queue("ack")
    with broker.connection() as connection:
        first = connection.channel()
        first.confirm_delivery()
        first.queue_declare(name)
        send(first, name, [b"1", b"2", b"3", b"4"])
        tags = [fetched(first, name, broker, auto_ack=False)[0].delivery_tag for _ in range(4)]
        first.basic_ack(tags[1], multiple=True)
        first.basic_reject(tags[2], requeue=False)
        first.close()
        second = connection.channel()
        method, _, body = fetched(second, name, broker)
        expect((body, method.redelivered), (b"4", True), "what came back")
        empty(second, name)
        refused(lambda: _acknowledge(second, 99), 406, "an unknown delivery tag")
    return "1 of 4 came back"


def _acknowledge(channel: Any, tag: int) -> None:
    channel.basic_ack(tag)
    channel.queue_declare("amq.nothing", passive=True)  # waits for the broker's objection
