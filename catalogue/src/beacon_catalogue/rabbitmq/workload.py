"""Drives RabbitMQ: queues and exchanges of every kind, consumers, and clients that misbehave.

All queues and exchanges carry one prefix and are deleted at the end; nothing else is touched.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.rabbitmq import (
    SERVICE,
    bad_clients,
    consumers,
    exchanges,
    keeping,
    limits,
    listeners,
    messages,
    odd,
    queues,
)
from beacon_catalogue.rabbitmq.broker import Broker

_PARTS = (queues, limits, exchanges, messages, keeping, consumers, bad_clients, odd, listeners)
SUITE = Suite(part.SUITE for part in _PARTS)
SUITE.cleaning("cleaning up")(Broker.clean)


def _connect(peer: Peer, endpoint: Endpoint) -> Broker:
    """User, password and virtual host are RABBITMQ_DEFAULT_USER, …_PASS and …_VHOST."""
    return Broker(peer, endpoint.env)


WORKLOAD = SuiteWorkload("amqp", SUITE, _connect, ports=SERVICE.ports, cleaning=3.0)
