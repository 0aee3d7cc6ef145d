"""The log that replicas read: looked at by SQL, and fetched as a replica does."""

from __future__ import annotations

import struct

from beacon.workloads.answers import expect
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.cleaning import replicates
from beacon_catalogue.mariadb.raw import Raw
from beacon_catalogue.mariadb.server import OURS, Server, ask, fresh, one, refuses, tell

SUITE = Suite[Server]()

_DUMP, _NO_WAIT = 18, 1


@SUITE.check("binary log")
def _log(server: Server) -> str:
    with server.session() as session:
        if not one(session, "select @@log_bin"):
            refuses(lambda: ask(session, "show binary logs"), "1381", "SHOW BINARY LOGS")
            return "switched off"
        tell(session, "flush binary logs")
        fresh(session, "logged", "word varchar(40)", "engine = innodb")
        tell(session, "insert into logged values ('beacon was logged')")
        file = ask(session, "show master status")[0][0]
        found = ask(session, "show binlog events in %s limit 100", file)
        expect(any("logged" in str(row) for row in found), True, "whether an event was logged")
        _fetch(server, str(file))
    return "fetched"


def _fetch(server: Server, file: str) -> None:
    with Raw(server) as replica:
        replica.query("set @master_binlog_checksum = @@global.binlog_checksum")
        replica.query("set @mariadb_slave_capability = 4")
        request = struct.pack("<IHI", 4, _NO_WAIT, 7077) + file.encode()
        events = [replica.command(_DUMP, request), *replica.rows()]
    expect(any(b"beacon was logged" in event for event in events), True, "whether it was fetched")


@SUITE.check("replica")
def _replica(server: Server) -> str:
    """The threads of a replica, told to follow a server that does not exist."""
    with server.session() as session:
        name = f"'{OURS}'"
        tell(session, f"change master {name} to master_host = '127.0.0.1', master_port = 1")
        tell(session, f"start slave {name}", f"stop slave {name}")
        host = ask(session, f"show slave {name} status")[0]
        expect("127.0.0.1" in host, True, "whether the server to follow is told")
        tell(session, f"reset slave {name} all")
        expect(replicates(session), False, "whether it still replicates")
    return "started and stopped"
