"""Messages: by subject, as requests, to groups, with headers, large, and by many clients."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.nats.line import Line, headers
from beacon_catalogue.nats.server import Server, subject

SUITE = Suite[Server]()

_MANY = 2000
_SHARED = 60
_LARGE = 900 << 10
_CLIENTS, _AT_ONCE = 30, 10
_NO_RESPONDERS = b"NATS/1.0 503"


@SUITE.check("greeting")
def _greeting(server: Server) -> str:
    with Line(server.peer) as line:
        told = {"server_id", "version", "max_payload", "proto"}
        expect(told - set(line.info), set(), "facts that the INFO lacks")
        return f"protocol {line.info['proto']}, TLS {'required' if line.secure else 'not required'}"


@SUITE.check("acknowledgements")
def _verbose(server: Server) -> str:
    with Line(server.peer) as line:
        first = line.connect(**server.account, verbose=True)
        expect((first, line.word()), (b"+OK", b"PONG"), "the answers to CONNECT and PING")
        line.subscribe(subject("ok"), 1)
        expect(line.word(), b"+OK", "the answer to SUB")
        line.publish(subject("other"), b"")
        expect(line.word(), b"+OK", "the answer to PUB")
    return "each"


@SUITE.check("publish and subscribe")
def _subjects(server: Server) -> str:
    with server.client() as reader, server.client() as writer:
        for number, pattern in enumerate(("one", "*.two", "many.>"), 1):
            reader.subscribe(subject(pattern), number)
        reader.flush()
        for name in ("one", "a.two", "a.b.two", "many.x.y", "many", "ones"):
            writer.publish(subject(name), name.encode())
        writer.flush()
        found = [(m.subscription, m.subject, m.payload) for m in reader.flush()]
    names = (("1", "one"), ("2", "a.two"), ("3", "many.x.y"))
    expect(found, [(n, subject(name), name.encode()) for n, name in names], "what was delivered")
    return "3 of 6"


@SUITE.check("unsubscribe")
def _unsubscribe(server: Server) -> str:
    """At once, and after two messages."""
    with server.client() as line:
        for number in (1, 2):
            line.subscribe(subject("end"), number)
        line.send(b"UNSUB 1\r\nUNSUB 2 2\r\n")
        for number in range(4):
            line.publish(subject("end"), b"%d" % number)
        found = [(message.subscription, message.payload) for message in line.flush()]
    expect(found, [("2", b"0"), ("2", b"1")], "what was delivered")
    return "2 of 8"


@SUITE.check("no echo")
def _echo(server: Server) -> str:
    with server.client(echo=False) as quiet, server.client() as other:
        quiet.subscribe(subject("echo"), 1)
        quiet.publish(subject("echo"), b"own")
        quiet.flush()
        other.publish(subject("echo"), b"other")
        other.flush()
        expect([m.payload for m in quiet.flush()], [b"other"], "what a client without echo hears")
    return "1 of 2"


@SUITE.check("request and reply")
def _request(server: Server) -> str:
    with server.client() as worker, server.client() as asking:
        worker.subscribe(subject("ask"), 1)
        worker.flush()
        asking.subscribe(subject("inbox"), 9)
        asking.publish(subject("ask"), b"question", subject("inbox"))
        question = worker.message()
        expect((question.payload, question.reply), (b"question", subject("inbox")), "the question")
        worker.publish(str(question.reply), question.payload[::-1])
        expect(asking.message().payload, b"noitseuq", "the answer")
    return "answered"


@SUITE.check("nobody to answer")
def _nobody(server: Server) -> str:
    with server.client() as line:
        if not line.info.get("headers"):
            return "not offered"
        line.subscribe(subject("inbox"), 1)
        line.publish(subject("nobody"), b"question", subject("inbox"))
        expect((line.message().header or b"").startswith(_NO_RESPONDERS), True, "status 503")
    return "told"


@SUITE.check("headers")
def _headers(server: Server) -> str:
    with server.client() as line:
        if not line.info.get("headers"):
            return "not offered"
        sent = headers({"Beacon": "check", "Empty": "", "Word": "é"})
        line.subscribe(subject("head"), 1)
        line.publish(subject("head"), b"body", header=sent)
        message = line.message()
        expect((message.header, message.payload), (sent, b"body"), "headers and body")
    return "3"


@SUITE.check("queue group")
def _group(server: Server) -> str:
    """Every message goes to one member."""
    with server.client() as first, server.client() as second, server.client() as writer:
        for member in (first, second):
            member.subscribe(subject("work"), 1, "group")
            member.flush()
        for number in range(_SHARED):
            writer.publish(subject("work"), b"%d" % number)
        writer.flush()
        shares = [[int(m.payload) for m in member.flush()] for member in (first, second)]
    expect(sorted(shares[0] + shares[1]), list(range(_SHARED)), "the shares together")
    return str(_SHARED)


@SUITE.check("large message")
def _large(server: Server) -> str:
    with server.client() as line:
        size = min(_LARGE, int(line.info["max_payload"]))
        content = (b"0123456789abcdef" * (_LARGE >> 4))[:size]
        line.subscribe(subject("large"), 1)
        line.publish(subject("large"), content)
        found = digest(line.message().payload)
    expect(found, digest(content), "the digest of a large message")
    return found


@SUITE.check("too large a message")
def _too_large(server: Server) -> str:
    with server.client() as line:
        size = int(line.info["max_payload"]) + 1
        line.send(f"PUB {subject('large')} {size}\r\n".encode())
        answer = line.word().lower()
        if not answer.startswith(b"-err"):
            raise AnswerError(f"{answer[:80]!r} instead of a refusal")
    server.serves()
    return "refused"


@SUITE.check("many messages")
def _many(server: Server) -> str:
    """In their order."""
    with server.client() as reader, server.client() as writer:
        reader.subscribe(subject("many"), 1)
        reader.flush()
        writing = threading.Thread(target=_write, args=(writer,), daemon=True)
        writing.start()
        found = [int(reader.message().payload) for _ in range(_MANY)]
        writing.join()
    expect(found == list(range(_MANY)), True, "the order of many messages")
    return str(_MANY)


def _write(writer: Line) -> None:
    content = b"".join(
        b"PUB %s 5\r\n%05d\r\n" % (subject("many").encode(), number) for number in range(_MANY)
    )
    writer.send(content)


@SUITE.check("parallel clients")
def _crowd(server: Server) -> str:
    def visit(number: int) -> bytes:
        with server.client(name=f"beacon-{number}") as line:
            line.subscribe(subject(f"crowd.{number}"), 1)
            line.publish(subject(f"crowd.{number}"), b"%d" % number)
            return line.message().payload

    found = at_once(visit, _CLIENTS, _AT_ONCE)
    expect(found, [b"%d" % number for number in range(_CLIENTS)], "what each client heard")
    return str(_CLIENTS)


@SUITE.check("streams")
def _streams(server: Server) -> str:
    """JetStream, where it is on: a stream of ours in memory, two messages, one read again."""
    with server.client() as line:
        if not line.info.get("jetstream") or not line.info.get("headers"):
            return "not offered"
        line.subscribe(subject("inbox.>"), 1)
        _api(line, "STREAM.DELETE.beacon-check", {})
        subjects = [subject("stream.*")]
        config = {"name": "beacon-check", "subjects": subjects, "storage": "memory"}
        made = _api(line, "STREAM.CREATE.beacon-check", config)
        if made.get("error", {}).get("code") in (403, 503):
            return "not offered"
        expect(made.get("error"), None, "the error of a stream's creation")
        try:
            for number, payload in enumerate((b"first", b"second"), 1):
                line.publish(subject(f"stream.{number}"), payload, subject("inbox.kept"))
                expect(_json(line.message().payload).get("seq"), number, "the number kept")
            got = _api(line, "STREAM.MSG.GET.beacon-check", {"seq": 1})
            expect(got.get("message", {}).get("data"), "Zmlyc3Q=", "the first message again")
        finally:
            gone = _api(line, "STREAM.DELETE.beacon-check", {})
        expect(gone.get("success"), True, "the stream's deletion")
    return "kept 2"


def _api(line: Line, name: str, question: Mapping[str, object]) -> dict[str, Any]:
    line.publish(f"$JS.API.{name}", json.dumps(question).encode(), subject("inbox.api"))
    message = line.message()
    if (message.header or b"").startswith(_NO_RESPONDERS):
        return {"error": {"code": 503}}
    return _json(message.payload)


def _json(content: bytes) -> dict[str, Any]:
    found = json.loads(content)
    if not isinstance(found, dict):
        raise AnswerError("the answer is not an object")
    return found
