"""Drives a MariaDB (or MySQL) server: SQL, engines, sessions, files, clients that misbehave.

Everything happens in a database of our own, which is dropped at the end; the few things that
belong to the whole server (users, prepared transactions, a setting) are put back.
"""

from __future__ import annotations

from beacon.model.run import Check
from beacon.workloads.answers import run_and_clean
from beacon.workloads.checks import Deadline
from beacon.workloads.clients import require
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import MYSQL_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer

#: Seconds kept back from the checks, so that the server is left clean when they take too long.
_CLEANING = 4.0


class MysqlWorkload(Workload):
    """MariaDB on port 3306 or the container's first port; MissingClientError without pymysql.

    It signs in as root with MARIADB_ROOT_PASSWORD or MYSQL_ROOT_PASSWORD.
    """

    name = "mysql"

    def __init__(self) -> None:
        require("pymysql", "mysql")

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Use the server in every way we know and leave it as it was."""
        # these need pymysql
        from beacon.workloads.mysql import cleaning, families
        from beacon.workloads.mysql.server import Server

        if endpoint.address is None:
            return unreachable((*families.CHECKS, *cleaning.CLEANING))
        deadline = Deadline(timeout, endpoint.stop, keep=_CLEANING)
        peer = Peer(endpoint.address, choose_port(endpoint, MYSQL_PORTS), deadline)
        with Server(peer, endpoint.env) as server:
            return run_and_clean(families.CHECKS, cleaning.CLEANING, server, deadline)
