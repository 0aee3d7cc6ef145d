"""Much data at once: COPY in all its forms, large values, large objects."""

from __future__ import annotations

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.server import Server, Session, ask, fresh, one, refuses, tell

SUITE = Suite[Server]()

_ROWS = [(number, f"word {number}\t\\ñ") for number in range(5000)]
_BINARY = bytes(range(256)) * 4096
_LIMIT = 8 << 20


@SUITE.check("COPY text")
def _copy_text(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "copied", "n int, word text")
        with session.cursor().copy("copy copied from stdin") as copy:
            for row in _ROWS:
                copy.write_row(row)
        expect(ask(session, "select * from copied order by n"), _ROWS, "rows after COPY")
        with session.cursor().copy("copy (select * from copied order by n) to stdout") as copy:
            expect(list(copy.rows()), [(str(n), word) for n, word in _ROWS], "rows of COPY")
    return str(len(_ROWS))


@SUITE.check("COPY binary")
def _copy_binary(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "binary_rows", "n int8, word text")
        form = "(format binary)"
        with session.cursor().copy(f"copy binary_rows from stdin {form}") as copy:
            copy.set_types(["int8", "text"])
            for row in _ROWS:
                copy.write_row(row)
        out = f"copy (select * from binary_rows order by n) to stdout {form}"  # noqa: S608
        with session.cursor().copy(out) as copy:
            copy.set_types(["int8", "text"])
            expect(list(copy.rows()), _ROWS, "rows of a binary COPY")
    return str(len(_ROWS))


@SUITE.check("COPY that breaks, CSV")
def _copy_broken(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "broken", "n int")
        refuses(lambda: _write(session, b"1\nnot a number\n"), "22P02", "a row of another type")
        expect(one(session, "select count(*) from broken"), 0, "rows after a refused COPY")
        out = "copy (select i, 'a;b' from generate_series(1, 2) i) to stdout (format csv, header)"
        expect(_read(session, out), b"i,?column?\n1,a;b\n2,a;b\n", "CSV")
    return "refused"


def _write(session: Session, content: bytes) -> None:
    with session.cursor().copy("copy broken from stdin") as copy:
        copy.write(content)


def _read(session: Session, statement: str) -> bytes:
    content = bytearray()
    with session.cursor().copy(statement) as copy:
        for piece in copy:
            content += piece
            if len(content) > _LIMIT:
                raise AnswerError(f"COPY gave more than {_LIMIT >> 20} MiB")
    return bytes(content)


@SUITE.check("files of the server")
def _server_files(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "lines", "line text")
        folder = one(session, "select current_setting('data_directory')")
        version = one(session, "select pg_read_file('PG_VERSION')").strip()
        copy = one(
            session, "select format('copy lines from %%L', %s::text)", f"{folder}/PG_VERSION"
        )
        tell(session, copy, "copy lines to '/dev/null'", "copy lines from program 'echo beacon'")
        tell(session, "copy lines to program 'cat >/dev/null'")
        expect(ask(session, "select line from lines"), [(version,), ("beacon",)], "lines of files")
        expect(
            one(session, "select count(*) from pg_ls_dir('.') f where f = 'base'"), 1, "a folder"
        )
    return str(version)


@SUITE.check("large values")
def _large_values(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "large", "kind text, content bytea")
        tell(session, "alter table large alter content set storage external")
        session.execute("insert into large values ('plain', %b)", (_BINARY,))
        tell(
            session,
            "alter table large alter content set compression lz4, alter content set storage main",
        )
        session.execute("insert into large values ('lz4', %b)", (_BINARY,))
        with session.cursor(binary=True) as cursor:
            cursor.execute("select content from large")
            found = {digest(row[0]) for row in cursor.fetchall()}
        expect(found, {digest(_BINARY)}, "the digests of 1 MiB")
        expect(one(session, "select length(repeat('x', 20000000))"), 20000000, "20 MB of text")
    return digest(_BINARY)


@SUITE.check("large objects")
def _large_objects(server: Server) -> str:
    with server.connect() as session, session.transaction():
        number = one(session, "select lo_from_bytea(0, %b)", _BINARY)
        file = one(session, f"select lo_open({number}, {0x60000})")
        expect(one(session, f"select lo_lseek({file}, 256, 0)"), 256, "a place to write at")
        expect(one(session, f"select lowrite({file}, 'beacon')"), 6, "bytes written")
        tell(session, f"select lo_truncate({file}, 300)", f"select lo_close({file})")
        content = one(session, f"select lo_get({number})")
        expect(digest(content), digest(_BINARY[:256] + b"beacon" + _BINARY[6:44]), "a large object")
        expect(one(session, f"select lo_unlink({number})"), 1, "objects deleted")
    return digest(content)
