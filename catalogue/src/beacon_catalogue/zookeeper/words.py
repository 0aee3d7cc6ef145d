"""The words of four letters that are answered without a session, as far as they are allowed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from beacon.workloads.checks import AnswerError, shown
from beacon.workloads.net import reset
from beacon.workloads.suite import Suite
from beacon_catalogue.zookeeper.link import connect
from beacon_catalogue.zookeeper.server import Server

_LIMIT = 4 << 20

#: What is part of the answer to a word.
_WORDS: Mapping[str, bytes] = {
    "srvr": b"Mode: ",
    "ruok": b"imok",
    "stat": b"Clients:",
    "conf": b"dataDir=",
    "cons": b"queued=",
    "crst": b"Connection stats reset",
    "dirs": b"datadir_size: ",
    "dump": b"SessionTracker dump:",
    "envi": b"java.version=",
    "gtmk": b"",
    "hash": b"",
    "isro": b"rw",
    "mntr": b"zk_version\t",
    "srst": b"Server stats reset",
    "wchc": b"",
    "wchp": b"",
    "wchs": b"watches:",
}
_REFUSAL = b" is not executed because it is not in the whitelist."


def _word(word: str, server: Server) -> str:
    reply = _ask(server, word.encode())
    if word.encode() + _REFUSAL in reply:
        return "not allowed"
    if _WORDS[word] not in reply:
        raise AnswerError(f"the answer was {shown(reply[:100])!r}")
    return "answered"


def _ask(server: Server, word: bytes) -> bytes:
    content = bytearray()
    with connect(server.peer, tls=server.tls) as connection:
        connection.sendall(word)
        while len(content) < _LIMIT:
            server.peer.deadline.check()
            piece = connection.recv(1 << 16)
            if not piece:
                return bytes(content)
            content += piece
    raise AnswerError("the answer has no end")


def _unknown(server: Server) -> str:
    """No word, and numbers for lengths that nothing can have: the server closes."""
    for content in (b"beac", b"\xff" * 8, b"\x7f\xff\xff\xff" + b"x" * 99, b"\0\0\0\4abcd"):
        if reply := _ask(server, content):
            raise AnswerError(f"{content!r} was answered {shown(reply)!r}")
    reset(server.peer, b"\0\0\0\x2d" + bytes(20))
    if not _ask(server, b"srvr"):
        raise AnswerError("srvr is answered no more")
    return "closed"


SUITE: Suite[Server] = Suite.of(
    {
        **{f"word {word}": partial(_word, word) for word in _WORDS},
        "malformed requests": _unknown,
    }
)
