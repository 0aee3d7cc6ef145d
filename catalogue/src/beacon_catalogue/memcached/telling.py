"""What memcached tells of itself: statistics, its items, a log to watch."""

from __future__ import annotations

from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.memcached.server import (
    PREFIX,
    Server,
    all_keys,
    encoded,
    expect,
    facts,
    left_over,
    put,
)

SUITE = Suite[Server]()


@SUITE.check("statistics")
def _statistics(server: Server) -> str:
    with server.line() as line:
        before = facts(line)
        put(line, server.key("counted"), b"x")
        line.ask(f"get {server.key('counted')}".encode(), b"END\r\n")
        after = facts(line)
        for name in ("cmd_set", "cmd_get", "get_hits"):
            expect(int(after[name]), int(before[name]) + 1, f"{name} after one more")
        expect(line.ask(b"version"), f"VERSION {after['version']}".encode(), "version")
    return after["version"]


@SUITE.check("statistics of connections")
def _connections(server: Server) -> str:
    with server.line() as line:
        host, port = line.address
        ours = f"tcp6:[{host}]:{port}" if ":" in host else f"tcp:{host}:{port}"
        if ours not in facts(line, "conns").values():
            raise AnswerError("stats conns does not have this connection")
    return "found"


@SUITE.check("statistics of sizes")
def _classes(server: Server) -> str:
    """Where items of a size lie: both kinds of statistics must know of ours."""
    with server.line() as line:
        put(line, server.key("classified"), b"x" * 5000)
        reply = line.ask(f"me {server.key('classified')}".encode()).decode("ascii", "replace")
        number = reply.partition(" cls=")[2].split()[0]
        if int(facts(line, "items")[f"items:{number}:number"]) < 1:
            raise AnswerError(f"stats items knows of no item in class {number}")
        # After a restart with kept memory, the pages of old items are not counted.
        if not {"active_slabs", "total_malloced"} <= facts(line, "slabs").keys():
            raise AnswerError("stats slabs does not tell of memory")
        facts(line, "sizes")
        line.ask(f"stats cachedump {number} 1".encode(), b"\r\n")
    return number


@SUITE.check("statistics by prefix")
def _details(server: Server) -> str:
    """Counts by prefix of keys, while they are turned on."""
    with server.line() as line:
        old = facts(line, "settings")
        if len(old["stat_key_prefix"]) != 1 or old["stat_key_prefix"] not in PREFIX:
            return "another delimiter"
        line.ask(b"stats detail on")
        line.ask(b"stats reset")
        put(line, server.key("detailed"), b"x")
        line.ask(f"get {server.key('detailed')}".encode(), b"END\r\n")
        content = line.ask(b"stats detail dump", b"END\r\n")
        if old["detail_enabled"] != "yes":
            line.ask(b"stats detail off")
    expect(content, b"PREFIX beacon get 1 hit 1 set 1 del 0\r\n", "stats detail dump")
    return "counted"


@SUITE.check("list of items")
def _listing(server: Server) -> str:
    with server.line() as line:
        put(line, server.key("listed"), b"x")
        if all_keys(line) is None:
            return "switched off"
        if server.key("listed") not in left_over(line):
            raise AnswerError("metadump does not have our key")
        crawled = line.ask(b"lru_crawler crawl all")
        if crawled != b"OK" and not crawled.startswith(b"BUSY"):
            raise AnswerError(f"the crawl was refused: {crawled!r}")
    return "listed"


@SUITE.check("watch")
def _watch(server: Server) -> str:
    name = server.key("watched")
    with server.line() as watcher, server.line() as line:
        if watcher.ask(b"watch mutations fetchers") != b"OK":
            return "switched off"
        put(line, name, b"x")
        line.ask(f"get {name}".encode(), b"END\r\n")
        mark = encoded(name).encode()
        stored = watcher.until(b"\n")
        while b"type=item_store" not in stored or mark not in stored:
            stored = watcher.until(b"\n")
        expect(b"status=stored cmd=set" in stored, True, "the log of a set")
    return "logged"
