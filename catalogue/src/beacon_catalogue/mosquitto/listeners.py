"""A broker's other listeners, where it has them: TLS, WebSocket, and the bridge to another one."""

from __future__ import annotations

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer, unverified_tls
from beacon.workloads.suite import Suite
from beacon_catalogue.mosquitto.broker import Broker, topic
from beacon_catalogue.mosquitto.session import V5, V311, Session, client

SUITE = Suite[Broker]()

_TLS, _WEBSOCKET = 8883, 9001
_CLOSED = "not offered"
#: Two of the pieces in which mosquitto feeds a WebSocket, ten times a second.
_PAYLOAD = b"d" * 8192


def _open(broker: Broker, port: int) -> bool:
    """Whether somebody listens there. OSError if the broker itself is gone."""
    broker.peer.connect().close()
    try:
        Peer(broker.peer.address, port, broker.peer.deadline).connect().close()
    except ConnectionRefusedError:
        return False
    return True


def _round_trip(broker: Broker, session: Session, port: int) -> str:
    """A message in by one door and out by the usual one, and the other way round."""
    try:
        _, code, _ = session.connect(port)
        expect(code.is_failure, False, "a refusal")
        with client(broker) as usual:
            for reader, writer in ((session, usual), (usual, session)):
                reader.subscribe(topic("door"), 2)
                writer.publish(topic("door"), _PAYLOAD, 2)
                expect(reader.message().payload, _PAYLOAD, "the message")
                reader.unsubscribe(topic("door"))
    finally:
        session.close()
    return "delivered"


@SUITE.check("TLS")
def _tls(broker: Broker) -> str:
    if not _open(broker, _TLS):
        return _CLOSED
    session = Session(broker, V5, "")
    session.paho.tls_set_context(unverified_tls())
    return _round_trip(broker, session, _TLS)


@SUITE.check("WebSocket")
def _websocket(broker: Broker) -> str:
    if not _open(broker, _WEBSOCKET):
        return _CLOSED
    return _round_trip(broker, Session(broker, V311, "", transport="websockets"), _WEBSOCKET)


@SUITE.check("bridge")
def _bridge(broker: Broker) -> str:
    """A bridge tells of itself; one that carries `bridge/out` as `bridge/in` is asked to."""
    with client(broker) as session:
        session.subscribe("$SYS/broker/connection/+/state")
        if not session.settled():
            return _CLOSED
        session.subscribe(topic("bridge/in"), 2)
        session.publish(topic("bridge/out"), b"across", 2)
        message = session.message()
        while message.topic.startswith("$SYS/"):
            broker.peer.deadline.check()
            message = session.message()
        if message.payload != b"across":
            raise AnswerError("what came by the bridge is not what was sent")
    return "delivered"
