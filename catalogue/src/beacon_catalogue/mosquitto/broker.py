"""An MQTT broker under test: our topics and clients, and what is expected of its answers."""

from __future__ import annotations

from collections.abc import Mapping

from beacon.workloads.net import Peer

#: Clients whose sessions may outlive them, so that those of an interrupted run can be ended.
KEPT_CLIENTS = ("kept", "kept5", "rival", "held", "shared")

_PREFIX = "beacon/check/"


class Broker:
    """One broker for the length of one drive."""

    def __init__(self, peer: Peer, env: Mapping[str, str]) -> None:
        self.peer = peer
        self.user = env.get("MQTT_USERNAME")
        self.password = env.get("MQTT_PASSWORD")


def topic(name: str) -> str:
    """Our topic of this name; what is kept below our prefix is deleted at the end."""
    return _PREFIX + name


def client_id(name: str) -> str:
    """The client id that we give to a session that outlives its connection."""
    return "beacon-check-" + KEPT_CLIENTS[KEPT_CLIENTS.index(name)]
