"""RabbitMQ."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="rabbitmq",
    summary="RabbitMQ: queues, exchanges, consumers, management, malformed input",
    workload="amqp",
    drives="beacon_catalogue.rabbitmq.workload:WORKLOAD",
    ports=(5672,),
    besides={5671: "TLS", 15672: "management", 15692: "metrics", 61613: "STOMP"},
    images=("rabbitmq",),
    programs=("rabbitmq-server",),
    interpreters=("beam.smp",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/rabbitmq",),
    clients=("pika",),
    probes=(  # Connection.Start, or the versions that it speaks.
        Probe(b"AMQP\x00\x00\x09\x01", re.compile(rb"(?s)\x01\x00\x00.{4}\x00\x0a\x00\x0a|AMQP")),
    ),
)
