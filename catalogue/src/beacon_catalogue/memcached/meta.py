"""The meta commands as dialogues: lines in a row, and the one answer that each must get."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import partial

from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.memcached.server import Server, expect, facts

#: `@` begins a key of ours; the second text is the answer up to its last line's end.
_Dialogue = tuple[tuple[str, str], ...]

_DIALOGUES: Mapping[str, _Dialogue] = {
    "meta get and set": (
        ("mn", "MN"),
        ("ms @meta 5 T0 F9\r\nhello", "HD"),
        ("mg @meta", "HD"),
        ("mg @meta s v f t", "VA 5 s5 f9 t-1\r\nhello"),
        ("mg @meta k O123 s", "HD k@meta O123 s5"),
        ("mg @none v", "EN"),
        ("mg @meta q s\r\nmg @none q v\r\nmn", "HD s5\r\nMN"),
        ("mg @meta T500 t", "HD t500"),
    ),
    "meta modes": (
        ("ms @mode 1\r\nx", "HD"),
        ("md @mode q\r\nmn", "MN"),
        ("ms @mode 1 MR\r\nx", "NS"),
        ("ms @mode 1 ME\r\nb", "HD"),
        ("ms @mode 1 ME\r\nx", "NS"),
        ("ms @mode 1 MA\r\nc", "HD"),
        ("ms @mode 1 MP\r\na", "HD"),
        ("mg @mode v", "VA 3\r\nabc"),
        ("ms @mode 1 MS\r\nz", "HD"),
        ("md @mode", "HD"),
        ("md @mode", "NF"),
    ),
    "meta arithmetic": (
        ("ms @sum 1\r\nx", "HD"),
        ("md @sum q\r\nmn", "MN"),
        ("ma @sum", "NF"),
        ("ma @sum N0 J13 v", "VA 2\r\n13"),
        ("ma @sum N0 J13 v", "VA 2\r\n14"),
        ("ma @sum D30 v", "VA 2\r\n44"),
        ("ma @sum MD D4 v", "VA 2\r\n40"),
        ("ma @sum MD D99 v", "VA 1\r\n0"),
    ),
    "meta stale items": (
        ("ms @stale 1 T100\r\nx", "HD"),
        ("md @stale I T30", "HD"),
        ("mg @stale v", "VA 1 W X\r\nx"),
        ("mg @stale v", "VA 1 X Z\r\nx"),
        ("ms @stale 1\r\ny", "HD"),
        ("mg @stale v", "VA 1\r\ny"),
        ("ms @vivid 1\r\nx", "HD"),
        ("md @vivid q\r\nmn", "MN"),
        ("mg @vivid N30 s", "HD s0 W"),
        ("mg @vivid N30 s", "HD s0 Z"),
    ),
    "meta errors": (
        ("mg", "ERROR"),
        ("ms @meta S2\r\nab", "CLIENT_ERROR bad command line format\r\nERROR"),
        ("mg @meta v v", "CLIENT_ERROR duplicate flag"),
        ("mn", "MN"),
    ),
}


def _lines(server: Server, text: str) -> bytes:
    return re.sub(r"@(\w+)", lambda match: server.key(match[1]), text).encode()


def _hold(dialogue: _Dialogue, server: Server) -> str:
    answers = []
    with server.line() as line:
        for command, expected in dialogue:
            token = _lines(server, expected) + b"\r\n"
            line.sendall(_lines(server, command) + b"\r\n")
            answers.append(line.exactly(len(token)))
            expect(_sorted(answers[-1]), _sorted(token), command)
    return digest(b"".join(map(_sorted, answers)))


def _sorted(answer: bytes) -> bytes:
    """The order of flags in an answer differs from version to version."""
    return b"\r\n".join(b" ".join(sorted(row.split(b" "))) for row in answer.split(b"\r\n"))


def _swap(server: Server) -> str:
    with server.line() as line:
        if facts(line, "settings")["cas_enabled"] != "yes":
            return "switched off"
        name = server.key("meta-swap").encode()
        line.ask(b"ms %s 1\r\na" % name)
        token = line.ask(b"mg %s c" % name).removeprefix(b"HD c")
        expect(line.ask(b"ms %s 1 C%d\r\nb" % (name, int(token) + 999)), b"EX", "ms, wrong token")
        expect(line.ask(b"ms %s 1 C%s\r\nb" % (name, token)), b"HD", "ms with the token")
        expect(line.ask(b"md %s C%s" % (name, token)), b"EX", "md with an old token")
    return "conflict seen"


def _binary_keys(server: Server) -> str:
    """A key in base64 holds bytes that no other text command can send."""
    name = b64encode(b"beacon\0\n\xff")
    with server.line() as line:
        expect(line.ask(b"ms %s 2 b T60\r\nok" % name), b"HD", "ms with a binary key")
        reply = line.ask(b"mg %s b k v" % name, b"\r\nok\r\n")
        expect(sorted(reply.split()), sorted([b"VA", b"2", b"b", b"k" + name]), "mg, binary key")
        expect(line.ask(b"md %s b" % name), b"HD", "md with a binary key")
    return name.decode("ascii")


def _debug(server: Server) -> str:
    name = server.key("debugged")
    with server.line() as line:
        line.ask(f"ms {name} 3\r\nabc".encode())
        reply = line.ask(f"me {name}".encode()).decode("ascii", "replace")
        words = dict(word.split("=", 1) for word in reply.split() if "=" in word)
        expect((reply.split()[:2], words.get("exp")), (["ME", name], "-1"), "me")
        expect(line.ask(f"me {server.key('absent')}".encode()), b"EN", "me of no key")
        if int(words["size"]) < len(name) + 3:
            raise AnswerError(f"me tells of an item of {words['size']} bytes")
    return "told"


SUITE: Suite[Server] = Suite.of(
    {
        **{name: partial(_hold, dialogue) for name, dialogue in _DIALOGUES.items()},
        "meta compare and swap": _swap,
        "meta binary keys": _binary_keys,
        "meta debug": _debug,
    }
)
