"""MariaDB and MySQL."""

from __future__ import annotations

from pathlib import Path

from beacon.workloads.service import Service

SERVICE = Service(
    name="mariadb",
    summary="MariaDB: SQL, engines, programs, replication, maintenance, and odd clients",
    workload="mysql",
    drives="beacon_catalogue.mariadb.workload:WORKLOAD",
    ports=(3306,),
    images=("mariadb",),
    programs=("mariadbd", "mysqld"),
    settings=Path(__file__).with_name("settings.toml"),
    configuration=("/etc/mysql",),
    clients=("pymysql",),
)
