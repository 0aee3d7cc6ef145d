"""The binary protocol: requests and responses of 24 bytes and what they announce."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from beacon.workloads.checks import AnswerError
from beacon_catalogue.memcached.line import Line

_HEADER = struct.Struct(">BBHBBHLLQ")
_REQUEST, _RESPONSE = 0x80, 0x81
_OPAQUE = 0xBEAC0

GET, SET, ADD, REPLACE, DELETE, INCREMENT, DECREMENT = range(0x00, 0x07)
QUIT, FLUSH, GETQ, NOOP, VERSION, GETK, GETKQ, APPEND, PREPEND, STAT = range(0x07, 0x11)
SETQ, VERBOSITY, TOUCH, GAT = 0x11, 0x1B, 0x1C, 0x1D
SASL_LIST, SASL_AUTH = 0x20, 0x21

OK, MISSING, EXISTS, TOO_LARGE, INVALID, NOT_STORED, NOT_A_NUMBER = range(0x00, 0x07)
UNAUTHORISED, UNKNOWN = 0x20, 0x81


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One response."""

    status: int
    key: bytes
    extras: bytes
    value: bytes
    cas: int


def request(
    code: int, key: bytes = b"", value: bytes = b"", extras: bytes = b"", cas: int = 0
) -> bytes:
    """One request, ready to send."""
    length = len(extras) + len(key) + len(value)
    head = _HEADER.pack(_REQUEST, code, len(key), len(extras), 0, 0, length, _OPAQUE, cas)
    return head + extras + key + value


def status(line: Line) -> int | None:
    """The status of the next response by its first bytes alone; None if it is none."""
    if line.exactly(1)[0] != _RESPONSE:
        return None
    return int.from_bytes(line.exactly(7)[5:])


def answer(line: Line) -> Answer:
    """The next response; AnswerError if it is none."""
    magic, _, keys, extras, _, code, length, opaque, cas = _HEADER.unpack(line.exactly(24))
    if magic != _RESPONSE or opaque != _OPAQUE or keys + extras > length:
        raise AnswerError(f"no response of the binary protocol: magic {magic:#x}")
    body = line.exactly(length)
    return Answer(
        status=code,
        key=body[extras : extras + keys],
        extras=body[:extras],
        value=body[extras + keys :],
        cas=cas,
    )


def call(
    line: Line,
    code: int,
    key: bytes = b"",
    value: bytes = b"",
    extras: bytes = b"",
    cas: int = 0,
) -> Answer:
    """Send a request and read the response to it."""
    line.sendall(request(code, key, value, extras, cas))
    return answer(line)
