"""Files of the server: written by it, read by it, all in the folder of our own database."""

from __future__ import annotations

from beacon.workloads.answers import expect
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.server import OURS, Server, ask, fresh, one, tell

SUITE = Suite[Server]()

_ROWS = 2000


@SUITE.check("files of the server")
def _exchange(server: Server) -> str:
    """The names end in .BAK, so that dropping the database deletes the files as well."""
    with server.session() as session:
        folder = one(session, "select concat(@@datadir, database())")
        if one(session, "select @@secure_file_priv is not null"):
            return "switched off"
        # A second use in the same database would find the file there.
        tell(session, f"drop database {OURS}", f"create database {OURS}", f"use {OURS}")
        fresh(session, "written", "n int, word varchar(20)")
        tell(session, f"insert into written select seq, concat('w', seq) from seq_1_to_{_ROWS}")  # noqa: S608
        file = f"{folder}/rows.BAK"
        ask(session, "select * from written into outfile %s fields terminated by ','", file)
        fresh(session, "read_back", "n int, word varchar(20)")
        ask(session, "load data infile %s into table read_back fields terminated by ','", file)
        same = "select count(*), sum(n) from read_back join written using (n, word)"
        expect(ask(session, same), [(_ROWS, _ROWS * (_ROWS + 1) // 2)], "rows read back")
        ask(session, "select 'beacon' into dumpfile %s", f"{folder}/dump.BAK")
        expect(one(session, "select load_file(%s)", f"{folder}/dump.BAK"), b"beacon", "LOAD_FILE")
        tell(session, f"drop database {OURS}", f"create database {OURS}")
    return str(_ROWS)
