"""Commands of the protocol itself, beside the one that carries SQL text."""

from __future__ import annotations

import struct

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.raw import Raw
from beacon_catalogue.mariadb.server import Server, ask, fresh, one, tell

SUITE = Suite[Server]()

_PING, _STATISTICS, _RESET, _DEBUG, _USE = 14, 9, 31, 13, 2
_PREPARE, _EXECUTE, _FETCH, _RESET_STATEMENT = 22, 23, 28, 26
_LINES = b"".join(b"%d;word %d\n" % (number, number) for number in range(5000))


@SUITE.check("protocol commands")
def _commands(server: Server) -> str:
    with Raw(server) as raw:
        expect(raw.command(_PING)[:1], b"\0", "PING")
        expect(b"Uptime" in raw.command(_STATISTICS), True, "whether STATISTICS tells the uptime")
        expect(raw.command(_USE, b"mysql")[:1], b"\0", "INIT DB")
        raw.query("set @kept = 7")
        expect(raw.command(_RESET)[:1], b"\0", "RESET CONNECTION")
        raw.query("select @kept")
        raw.rows()
        expect(raw.rows(), [b"\xfb"], "a variable after RESET CONNECTION")
        expect(raw.command(_DEBUG)[:1], b"\xfe", "DEBUG")
    with server.session() as session:
        session.ping(reconnect=False)
        session.select_db("mysql")
        expect(one(session, "select database()"), "mysql", "the database")
    return "answered"


@SUITE.check("prepared statements")
def _binary(server: Server) -> str:
    """A statement that is prepared once and executed with values in binary form."""
    with Raw(server) as raw:
        prepared = raw.command(_PREPARE, b"select ? + 1, ?")
        number = prepared[1:5]
        raw.rows()
        raw.rows()
        for value in range(20):
            content = struct.pack("<BIB", 0, 1, 0) + b"\1\x03\0\xfe\0" + struct.pack("<i", value)
            raw.command(_EXECUTE, number + content + b"\6beacon")
            raw.rows()
            (row,) = raw.rows()
            expect(row, b"\0\0" + struct.pack("<q", value + 1) + b"\6beacon", "a binary row")
        expect(raw.command(_RESET_STATEMENT, number)[:1], b"\0", "RESET of a statement")
    return "20 rows"


@SUITE.check("cursor of the server")
def _cursor(server: Server) -> str:
    """Rows that stay with the server until they are fetched."""
    with Raw(server) as raw:
        number = raw.command(_PREPARE, b"select seq from seq_1_to_100")[1:5]
        raw.rows()
        raw.command(_EXECUTE, number + struct.pack("<BI", 1, 1))
        raw.rows()
        total = 0
        for count in (30, 30, 40):
            first = raw.command(_FETCH, number + struct.pack("<I", count))
            rows = [first, *raw.rows()]
            expect(len(rows), count, "rows of a FETCH")
            total += sum(int.from_bytes(row[2:10], "little") for row in rows)
    expect(total, 5050, "the sum of all fetched rows")
    return str(total)


@SUITE.check("compressed protocol")
def _compressed(server: Server) -> str:
    with Raw(server, compress=True) as raw:
        raw.query("select repeat('beacon', 100000)")
        raw.rows()
        (row,) = raw.rows()
    expect(len(row), 600004, "bytes of a row")
    return digest(row)


@SUITE.check("LOAD DATA LOCAL")
def _local_file(server: Server) -> str:
    """LOAD DATA LOCAL: the server asks for a file, and gets what we have in memory."""
    with server.session() as session, Raw(server) as raw:
        fresh(session, "loaded", "n int, word varchar(20)")
        if not one(session, "select @@local_infile"):
            return "switched off"
        statement = "load data local infile 'beacon' into table loaded fields terminated by ';'"
        expect(raw.query(statement), b"\xfbbeacon", "the file that the server asks for")
        for start in range(0, len(_LINES), 16384):
            raw.send(_LINES[start : start + 16384])
        raw.send(b"")
        expect(raw.packet()[:1], b"\0", "LOAD DATA LOCAL")
        found = ask(session, "select count(*), sum(n), max(word) from loaded")
        expect(found, [(5000, 12497500, "word 999")], "loaded rows")
        tell(session, "drop table loaded")
    return "5000"


@SUITE.check("unknown commands")
def _unknown(server: Server) -> str:
    for code, content in ((99, b""), (_EXECUTE, b"\xff" * 9), (_PREPARE, b"selec")):
        with Raw(server) as raw:
            try:
                raw.command(code, content)
            except AnswerError:
                expect(raw.command(_PING)[:1], b"\0", "PING after a refusal")
                continue
        raise AnswerError(f"command {code} was accepted")
    return "3 refused"
