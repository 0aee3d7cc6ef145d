"""Eclipse Mosquitto and other MQTT brokers."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="mosquitto",
    summary="Mosquitto: MQTT 3.1, 3.1.1 and 5, retained messages, sessions, malformed input",
    workload="mqtt",
    drives="beacon_catalogue.mosquitto.workload:WORKLOAD",
    ports=(1883,),
    besides={8883: "TLS", 9001: "WebSocket"},
    images=("eclipse-mosquitto",),
    programs=("mosquitto",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/mosquitto/config", "/etc/mosquitto"),
    clients=("paho.mqtt",),
    probes=(  # A client without a name, and the answer to it, whatever that is.
        Probe(
            b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x05\x00\x00",
            re.compile(rb"\x20\x02[\x00\x01][\x00-\x05]"),
        ),
    ),
)
