"""Drives an MQTT broker: every version and quality of service, what it keeps, and odd clients.

All topics carry one prefix; what is retained below it and our sessions are deleted at the end.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.mosquitto import SERVICE, bad_clients, delivery, keeping, listeners, version5
from beacon_catalogue.mosquitto.broker import Broker

SUITE = Suite(part.SUITE for part in (delivery, keeping, version5, bad_clients, listeners))
SUITE.cleaning("cleaning up")(keeping.clean)


def _connect(peer: Peer, endpoint: Endpoint) -> Broker:
    """User and password are MQTT_USERNAME and MQTT_PASSWORD, if the container has them."""
    return Broker(peer, endpoint.env)


WORKLOAD = SuiteWorkload("mqtt", SUITE, _connect, ports=SERVICE.ports, cleaning=3.0)
