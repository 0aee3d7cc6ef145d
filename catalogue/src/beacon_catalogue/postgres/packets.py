"""Messages of the PostgreSQL protocol, version 3, as a client of our own sends them."""

from __future__ import annotations

import struct

PROTOCOL = 3 << 16
CANCEL, SSL, GSS = 80877102, 80877103, 80877104


def first(code: int, content: bytes = b"") -> bytes:
    """A message without a type: the first of a connection."""
    return struct.pack("!II", 8 + len(content), code) + content


def startup(user: str, database: str, protocol: int = PROTOCOL, **options: str) -> bytes:
    """Ask for a session."""
    wanted = {"user": user, "database": database, **options}
    pairs = (f"{name}\0{value}\0" for name, value in wanted.items())
    return first(protocol, "".join(pairs).encode() + b"\0")


def message(kind: bytes, content: bytes) -> bytes:
    """A message of one letter's kind."""
    return kind + struct.pack("!I", 4 + len(content)) + content


def error_state(answer: bytes) -> str:
    """The SQLSTATE of the error that an answer begins with; empty without one."""
    if not answer.startswith(b"E"):
        return ""
    fields = answer[5:].split(b"\0")
    states = (field[1:] for field in fields if field.startswith(b"C"))
    return next(states, b"").decode("ascii", "replace")
