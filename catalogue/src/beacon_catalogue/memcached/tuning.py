"""What can be changed while memcached runs, and what it does when memory is scarce."""

from __future__ import annotations

from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.memcached.line import Line
from beacon_catalogue.memcached.server import (
    PREFIX,
    Server,
    all_keys,
    encoded,
    expect,
    facts,
    put,
    until,
)

SUITE = Suite[Server]()

#: The smallest limit that memcached takes, and twice as much content.
_SCARCE_MIB = 8
_PIECE = b"m" * 100_000
_PIECES = 2 * (_SCARCE_MIB << 20) // len(_PIECE)
_LOSSES = ("evictions", "direct_reclaims", "extstore_objects_written")
_TUNED = ("hot_lru_pct", "warm_lru_pct", "hot_max_factor", "warm_max_factor")
_STORED_OUTSIDE = 200


@SUITE.check("verbosity")
def _verbosity(server: Server) -> str:
    """What a very verbose server does, it also writes to its log."""
    with server.line() as line:
        old = facts(line, "settings")["verbosity"]
        expect(line.ask(b"verbosity 2"), b"OK", "verbosity")
        put(line, server.key("told"), b"x")
        expect(facts(line, "settings")["verbosity"], "2", "the setting")
        expect(line.ask(f"verbosity {old}".encode()), b"OK", "verbosity as it was")
    return "set and put back"


@SUITE.check("settings")
def _settings(server: Server) -> str:
    with server.line() as line:
        old = facts(line, "settings")
        if old["lru_maintainer_thread"] != "yes" or old["slab_reassign"] != "yes":
            return "switched off"
        mode = "segmented" if old["lru_segmented"] == "yes" else "flat"
        other = "flat" if mode == "segmented" else "segmented"
        tuned = (old[name] for name in _TUNED)
        for command, name, value in (
            (f"lru mode {other}", "lru_segmented", "no" if mode == "segmented" else "yes"),
            (f"lru mode {mode}", "lru_segmented", old["lru_segmented"]),
            ("lru tune 10 25 0.10 2.00", "hot_lru_pct", "10"),
            (f"lru tune {' '.join(tuned)}", "hot_lru_pct", old["hot_lru_pct"]),
            ("slabs automove 2", "slab_automove", "2"),
            (f"slabs automove {old['slab_automove']}", "slab_automove", old["slab_automove"]),
            ("lru_crawler sleep 200", "lru_crawler_sleep", "200"),
            (f"lru_crawler sleep {old['lru_crawler_sleep']}", "lru_crawler", old["lru_crawler"]),
        ):
            expect(line.ask(command.encode()), b"OK", command)
            expect(facts(line, "settings")[name], value, f"{name} after {command}")
    return "set and put back"


@SUITE.check("external storage")
def _outside(server: Server) -> str:
    """Items that the server moves to a file must come back as they were."""
    content = {server.key(f"outside:{n}"): b"%05d" % n * 2000 for n in range(_STORED_OUTSIDE)}
    with server.line() as line:
        written = facts(line).get("extstore_objects_written")
        if written is None:
            return "none"
        for name, value in content.items():
            put(line, name, value)
        aim = int(written) + len(content) // 2
        until(lambda: int(facts(line)["extstore_objects_written"]) >= aim, server, "moving items")
        for name, value in content.items():
            reply = line.ask(f"get {name}".encode(), b"END\r\n")
            expect(digest(reply.partition(b"\r\n")[2][:-2]), digest(value), "the digest of an item")
    return str(_STORED_OUTSIDE)


def _fill(server: Server, line: Line) -> None:
    before, refused = _losses(line), 0
    for number in range(_PIECES):
        name, content = server.key(f"scarce:{number}"), b"%06d" % number + _PIECE
        line.sendall(f"set {name} 0 0 {len(content)}\r\n".encode() + content + b"\r\n")
        if line.until(b"\r\n") != b"STORED\r\n":
            refused += 1
            continue
        reply = line.ask(f"get {name}".encode(), b"\r\nEND\r\n")
        expect(digest(reply[-len(content) :]), digest(content), "the newest item's digest")
    if not refused and _losses(line) == before:
        raise AnswerError("all items were kept although there was no memory for them")


def _losses(line: Line) -> int:
    return sum(int(facts(line).get(name, 0)) for name in _LOSSES)


@SUITE.check("scarce memory")
def _scarcity(server: Server) -> str:
    """Twice as much content as there is memory for: old items go, or new ones are refused."""
    with server.line() as line:
        old = int(facts(line, "settings")["maxbytes"]) >> 20
        if old < _SCARCE_MIB or line.ask(b"cache_memlimit %d" % _SCARCE_MIB) != b"OK":
            return "the limit is fixed"
        try:
            _fill(server, line)
        finally:
            line.ask(b"cache_memlimit %d" % old)
    return "made room"


@SUITE.check("flush")
def _flush(server: Server) -> str:
    """Only a server that holds nothing but our items is flushed."""
    with server.line() as line:
        names = all_keys(line)
        if names is None or any(not name.startswith(encoded(PREFIX)) for name in names):
            return "in use"
        put(line, server.key("flushed"), b"x")
        if facts(line, "settings")["flush_enabled"] != "yes":
            expect(line.ask(b"flush_all").startswith(b"CLIENT_ERROR"), True, "a refusal")
            return "switched off"
        expect(line.ask(b"flush_all"), b"OK", "flush_all")
        question = f"get {server.key('flushed')}".encode()
        until(lambda: line.ask(question, b"\r\n") == b"END", server, "flushing")
    return "flushed"


@SUITE.check("certificates")
def _certificates(server: Server) -> str:
    if not server.manner.tls:
        return "no TLS"
    with server.line() as line:
        expect(line.ask(b"refresh_certs"), b"OK", "refresh_certs")
    with server.line() as line:
        expect(line.ask(b"mn"), b"MN", "a connection with the certificate read again")
    return "read again"
