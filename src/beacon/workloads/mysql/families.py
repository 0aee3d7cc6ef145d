"""All checks of a MariaDB server, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beacon.workloads.mysql import (
    admin,
    binlog,
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
from beacon.workloads.mysql.server import Server

CHECKS: Mapping[str, Callable[[Server], str | None]] = {
    **admin.CREATION,
    **sql.CHECKS,
    **programs.CHECKS,
    **sessions.CHECKS,
    **conflicts.CHECKS,
    **engines.CHECKS,
    **files.CHECKS,
    **work.CHECKS,
    **admin.CHECKS,
    **protocol.CHECKS,
    **binlog.CHECKS,
    **clients.CHECKS,
    **crowd.CHECKS,
    **greeting.CHECKS,
}
