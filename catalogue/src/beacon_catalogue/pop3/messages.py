"""The messages of an account: read, marked as deleted and unmarked again."""

from __future__ import annotations

import poplib
from collections.abc import Callable
from functools import wraps

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.lines import LineServer
from beacon.workloads.suite import Suite
from beacon_catalogue.pop3.session import NO_ACCOUNT, OFF, is_refusal, logged_in, offered

SUITE = Suite[LineServer]()

_EMPTY = "no messages"


def _with_account(
    check: Callable[[LineServer, poplib.POP3], str],
) -> Callable[[LineServer], str]:
    @wraps(check)
    def tried(server: LineServer) -> str:
        with logged_in(server) as client:
            return NO_ACCOUNT if client is None else check(server, client)

    return tried


@SUITE.check("login")
@_with_account
def _login(_: LineServer, client: poplib.POP3) -> str:
    expect(client.noop().startswith(b"+OK"), True, "that NOOP is taken")
    expect(client.quit().startswith(b"+OK"), True, "that QUIT is taken")
    return "accepted"


@SUITE.check("STAT, LIST and UIDL")
@_with_account
def _lists(_: LineServer, client: poplib.POP3) -> str:
    """They agree on how many messages there are and how long they are."""
    count, size = client.stat()
    sizes = [int(line.split()[1]) for line in client.list()[1]]
    expect((len(sizes), sum(sizes)), (count, size), "messages and bytes of LIST")
    if "UIDL" in offered(client):
        names = {line.split()[1] for line in client.uidl()[1]}
        expect(len(names), count, "the unique names")
    return str(count)


@SUITE.check("RETR and TOP")
@_with_account
def _retr(_: LineServer, client: poplib.POP3) -> str:
    """The first message; its head alone is how it begins."""
    if client.stat()[0] == 0:
        return _EMPTY
    whole = client.retr(1)[1]
    if "TOP" in offered(client):
        head = client.top(1, 0)[1]
        expect(head, whole[: len(head)], "the head of the message")
    expect(client.retr(1)[1], whole, "the message a second time")
    if not whole:
        raise AnswerError("the message is empty")
    return digest(b"\n".join(whole))


@SUITE.check("DELE and RSET")
@_with_account
def _dele(server: LineServer, client: poplib.POP3) -> str:
    """Marked as deleted it cannot be read; unmarked, it is there, also for the next client."""
    count = client.stat()[0]
    if count == 0:
        return _EMPTY
    client.dele(1)
    try:
        client.retr(1)
    except poplib.error_proto as error:
        expect(is_refusal(error), True, "that RETR of a deleted message is refused")
    else:
        raise AnswerError("a message that is deleted can be read")
    client.rset()
    expect(client.stat()[0], count, "the messages after RSET")
    client.quit()
    with logged_in(server) as other:
        if other is not None:
            expect(other.stat()[0], count, "the messages in the next session")
    return "unmarked"


@SUITE.check("message that is not there")
@_with_account
def _absent(_: LineServer, client: poplib.POP3) -> str:
    for number in (client.stat()[0] + 1, 0):
        try:
            client.retr(number)
        except poplib.error_proto as error:
            expect(is_refusal(error), True, f"that RETR {number} is refused")
        else:
            raise AnswerError(f"RETR {number} brings a message")
    client.noop()
    return "refused"


@SUITE.check("pipelining")
def _pipelining(server: LineServer) -> str:
    """Many commands in one piece, where that is offered."""
    account = server.account("BEACON_POP3")
    with logged_in(server) as client:
        if client is None or account is None:
            return NO_ACCOUNT
        if "PIPELINING" not in offered(client):
            return OFF
        client.sock.sendall(b"NOOP\r\nSTAT\r\nNOOP\r\nQUIT\r\n")
        for _ in range(4):
            line = client.file.readline(1000)
            expect(line[:3], b"+OK", "an answer")
    return "4"
