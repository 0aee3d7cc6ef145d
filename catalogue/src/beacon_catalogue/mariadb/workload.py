"""Drives a MariaDB (or MySQL) server: SQL, engines, sessions, files, clients that misbehave.

Everything happens in a database of our own, which is dropped at the end; the few things that
belong to the whole server (users, prepared transactions, a setting) are put back.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.mariadb import (
    SERVICE,
    admin,
    binlog,
    cleaning,
    clients,
    conflicts,
    crowd,
    engines,
    files,
    greeting,
    programs,
    protocol,
    sessions,
    sql,
    work,
)
from beacon_catalogue.mariadb.server import Server

SUITE = Suite(
    (
        admin.CREATION,
        sql.SUITE,
        programs.SUITE,
        sessions.SUITE,
        conflicts.SUITE,
        engines.SUITE,
        files.SUITE,
        work.SUITE,
        admin.SUITE,
        protocol.SUITE,
        binlog.SUITE,
        clients.SUITE,
        crowd.SUITE,
        greeting.SUITE,
    )
)
SUITE.cleaning("cleaning up")(cleaning.clean)


def _connect(peer: Peer, endpoint: Endpoint) -> Server:
    """Signs in as root with MARIADB_ROOT_PASSWORD or MYSQL_ROOT_PASSWORD."""
    return Server(peer, endpoint.env)


WORKLOAD = SuiteWorkload("mysql", SUITE, _connect, ports=SERVICE.ports, cleaning=4.0)
