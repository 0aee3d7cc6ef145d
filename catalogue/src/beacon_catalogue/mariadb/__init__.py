"""MariaDB and MySQL."""

from __future__ import annotations

import re
from pathlib import Path

from beacon.workloads.service import Probe, Service

SERVICE = Service(
    name="mariadb",
    summary="MariaDB: SQL, engines, programs, replication, maintenance, malformed input",
    workload="mysql",
    drives="beacon_catalogue.mariadb.workload:WORKLOAD",
    ports=(3306,),
    images=("mariadb",),
    programs=("mariadbd", "mysqld"),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/mysql",),
    clients=("pymysql",),
    probes=(  # Protocol 10 and a version, or an error that names this host.
        Probe(b"", re.compile(rb"(?s)...\x00(\x0a\d+\.\d|\xff)")),
    ),
)
