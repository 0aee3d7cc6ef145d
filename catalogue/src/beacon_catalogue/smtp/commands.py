"""The commands before a message: greetings, addresses, what is out of order, all at once."""

from __future__ import annotations

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.lines import LineServer
from beacon.workloads.suite import Suite
from beacon_catalogue.smtp.session import (
    NAME,
    OFF,
    SENDER,
    connected,
    expect_code,
    session,
    verdict,
)

SUITE = Suite[LineServer]()

#: What every server must take mail for (RFC 5321, section 4.5.1).
_POSTMASTER = "postmaster"
_HELO = f"HELO {NAME}".encode()


@SUITE.check("EHLO")
def _ehlo(server: LineServer) -> str:
    """What it offers, without the parameters, which may have the moment's numbers."""
    with session(server) as client:
        return " ".join(sorted(name.upper() for name in client.esmtp_features)) or "nothing"


@SUITE.check("HELO")
def _helo(server: LineServer) -> str:
    with server.lines() as line:
        expect(line.reply().code, 220, "the greeting")
        expect(line.reply(_HELO).code, 250, "HELO")
        expect(line.reply(b"QUIT").code, 221, "QUIT")
        expect(line.is_closed(), True, "the end of the connection")
    return "220 250 221"


@SUITE.check("small commands")
def _small(server: LineServer) -> str:
    """VRFY, EXPN and HELP may be switched off; all others must be known."""
    with session(server) as client:
        expect_code(client.noop(), 250, "NOOP")
        expect_code(client.rset(), 250, "RSET")
        codes = []
        for command in ("VRFY postmaster", "EXPN postmaster", "HELP"):
            code, text = client.docmd(command)
            if not 200 <= code < 600:
                raise AnswerError(f"{command}: {code} {text[:60]!r}")
            codes.append(str(code))
    return " ".join(codes)


@SUITE.check("out of order")
def _out_of_order(server: LineServer) -> str:
    """Each is refused for good, and the connection goes on."""
    for commands in ((f"RCPT TO:<{_POSTMASTER}>", "DATA"), ("BEACON unknown", "MAIL")):
        with session(server) as client:
            for command in commands:
                code, text = client.docmd(command)
                if not 500 <= code < 600:
                    raise AnswerError(f"{command} at the wrong time: {code} {text[:60]!r}")
            expect_code(client.noop(), 250, "NOOP after two errors")
    return "refused"


@SUITE.check("local address")
def _local(server: LineServer) -> str | None:
    with session(server) as client:
        if (sent := verdict(client.mail(SENDER), "MAIL")) != "accepted":
            return sent
        said = verdict(client.rcpt(_POSTMASTER), "RCPT")
        expect_code(client.rset(), 250, "RSET")
        expect_code(client.noop(), 250, "NOOP")
    return said


@SUITE.check("foreign address")
def _foreign(server: LineServer) -> str:
    """A server that is no relay refuses it, for good or (Debian's Postfix) for the moment."""
    with session(server) as client:
        if verdict(client.mail(SENDER), "MAIL") != "accepted":
            return "refused"
        said = verdict(client.rcpt(f"nobody@elsewhere.{NAME}"), "RCPT")
        expect_code(client.rset(), 250, "RSET")
    return said or "refused"


@SUITE.check("empty sender")
def _empty(server: LineServer) -> str | None:
    """Reports of failed delivery come without a sender, and must be taken."""
    with session(server) as client:
        said = verdict(client.mail(""), "MAIL FROM:<>")
        expect_code(client.rset(), 250, "RSET")
    return said


@SUITE.check("parameters of MAIL")
def _parameters(server: LineServer) -> str:
    """What was offered is taken, what nobody knows is refused."""
    offered = {"8bitmime": "BODY=8BITMIME", "size": "SIZE=1000", "dsn": "RET=HDRS ENVID=beacon"}
    taken = []
    with session(server) as client:
        for name, word in offered.items():
            if client.has_extn(name):
                if verdict(client.mail(SENDER, [word]), word) == "refused":
                    raise AnswerError(f"{word} is refused, although offered")
                taken.append(name.upper())
                client.rset()
        refusal = verdict(client.mail(SENDER, ["BEACON=1"]), "an unknown parameter")
        expect(refusal, "refused", "an unknown parameter of MAIL")
    return " ".join(taken) or "none"


@SUITE.check("pipelining")
def _pipelining(server: LineServer) -> str:
    """Many commands in one piece are answered in their order."""
    with session(server) as client:
        if not client.has_extn("pipelining"):
            return OFF
        # Few: Exim hangs up after ten commands that bring no mail on.
        words = [f"MAIL FROM:<{SENDER}>".encode(), b"RSET"] * 3 + [b"NOOP", b"QUIT"]
        client.send(b"".join(word + b"\r\n" for word in words))
        codes = [client.getreply()[0] for _ in words]
    expect(codes[1::2] + codes[6:7], [250] * 3 + [221, 250], "the codes in order")
    return str(len(codes))


@SUITE.check("closes after QUIT")
def _quit(server: LineServer) -> str:
    client = connected(server.peer)
    try:
        expect_code(client.ehlo(), 250, "EHLO")
        expect_code(client.quit(), 221, "QUIT")
    finally:
        client.close()
    return "221"
