"""Drives an MQTT broker: every version and quality of service, what it keeps, and odd clients.

All topics carry one prefix; what is retained below it and our sessions are deleted at the end.
"""

from __future__ import annotations

from beacon.model.run import Check
from beacon.workloads.answers import run_and_clean
from beacon.workloads.checks import Deadline
from beacon.workloads.clients import require
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import MQTT_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer

#: Seconds kept back from the checks, so that the broker is left clean when they take too long.
_CLEANING = 3.0


class MqttWorkload(Workload):
    """MQTT on port 1883 or the container's first port; MissingClientError without paho.

    The user and password are those of MQTT_USERNAME and MQTT_PASSWORD, if the container has them.
    """

    name = "mqtt"

    def __init__(self) -> None:
        require("paho.mqtt", "mqtt")

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Use the broker in every way we know and leave it as it was."""
        # these need paho
        from beacon.workloads.mqtt import families
        from beacon.workloads.mqtt.broker import Broker

        if endpoint.address is None:
            return unreachable((*families.CHECKS, *families.CLEAN))
        deadline = Deadline(timeout, endpoint.stop, keep=_CLEANING)
        peer = Peer(endpoint.address, choose_port(endpoint, MQTT_PORTS), deadline)
        broker = Broker(peer, endpoint.env)
        return run_and_clean(families.CHECKS, families.CLEAN, broker, deadline)
