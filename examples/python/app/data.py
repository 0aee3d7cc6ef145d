"""A small store of texts, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from files import FOLDER
from web import FailureError, Request

_MATCHING = "FROM texts WHERE substr(key, 1, length(:prefix)) = :prefix"


@contextmanager
def connected() -> Iterator[sqlite3.Connection]:
    """A connection; what was done on it is kept unless something is raised."""
    with closing(sqlite3.connect(FOLDER / "texts.sqlite", timeout=5)) as connection, connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE IF NOT EXISTS texts (key TEXT PRIMARY KEY, value TEXT)")
        yield connection


def look(request: Request) -> dict[str, object]:
    """One text, or the keys that begin with a prefix."""
    with connected() as connection:
        if "key" not in request.query:
            prefix = {"prefix": request.query.get("prefix", "")}
            rows = connection.execute(f"SELECT key {_MATCHING} ORDER BY key", prefix)
            return {"keys": [key for (key,) in rows]}
        key = request.query["key"]
        found = connection.execute("SELECT value FROM texts WHERE key = ?", (key,)).fetchone()
    if found is None:
        raise FailureError(404, "there is no such key")
    return {"key": key, "value": found[0]}


def put(request: Request) -> dict[str, str]:
    """Keep a text; with `fail`, in a transaction that is rolled back."""
    if "key" not in request.query:
        raise FailureError(400, "a key is missing")
    change = {"key": request.query["key"], "value": request.body().decode(errors="replace")}
    with connected() as connection:
        connection.execute("INSERT OR REPLACE INTO texts VALUES (:key, :value)", change)
        if "fail" in request.query:
            raise FailureError(409, "nothing is kept, as asked")
    return change


def drop(request: Request) -> dict[str, int]:
    """Delete what begins with a prefix."""
    with connected() as connection:
        prefix = {"prefix": request.query.get("prefix", "")}
        return {"deleted": connection.execute(f"DELETE {_MATCHING}", prefix).rowcount}


ROUTES = {"/api/db": {"GET": look, "POST": put, "DELETE": drop}}
