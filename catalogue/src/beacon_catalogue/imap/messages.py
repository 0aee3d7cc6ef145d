"""Mailboxes and messages of an account: ours only, below one name."""

from __future__ import annotations

import imaplib
import re
import select

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once, digest
from beacon.workloads.lines import LineServer
from beacon.workloads.suite import Suite
from beacon_catalogue.imap.session import (
    NO_ACCOUNT,
    OFF,
    clean,
    listed,
    logged_in,
    mailbox,
    offers,
    ok,
    quoted,
    with_account,
)

SUITE = Suite[LineServer]()

_LARGE = b"Subject: large\r\n\r\n" + (b"x" * 70 + b"\r\n") * 14_000
_READERS = 5
#: Seconds in which news come.
_NEWS = 3.0
_WORDS = ("one", "two", "three")


def _message(subject: str) -> bytes:
    return (
        f"From: check@beacon.invalid\r\nSubject: {subject}\r\n\r\nBody of {subject}.\r\n".encode()
    )


def _made(client: imaplib.IMAP4, name: str = "") -> str:
    """An empty mailbox of ours, as commands name it; few, for Courier deletes one in 2 seconds."""
    found = quoted(mailbox(client, name))
    client.delete(found)
    ok(client.create(found), "CREATE")
    return found


def _filled(client: imaplib.IMAP4, contents: list[bytes]) -> str:
    """A selected mailbox of ours with these messages."""
    box = _made(client)
    for content in contents:
        ok(client.append(box, "", None, content), "APPEND")
    expect(ok(client.select(box), "SELECT"), [str(len(contents)).encode()], "the messages")
    return box


def _fetched(client: imaplib.IMAP4, number: int, part: str = "BODY.PEEK[]") -> bytes:
    for each in ok(client.fetch(str(number), f"({part})"), "FETCH"):
        if isinstance(each, tuple):
            return bytes(each[1])
    raise AnswerError("FETCH brings no message")


@SUITE.check("login")
def _login(server: LineServer) -> str:
    with logged_in(server) as client:
        if client is None:
            return NO_ACCOUNT
        ok(client.noop(), "NOOP")
        ok(client.select("INBOX", readonly=True), "EXAMINE INBOX")
        expect(client.logout()[0], "BYE", "the answer to LOGOUT")
    return "accepted"


@SUITE.check("mailboxes")
@with_account
def _mailboxes(_: LineServer, client: imaplib.IMAP4) -> str:
    """Made, subscribed, renamed, deleted."""
    box = _made(client)
    ok(client.subscribe(box), "SUBSCRIBE")
    ok(client.unsubscribe(box), "UNSUBSCRIBE")
    status = str(ok(client.status(box, "(MESSAGES UNSEEN)"), "STATUS"))
    expect("MESSAGES 0" in status, True, "that STATUS has no messages")
    renamed = mailbox(client, "-other")
    client.delete(quoted(renamed))
    ok(client.rename(box, quoted(renamed)), "RENAME")
    expect([name for name in listed(client) if name == renamed], [renamed], "what is listed")
    ok(client.delete(quoted(renamed)), "DELETE")
    expect(renamed in listed(client), False, "that a deleted mailbox is listed")
    expect(client.select(quoted(renamed))[0], "NO", "SELECT of a deleted mailbox")
    return "made, renamed, deleted"


@SUITE.check("messages")
@with_account
def _messages(_: LineServer, client: imaplib.IMAP4) -> str:
    _filled(client, [_message(word) for word in _WORDS])
    contents = [_fetched(client, number) for number in (1, 2, 3)]
    expect(contents, [_message(word) for word in _WORDS], "the messages")
    head = _fetched(client, 2, "BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
    expect(head.strip(), b"Subject: two", "the subject")
    expect(_fetched(client, 3, "BODY.PEEK[TEXT]<5.8>"), b"of three", "a part of a message")
    structure = str(ok(client.fetch("1", "(ENVELOPE BODYSTRUCTURE RFC822.SIZE)"), "FETCH"))
    expect(str(len(contents[0])) in structure, True, "that RFC822.SIZE is the length")
    return digest(b"".join(contents))


@SUITE.check("flags, copies and EXPUNGE")
@with_account
def _flags(_: LineServer, client: imaplib.IMAP4) -> str:
    _filled(client, [_message(word) for word in _WORDS])
    ok(client.store("1", "+FLAGS", r"(\Seen \Flagged)"), "STORE")
    expect(client.search(None, "FLAGGED"), ("OK", [b"1"]), "the flagged messages")
    copies = _made(client, "-other")
    ok(client.copy("1:2", copies), "COPY")
    ok(client.store("2", "+FLAGS", r"(\Deleted)"), "STORE")
    expect(ok(client.expunge(), "EXPUNGE"), [b"2"], "what is gone")
    expect(_fetched(client, 2), _message("three"), "the message that moved up")
    expect(ok(client.select(copies), "SELECT"), [b"2"], "the copies")
    expect(_fetched(client, 2), _message("two"), "the copy")
    ok(client.close(), "CLOSE")
    return "2 left, 2 copied"


@SUITE.check("search")
@with_account
def _search(_: LineServer, client: imaplib.IMAP4) -> str:
    _filled(client, [_message(word) for word in _WORDS])
    questions = {
        'SUBJECT "two"': b"2",
        'BODY "of three"': b"3",
        'OR SUBJECT "one" TEXT "three"': b"1 3",
        'FROM "nobody"': b"",
        "NOT 2 ALL": b"1 3",
        "LARGER 100000": b"",
    }
    for question, expected in questions.items():
        found = ok(client.search(None, question), question)[0] or b""
        expect(found, expected, question)
    if offers(client, "SORT"):
        ordered = ok(client.sort("(REVERSE SUBJECT)", "UTF-8", "ALL"), "SORT")
        expect(ordered, [b"2 3 1"], "the messages by subject")
    return str(len(questions))


@SUITE.check("large message")
@with_account
def _large(_: LineServer, client: imaplib.IMAP4) -> str:
    _filled(client, [_LARGE])
    content = _fetched(client, 1)
    expect(digest(content), digest(_LARGE), "the digest of 1 MB")
    expect(_fetched(client, 1, "BODY.PEEK[]<500000.100>"), _LARGE[500_000:500_100], "a part")
    return digest(content)


@SUITE.check("IDLE")
@with_account
def _idle(server: LineServer, client: imaplib.IMAP4) -> str:
    """A message that another client brings is announced: at once, or (Courier) when asked."""
    if not offers(client, "IDLE"):
        return OFF
    box = _filled(client, [])
    client.send(b"i1 IDLE\r\n")
    _until(server, client, rb"\+")
    with logged_in(server) as other:
        if other is not None:
            ok(other.append(box, "", None, _message("news")), "APPEND")
    told = bool(select.select([client.sock], [], [], server.peer.deadline.left(_NEWS))[0])
    if told:
        _until(server, client, rb"\* 1 EXISTS")
    client.send(b"DONE\r\n")
    _until(server, client, rb"i1 OK")
    if not told:
        expect(ok(client.select(box), "SELECT"), [b"1"], "the messages")
    return "told" if told else "found later"


def _until(server: LineServer, client: imaplib.IMAP4, pattern: bytes) -> None:
    for _ in range(100):
        server.peer.deadline.check()
        line = client.readline()
        if re.match(pattern, line):
            return
        if not line:
            raise AnswerError("the server closed the connection")
    raise AnswerError(f"{pattern.decode()} does not come")


@SUITE.check("several readers")
@with_account
def _readers(server: LineServer, client: imaplib.IMAP4) -> str:
    """Several clients of one account read one mailbox at a time."""
    box = _filled(client, [_message(word) for word in _WORDS])

    def read(number: int) -> None:
        with logged_in(server) as reader:
            if reader is not None:
                ok(reader.select(box, readonly=True), "EXAMINE")
                word = _WORDS[number % 3]
                expect(_fetched(reader, number % 3 + 1), _message(word), "a message")

    at_once(read, _READERS, threads=_READERS)
    return str(_READERS)


@SUITE.check("broken-off message")
@with_account
def _broken_off(server: LineServer, client: imaplib.IMAP4) -> str:
    """A client that is gone in the midst of a message: nothing is kept of it."""
    box = _made(client)
    with logged_in(server) as other:
        if other is not None:
            other.send(f"x1 APPEND {box} {{1000}}\r\n".encode())
            _until(server, other, rb"\+")
            other.send(b"Subject: half")
    expect(ok(client.select(box), "SELECT"), [b"0"], "the messages")
    return "nothing kept"


SUITE.cleaning("cleaning up")(clean)
