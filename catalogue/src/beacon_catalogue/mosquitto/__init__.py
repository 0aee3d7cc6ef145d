"""Eclipse Mosquitto and other MQTT brokers."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="mosquitto",
    summary="Mosquitto: MQTT 3.1, 3.1.1 and 5, retained messages, sessions, and odd clients",
    workload="mqtt",
    drives="beacon_catalogue.mosquitto.workload:WORKLOAD",
    ports=(1883,),
    besides={8883: "TLS", 9001: "WebSocket"},
    images=("eclipse-mosquitto",),
    programs=("mosquitto",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/mosquitto/config", "/etc/mosquitto"),
    clients=("paho.mqtt",),
)
