"""A client that asks and waits for the answer, on top of paho's callbacks."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from beacon.workloads.answers import expect, until
from beacon.workloads.checks import AnswerError
from beacon_catalogue.mosquitto.broker import Broker, topic

V31 = MQTTProtocolVersion.MQTTv31
V311 = MQTTProtocolVersion.MQTTv311
V5 = MQTTProtocolVersion.MQTTv5

#: Seconds within which an answer has to come.
PATIENCE = 4.0
_MOST = 10_000
_KEEPALIVE = 30


class Session:
    """One client with its own thread and connection, which `close` ends."""

    def __init__(
        self, broker: Broker, version: MQTTProtocolVersion, name: str, **options: Any
    ) -> None:
        self.broker = broker
        self.version = version
        options = {"protocol": version, "reconnect_on_failure": False, **options}
        self.paho = Client(CallbackAPIVersion.VERSION2, name, **options)
        self.paho.username_pw_set(broker.user, broker.password)
        self.paho.connect_timeout = broker.peer.deadline.wait()
        self.connected: Queue[Any] = Queue(_MOST)
        self.gone: Queue[Any] = Queue(_MOST)
        self._granted: Queue[Any] = Queue(_MOST)
        self._messages: Queue[MQTTMessage] = Queue(_MOST)
        self.paho.on_connect = lambda _, __, *answer: self.connected.put_nowait(answer)
        self.paho.on_disconnect = lambda _, __, ___, code, ____: self.gone.put_nowait(code)
        self.paho.on_subscribe = lambda _, __, ___, codes, ____: self._granted.put_nowait(codes)
        self.paho.on_unsubscribe = self.paho.on_subscribe
        self.paho.on_message = lambda _, __, message: self._messages.put_nowait(message)

    def connect(self, port: int | None = None, **options: Any) -> Any:
        """Connect; flags, reason code and properties of the broker's answer."""
        options.setdefault("keepalive", _KEEPALIVE)
        self.paho.connect(self.broker.peer.address, port or self.broker.peer.port, **options)
        self.paho.loop_start()
        return self._next(self.connected, "an answer to CONNECT")

    def _next(self, queue: Queue[Any], what: str) -> Any:
        try:
            return queue.get(timeout=max(0.1, self.broker.peer.deadline.left(PATIENCE)))
        except Empty:
            raise AnswerError(f"{what} did not come") from None

    def subscribe(self, filters: Any, qos: int = 0, **options: Any) -> list[int]:
        """Subscribe; the granted qualities or reasons, in the order of the filters."""
        self.paho.subscribe(filters, qos, **options)
        return [code.value for code in self._next(self._granted, "an answer to SUBSCRIBE")]

    def unsubscribe(self, name: str) -> None:
        """Unsubscribe and wait for the answer."""
        self.paho.unsubscribe(name)
        self._next(self._granted, "an answer to UNSUBSCRIBE")

    def publish(self, name: str, payload: str | bytes, qos: int = 0, **options: Any) -> None:
        """Publish and, for the better qualities of service, wait for the broker to have it."""
        sent = self.paho.publish(name, payload, qos, **options)
        until(sent.is_published, self.broker.peer.deadline, "the acknowledgement of a message")

    def message(self) -> MQTTMessage:
        """The next message; AnswerError if none comes."""
        message: MQTTMessage = self._next(self._messages, "a message")
        return message

    def payloads(self, count: int) -> list[bytes]:
        """The next messages' contents."""
        return [bytes(self.message().payload) for _ in range(count)]

    def settled(self) -> list[MQTTMessage]:
        """All that the broker has for us by now: what comes before our own echo."""
        echo = topic(f"echo/{id(self)}")
        self.subscribe(echo)
        self.publish(echo, b"echo")
        found: list[MQTTMessage] = []
        while len(found) < _MOST:
            message = self.message()
            if message.topic == echo:
                self.unsubscribe(echo)
                return found
            found.append(message)
        raise AnswerError("the broker does not stop sending")

    def nothing(self, what: str) -> None:
        """AnswerError that names `what` if the broker has sent anything by now."""
        expect([message.payload for message in self.settled()], [], what)

    def crash(self) -> None:
        """Break the connection off without a word."""
        connection: Any = self.paho.socket()
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)
        self._next(self.gone, "the end of the connection")

    def close(self) -> None:
        """Leave in good order, if still connected."""
        self.paho.disconnect()
        self.paho.loop_stop()


@contextmanager
def client(
    broker: Broker, version: MQTTProtocolVersion = V311, name: str = "", **options: Any
) -> Iterator[Session]:
    """A connected client; AnswerError if the broker refuses it."""
    session = Session(broker, version, name, **options)
    try:
        _, code, _ = session.connect()
        if code.is_failure:
            raise AnswerError(f"the broker refused the connection: {code}")
        yield session
    finally:
        session.close()


def properties(kind: int = PacketTypes.PUBLISH, **values: Any) -> Properties:
    """MQTT 5 properties by paho's names."""
    made = Properties(kind)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(made, name, value)
    return made
