"""Redis data types as dialogues: commands in a row, and the one reply that each must get."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from beacon.workloads.checks import digest
from beacon.workloads.suite import Suite
from beacon_catalogue.redis.server import Server, call, expect, key


class _Any:
    """Equal to every reply: for what differs between versions but not between runs."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


_ANY = _Any()
_OK = b"OK"

#: In a command, words are parted by spaces and `@` begins a key of ours.
_Dialogue = tuple[tuple[str, object], ...]

_DIALOGUES: Mapping[str, _Dialogue] = {
    "PING": (("PING", b"PONG"), ("ECHO beacon", b"beacon")),
    "strings": (
        ("SET @string content", _OK),
        ("GET @string", b"content"),
        ("APPEND @string -more", 12),
        ("GETRANGE @string 0 -2", b"content-mor"),
        ("STRLEN @string", 12),
        ("DEL @string", 1),
        ("GET @string", None),
    ),
    "counters": (
        ("SET @counter 41", _OK),
        ("INCR @counter", 42),
        ("DECRBY @counter 2", 40),
        ("INCRBYFLOAT @counter 0.5", b"40.5"),
    ),
    "many at once": (("MSET @m1 a @m2 b", _OK), ("MGET @m1 @m3 @m2", [b"a", None, b"b"])),
    "expiry": (
        ("SET @mortal x", _OK),
        ("TTL @mortal", -1),
        ("EXPIRE @mortal 1000", 1),
        ("PERSIST @mortal", 1),
        ("PEXPIRE @mortal 0", 1),
        ("EXISTS @mortal", 0),
    ),
    "lists": (
        ("DEL @list", 0),
        ("RPUSH @list c a b", 3),
        ("LPUSH @list z", 4),
        ("LRANGE @list 0 -1", [b"z", b"c", b"a", b"b"]),
        ("LPOP @list", b"z"),
        ("LLEN @list", 3),
        ("SORT @list ALPHA DESC", [b"c", b"b", b"a"]),
    ),
    "hashes": (
        ("HSET @hash field value n 1", 2),
        ("HINCRBY @hash n 4", 5),
        ("HMGET @hash n field none", [b"5", b"value", None]),
        ("HDEL @hash n", 1),
        ("HGETALL @hash", [b"field", b"value"]),
    ),
    "sets": (
        ("SADD @set a b c", 3),
        ("SADD @other b c d", 3),
        ("SREM @set c", 1),
        ("SISMEMBER @set a", 1),
        ("SINTER @set @other", [b"b"]),
        ("SUNIONSTORE @union @set @other", 4),
    ),
    "sorted sets": (
        ("ZADD @sorted 2 two 1 one 3 three", 3),
        ("ZRANGE @sorted 0 -1", [b"one", b"two", b"three"]),
        ("ZINCRBY @sorted 5 one", b"6"),
        ("ZREVRANK @sorted one", 0),
        ("ZRANGEBYSCORE @sorted 2 3", [b"two", b"three"]),
        ("ZPOPMIN @sorted", [b"two", b"2"]),
    ),
    "HyperLogLog": (("PFADD @log a b c a", 1), ("PFCOUNT @log", 3)),
    "bitmaps": (
        ("SETBIT @bits 7 1", 0),
        ("SETBIT @bits 100 1", 0),
        ("BITCOUNT @bits", 2),
        ("BITPOS @bits 1", 7),
        ("BITFIELD @bits INCRBY u8 0 2", [3]),
    ),
    "geo": (
        ("GEOADD @geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", 2),
        ("GEODIST @geo Palermo Catania km", b"166.2742"),
        ("GEOHASH @geo Palermo", [b"sqc8b49rny0"]),
    ),
    "streams": (
        ("XADD @stream 1-1 field a", b"1-1"),
        ("XADD @stream 1-2 field b", b"1-2"),
        ("XLEN @stream", 2),
        ("XRANGE @stream 1-2 +", [[b"1-2", [b"field", b"b"]]]),
        ("XGROUP CREATE @stream group 0", _OK),
        ("XREADGROUP GROUP group one COUNT 1 STREAMS @stream >", _ANY),
        ("XACK @stream group 1-1", 1),
        ("XTRIM @stream MAXLEN 1", 1),
    ),
    "encodings": (
        ("SET @int 7", _OK),
        ("OBJECT ENCODING @int", b"int"),
        ("RPUSH @short a", 1),
        ("OBJECT ENCODING @short", _ANY),
        ("HSET @small f v", 1),
        ("OBJECT ENCODING @small", _ANY),
        ("TYPE @small", b"hash"),
    ),
    "names": (
        ("SET @old x", _OK),
        ("RENAME @old @new", _OK),
        ("TOUCH @new @old", 1),
        ("UNLINK @new @old", 1),
    ),
}


def _words(command: str) -> list[str]:
    return [key(word[1:]) if word[0] == "@" else word for word in command.split()]


def _hold(dialogue: _Dialogue, server: Server) -> str:
    replies = []
    with server.client() as client:
        for command, expected in dialogue:
            reply = call(client, *_words(command))
            expect(reply, expected, command)
            replies.append(reply)
    return digest(repr(replies).encode())


SUITE: Suite[Server] = Suite.of(
    {name: partial(_hold, dialogue) for name, dialogue in _DIALOGUES.items()}
)
