"""RabbitMQ."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="rabbitmq",
    summary="RabbitMQ: queues, exchanges, consumers, management, and odd clients",
    workload="amqp",
    drives="beacon_catalogue.rabbitmq.workload:WORKLOAD",
    ports=(5672,),
    besides={5671: "TLS", 15672: "management", 15692: "metrics", 61613: "STOMP"},
    images=("rabbitmq",),
    programs=("rabbitmq-server",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/rabbitmq",),
    clients=("pika",),
)
