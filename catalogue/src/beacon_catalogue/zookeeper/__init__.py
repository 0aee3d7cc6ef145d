"""Apache ZooKeeper."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="zookeeper",
    summary="ZooKeeper: nodes, watches, recipes, rights, admin commands, and odd clients",
    workload="zookeeper",
    drives="beacon_catalogue.zookeeper.workload:WORKLOAD",
    ports=(2181,),
    besides={8080: "admin stats"},
    images=("zookeeper",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/conf",),
    clients=("kazoo",),
)
