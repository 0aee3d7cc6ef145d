"""The broker's other listeners, where it has them: TLS, metrics, management, STOMP."""

from __future__ import annotations

import base64
import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pika

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import Peer, exchange, unverified_tls
from beacon.workloads.suite import Suite
from beacon_catalogue.rabbitmq.broker import Broker, queue
from beacon_catalogue.rabbitmq.delivery import fetched, send

SUITE = Suite[Broker]()

_TLS, _MANAGEMENT, _METRICS, _STOMP = 5671, 15672, 15692, 61613
_LIMIT = 8 << 20
_CLOSED = "not offered"


def _door(broker: Broker, port: int) -> Peer | None:
    """The way to another port; None where nobody listens. OSError if the broker itself is gone."""
    broker.peer.connect().close()
    door = Peer(broker.peer.address, port, broker.peer.deadline)
    try:
        door.connect().close()
    except ConnectionRefusedError:
        return None
    return door


@SUITE.check("TLS")
def _tls(broker: Broker) -> str:
    door = _door(broker, _TLS)
    if door is None:
        return _CLOSED
    with broker.channel(port=door.port, ssl_options=pika.SSLOptions(unverified_tls())) as channel:
        channel.queue_declare(queue("door"))
        send(channel, queue("door"), [b"s" * 100_000])
        expect(fetched(channel, queue("door"), broker)[2], b"s" * 100_000, "the message by TLS")
    return "delivered"


def _ask(door: Peer, method: str, path: str, broker: Broker, body: object = None) -> bytes:
    connection = HTTPConnection(door.address, door.port, timeout=door.deadline.wait())
    secret = base64.b64encode(f"{broker.user}:{broker.password}".encode()).decode("ascii")
    headers = {"Authorization": f"Basic {secret}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read(_LIMIT)
    finally:
        connection.close()
    if answer.status >= 300:
        raise AnswerError(f"{method} {path} was answered with {answer.status}")
    return content


@SUITE.check("metrics")
def _metrics(broker: Broker) -> str:
    door = _door(broker, _METRICS)
    if door is None:
        return _CLOSED
    lines = _ask(door, "GET", "/metrics", broker).decode("utf-8", "replace").splitlines()
    found = [line.split(" ") for line in lines if line.startswith("rabbitmq_queues ")]
    if len(found) != 1 or not found[0][1].isdigit():
        raise AnswerError("the metrics do not say how many queues there are")
    return "told"


@SUITE.check("management")
def _management(broker: Broker) -> str:
    door = _door(broker, _MANAGEMENT)
    if door is None:
        return _CLOSED
    name, vhost = queue("door"), quote(broker.vhost, safe="")
    expect(_asked(door, "GET", "whoami", broker).get("name"), broker.user, "who I am")
    _ask(door, "PUT", f"/api/queues/{vhost}/{name}", broker, {"durable": True})
    message = {"properties": {}, "routing_key": name, "payload": "x", "payload_encoding": "string"}
    where = f"exchanges/{vhost}/amq.default/publish"
    expect(_asked(door, "POST", where, broker, message), {"routed": True}, "publishing")
    order = {"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"}
    found = _asked(door, "POST", f"queues/{vhost}/{name}/get", broker, order)
    expect([message["payload"] for message in found], ["x"], "the message by HTTP")
    if "rabbitmq_version" not in _asked(door, "GET", "overview", broker):
        raise AnswerError("the overview does not tell the version")
    _ask(door, "DELETE", f"/api/queues/{vhost}/{name}", broker)
    return "delivered"


def _asked(door: Peer, method: str, path: str, broker: Broker, body: object = None) -> Any:
    return json.loads(_ask(door, method, f"/api/{path}", broker, body))


@SUITE.check("STOMP")
def _stomp(broker: Broker) -> str:
    """A queue that is sent to and read from by the plain text protocol."""
    door = _door(broker, _STOMP)
    if door is None:
        return _CLOSED
    login = f"login:{broker.user}\npasscode:{broker.password}\nhost:{broker.vhost}"
    target = f"destination:/amq/queue/{queue('door')}"
    with broker.channel() as channel:
        channel.queue_declare(queue("door"))
        channel.queue_purge(queue("door"))
    frames = (
        f"CONNECT\naccept-version:1.2\n{login}\n\n\0",
        f"SUBSCRIBE\nid:0\nack:auto\n{target}\n\n\0",
        f"SEND\n{target}\n\nby stomp\0",
    )
    content = exchange(door, [frame.encode() for frame in frames], patience=0.7).content
    if b"\n\nby stomp\0" not in content:
        raise AnswerError("the message sent by STOMP did not come back")
    return "delivered"
