"""Apache ZooKeeper."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="zookeeper",
    summary="ZooKeeper: nodes, watches, recipes, rights, admin commands, malformed input",
    workload="zookeeper",
    drives="beacon_catalogue.zookeeper.workload:WORKLOAD",
    ports=(2181,),
    besides={8080: "admin stats"},
    images=("zookeeper",),
    programs=("zkServer.sh",),
    interpreters=("java",),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/conf",),
    clients=("kazoo",),
    probes=(Probe(b"ruok", re.compile(rb"imok|ruok is not executed")),),
)
