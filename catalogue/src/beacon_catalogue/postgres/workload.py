"""Drives a PostgreSQL server: SQL, sessions, storage, replication, and clients that misbehave.

Everything happens in a database of our own, which is dropped at the end; the few things that
belong to the whole server (a role, a slot, a tablespace, a setting) are put back.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.postgres import (
    SERVICE,
    admin,
    bulk,
    cleaning,
    clients,
    conflicts,
    crowd,
    languages,
    replication,
    sessions,
    sql,
    startup,
    storage,
    work,
)
from beacon_catalogue.postgres.server import Server

SUITE = Suite(
    (
        admin.CREATION,
        sql.SUITE,
        languages.SUITE,
        sessions.SUITE,
        conflicts.SUITE,
        bulk.SUITE,
        storage.SUITE,
        work.SUITE,
        admin.SUITE,
        replication.SUITE,
        clients.SUITE,
        crowd.SUITE,
        startup.SUITE,
    )
)
SUITE.cleaning("cleaning up")(cleaning.clean)


def _connect(peer: Peer, endpoint: Endpoint) -> Server:
    return Server(peer, endpoint.env)


WORKLOAD = SuiteWorkload("postgres", SUITE, _connect, ports=SERVICE.ports, cleaning=4.0)
