"""Clients that are refused, broken, silent, many or gone, and whether the broker serves on."""

from __future__ import annotations

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.mosquitto.broker import Broker, topic
from beacon_catalogue.mosquitto.session import V5, V311, Session, client

SUITE = Suite[Broker]()

_CLIENTS = 40


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


def _packet(kind: int, body: bytes) -> bytes:
    return bytes((kind, len(body))) + body


def _hello(broker: Broker) -> bytes:
    """The CONNECT of a client without a name, as the container's own user."""
    secrets = [word for word in (broker.user, broker.password) if word is not None]
    flags = 2 | (0x80 if broker.user is not None else 0) | (0x40 if len(secrets) == 2 else 0)
    head = _text("MQTT") + bytes((4, flags, 0, 30))
    return _packet(0x10, head + _text("") + b"".join(map(_text, secrets)))


_WELCOME = b"\x20\x02\x00\x00"


def _serves(broker: Broker) -> None:
    with client(broker) as session:
        session.subscribe(topic("serves"), 1)
        session.publish(topic("serves"), b"still here", 1)
        expect(session.message().payload, b"still here", "a message after that")


@SUITE.check("wrong password")
def _wrong_password(broker: Broker) -> str:
    """Refused where there are passwords; a broker that is open to everybody asks for none."""
    codes = []
    for version in (V311, V5):
        session = Session(broker, version, "")
        session.paho.username_pw_set("beacon-check", "a wrong password")
        try:
            _, code, _ = session.connect()
        finally:
            session.close()
        codes.append(code.is_failure)
    _serves(broker)
    if broker.user is not None:
        expect(codes, [True, True], "refusals of a wrong password")
    return "refused" if all(codes) else "open to everybody"


@SUITE.check("malformed packets")
def _malformed(broker: Broker) -> str:
    """Broken packets, before and after the greeting, end the connection."""
    hello = _hello(broker)
    broken = {
        "another protocol": b"GET / HTTP/1.1\r\n\r\n",
        "an endless length": b"\x10\xff\xff\xff\xff\xff",
        "a version that is none": _packet(0x10, _text("MQTT") + b"\x63\x02\x00\x1e" + _text("")),
        "no greeting": _packet(0x82, b"\x00\x01" + _text("a") + b"\x00"),
        "a second greeting": hello + hello,
        "a topic with a wildcard": hello + _packet(0x30, _text("a/#") + b"x"),
        "a quality that is none": hello + _packet(0x36, _text("a") + b"\x00\x01x"),
        "a filter that is none": hello + _packet(0x82, b"\x00\x01" + _text("a/#/b") + b"\x00"),
        "no UTF-8": hello + _packet(0x30, b"\x00\x02\xff\xfex"),
    }
    for what, piece in broken.items():
        reply = exchange(broker.peer, [piece], patience=1.0)
        expect(reply.closed, True, f"the end of the connection after {what}")
        if piece.startswith(hello) and not reply.content.startswith(_WELCOME):
            raise AnswerError("a proper greeting was not answered")
    _serves(broker)
    return f"{len(broken)} shown out"


@SUITE.check("slow client")
def _slow(broker: Broker) -> str:
    """A client whose words come byte by byte, as over a bad line, and who then leaves."""
    hello = _hello(broker)
    pieces = [hello[start : start + 1] for start in range(len(hello))]
    reply = exchange(broker.peer, [*pieces, b"\xc0\x00", b"\xe0\x00"], pause=0.01)
    expect(reply.content, _WELCOME + b"\xd0\x00", "the answers to CONNECT and PINGREQ")
    return "welcome"


@SUITE.check("reset")
def _reset(broker: Broker) -> str:
    """Clients that break off at every moment; half a message is none."""
    hello = _hello(broker)
    message = _packet(0x30, _text(topic("reset")) + b"whole")
    with client(broker) as reader:
        reader.subscribe(topic("reset"))
        for piece in (b"", hello[:5], hello, hello + message[:-2]):
            reset(broker.peer, piece)
        exchange(broker.peer, [hello + message + b"\xe0\x00"])
        expect(reader.message().payload, b"whole", "the message that was whole")
        reader.nothing("more messages")
    _serves(broker)
    return "1 of 2"


@SUITE.check("parallel clients")
def _crowd(broker: Broker) -> str:
    """Many at once, each of which hears all the others."""
    sessions = [Session(broker, V5 if n % 2 else V311, "") for n in range(_CLIENTS)]
    try:
        at_once(lambda n: sessions[n].connect(), _CLIENTS, threads=8)
        at_once(lambda n: sessions[n].subscribe(topic("crowd"), 1), _CLIENTS, threads=8)
        at_once(lambda n: sessions[n].publish(topic("crowd"), str(n), 1), _CLIENTS, threads=8)
        for session in sessions:
            numbers = sorted(int(payload) for payload in session.payloads(_CLIENTS))
            expect(numbers, list(range(_CLIENTS)), "what one client heard")
    finally:
        for session in sessions:
            session.close()
    return str(_CLIENTS * _CLIENTS)
