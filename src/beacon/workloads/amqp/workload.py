"""Drives RabbitMQ: queues and exchanges of every kind, consumers, and clients that misbehave.

All queues and exchanges carry one prefix and are deleted at the end; nothing else is touched.
"""

from __future__ import annotations

from beacon.model.run import Check
from beacon.workloads.answers import run_and_clean
from beacon.workloads.checks import Deadline
from beacon.workloads.clients import require
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import AMQP_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer

#: Seconds kept back from the checks, so that the broker is left clean when they take too long.
_CLEANING = 3.0


class AmqpWorkload(Workload):
    """AMQP on port 5672 or the container's first port; MissingClientError without pika.

    The user, password and virtual host are those of RABBITMQ_DEFAULT_USER, …_PASS and …_VHOST.
    """

    name = "amqp"

    def __init__(self) -> None:
        require("pika", "amqp")

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Use the broker in every way we know and leave it as it was."""
        # these need pika
        from beacon.workloads.amqp import families
        from beacon.workloads.amqp.broker import Broker

        if endpoint.address is None:
            return unreachable((*families.CHECKS, *families.CLEAN))
        deadline = Deadline(timeout, endpoint.stop, keep=_CLEANING)
        peer = Peer(endpoint.address, choose_port(endpoint, AMQP_PORTS), deadline)
        broker = Broker(peer, endpoint.env)
        return run_and_clean(families.CHECKS, families.CLEAN, broker, deadline)
