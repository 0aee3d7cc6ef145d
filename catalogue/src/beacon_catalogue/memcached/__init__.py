"""memcached."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="memcached",
    summary="memcached: text, meta and binary protocol, tuning, malformed input",
    workload="memcached",
    drives="beacon_catalogue.memcached.workload:WORKLOAD",
    ports=(11211,),
    images=("memcached",),
    programs=("memcached",),
    settings=Path(__file__).with_name("settings.toml"),
    clients=("pymemcache",),
    probes=(Probe(b"version\r\n", re.compile(rb"VERSION |CLIENT_ERROR unauth")),),
)
