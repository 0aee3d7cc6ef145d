"""Clients that are refused and mistakes that are answered, each with its own code."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

import pika
from pika.exceptions import (
    AMQPConnectionError,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.rabbitmq.broker import Broker, queue, refused
from beacon_catalogue.rabbitmq.frames import GREETING, TUNE, converse, login, named
from beacon_catalogue.rabbitmq.odd import serves

SUITE = Suite[Broker]()


@SUITE.check("wrong password")
def _wrong_password(broker: Broker) -> str:
    credentials = pika.PlainCredentials(broker.user, "not " + broker.password)
    _denied(broker, "a wrong password", credentials=credentials)
    serves(broker)
    return "refused"


@SUITE.check("unknown virtual host")
def _wrong_vhost(broker: Broker) -> str:
    _denied(broker, "an unknown virtual host", virtual_host="beacon.check.none")
    return "refused"


def _denied(broker: Broker, what: str, **other: object) -> None:
    try:
        with broker.connection(**other):
            pass
    except (ProbableAuthenticationError, ProbableAccessDeniedError):
        return
    except ConnectionClosedByBroker as error:
        if error.reply_code in (403, 530):
            return
        raise
    except AMQPConnectionError as error:
        raise AnswerError(f"{what} was not refused: {type(error).__name__}") from error
    raise AnswerError(f"{what} was accepted")


@SUITE.check("AMQPLAIN")
def _amqplain(broker: Broker) -> str:
    """The older way to log in: a table instead of a line."""
    pairs = (("LOGIN", broker.user), ("PASSWORD", broker.password))
    secret = b"".join(
        struct.pack("!B", len(key)) + key.encode() + b"S" + struct.pack("!I", len(raw)) + raw
        for key, raw in ((key, value.encode()) for key, value in pairs)
    )
    piece = GREETING + login("AMQPLAIN", secret.decode("latin-1"))
    named(converse(broker, [piece], TUNE), "Connection.Tune")
    return "welcome"


@SUITE.check("channel errors")
def _errors(broker: Broker) -> str:
    """Each mistake closes its channel with its own code, and never the connection."""
    name = queue("a")
    with broker.connection() as connection:
        connection.channel().queue_declare(name)
        mistakes: Mapping[str, tuple[int, Callable[[pika.channel.Channel], object]]] = {
            "an unknown queue": (404, lambda c: c.basic_get("beacon.check.none")),
            "an unknown exchange": (404, lambda c: c.queue_bind(name, "beacon.check.none", "k")),
            "another durability": (406, lambda c: c.queue_declare(name, durable=True)),
            "a name of the server": (403, lambda c: c.queue_declare("amq.beacon")),
            "deleting a default": (403, lambda c: c.exchange_delete("amq.direct")),
            "a mixture of modes": (406, _mixed),
        }
        for what, (code, mistake) in mistakes.items():
            channel = connection.channel()
            refused(lambda mistake=mistake, c=channel: mistake(c), code, what)  # type: ignore[misc]
        expect(connection.is_open, True, "the connection after all mistakes")
    return "6 refused"


def _mixed(channel: pika.channel.Channel) -> None:
    channel.tx_select()
    channel.confirm_delivery()
