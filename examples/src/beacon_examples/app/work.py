"""What keeps an application's processors and memory busy, each result known beforehand."""

from __future__ import annotations

import gzip
import hashlib
import zlib

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_examples.app.application import Application

SUITE = Suite[Application]()

_CONTENT = b"The quick brown fox jumps over the lazy dog.\n" * 5000
_UNPACKED_LIMIT = 16 << 20
_PRIMES = 21171191  # the sum of all below 20000
_MIB = 16
_FACTS = {"pid": int, "user": int, "processors": int, "folder": str, "host": str, "memory": int}


@SUITE.check("hash")
def _hash(app: Application) -> str:
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        digest = app.json("POST", f"/api/hash?algorithm={algorithm}", _CONTENT).get("digest")
        own = hashlib.new(algorithm, _CONTENT, usedforsecurity=False).hexdigest()
        expect(digest, own, algorithm)
    return "4 digests"


@SUITE.check("derived key")
def _derive(app: Application) -> str:
    own = hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 10_000, 32).hex()
    expect(app.get("/api/derive"), {"key": own}, "the derived key")
    return own[:16]


@SUITE.check("random")
def _random(app: Application) -> str:
    found = {str(app.get("/api/random?bytes=32").get("hex")) for _ in range(3)}
    if len(found) != 3 or any(len(bytes.fromhex(text)) != 32 for text in found):
        raise AnswerError("three times 32 random bytes are not three different things")
    return "3 different"


@SUITE.check("compression")
def _gzip(app: Application) -> str:
    packed = app.ask("POST", "/api/gzip", _CONTENT).body
    unpacker = zlib.decompressobj(wbits=31)
    expect(unpacker.decompress(packed, _UNPACKED_LIMIT), _CONTENT, "what was packed")
    own = gzip.compress(_CONTENT, mtime=0)
    expect(app.ask("POST", "/api/gunzip", own).body, _CONTENT, "what was unpacked")
    app.json("POST", "/api/gunzip", b"not packed", status=400)
    return f"{len(_CONTENT)} bytes"


@SUITE.check("memory")
def _memory(app: Application) -> str:
    expect(app.get(f"/api/memory?mb={_MIB}"), {"pages": _MIB << 8}, "pages touched")
    return f"{_MIB} MiB"


@SUITE.check("threads")
def _threads(app: Application) -> str:
    told = app.get("/api/threads?count=4&below=20000")
    expect(told, {"sums": [_PRIMES] * 4}, "the sums of primes")
    return "4 threads"


@SUITE.check("processes")
def _processes(app: Application) -> str:
    expect(app.get("/api/processes?count=2"), {"sums": [5050] * 2}, "the sums of numbers")
    return "2 processes"


@SUITE.check("timers")
def _timers(app: Application) -> str:
    expect(app.get("/api/timers?count=100"), {"fired": 100}, "timers")
    return "100 timers"


@SUITE.check("commands")
def _commands(app: Application) -> str:
    lines = [f"{number:04}\n" for number in range(2000)]
    told = app.json("POST", "/api/exec?command=sort", "".join(lines).encode())
    expected = {"code": 0, "killed": False, "output": "".join(reversed(lines))}
    expect(told, expected, "sort -r")
    told = app.json("POST", "/api/exec?command=fail", b"")
    expect(told, {"code": 1, "killed": False, "output": ""}, "false")
    return "2 commands"


@SUITE.check("killed command")
def _killed(app: Application) -> str:
    told = app.json("POST", "/api/exec?command=slow", b"")
    expect(told, {"code": None, "killed": True, "output": ""}, "a command that is killed")
    return "killed"


@SUITE.check("missing command")
def _missing(app: Application) -> str:
    told = app.json("POST", "/api/exec?command=missing", b"")
    expect(told, {"error": "missing"}, "a command that is missing")
    return "missing"


@SUITE.check("process facts")
def _info(app: Application) -> str:
    told = app.get("/api/info")
    for name, kind in _FACTS.items():
        if not isinstance(told.get(name), kind):
            raise AnswerError(f"the application does not know its own {name}")
    return f"{len(_FACTS)} facts"
