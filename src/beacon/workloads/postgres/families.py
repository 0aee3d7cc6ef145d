"""All checks of a PostgreSQL server, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beacon.workloads.postgres import (
    admin,
    bulk,
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
from beacon.workloads.postgres.server import Server

CHECKS: Mapping[str, Callable[[Server], str | None]] = {
    **admin.CREATION,
    **sql.CHECKS,
    **languages.CHECKS,
    **sessions.CHECKS,
    **conflicts.CHECKS,
    **bulk.CHECKS,
    **storage.CHECKS,
    **work.CHECKS,
    **admin.CHECKS,
    **replication.CHECKS,
    **clients.CHECKS,
    **crowd.CHECKS,
    **startup.CHECKS,
}
