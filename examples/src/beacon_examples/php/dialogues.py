"""Pages of the demo application that are asked more than once, at once, or with something sent."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once, digest
from beacon.workloads.net import exchange
from beacon.workloads.suite import Suite
from beacon_catalogue.http.raw import PAUSE, head
from beacon_catalogue.http.site import Site
from beacon_examples.php.facts import facts

_BOUNDARY = "beacon-boundary"
_SMALL = bytes(range(256))
_LARGE = _SMALL * 4000
_STREAM = b"".join(str(number % 10).encode() * 10_000 for number in range(20))


def _session(site: Site) -> str:
    """One visitor among others: counted, renewed, forgotten."""
    with site.client() as client:

        def visits(query: str = "") -> object:
            answer = site.ask_by(client, "GET", f"/session.php{query}")
            return facts(answer)["visits"]

        counted = [visits(), visits(), visits("?renew=1"), visits("?end=1"), visits("?end=1")]
    expect(counted, [1, 2, 3, 4, 1], "visits")
    return str(counted)


def _sessions(site: Site) -> str:
    """Visitors at the same time, each with a session of its own."""

    def visitor(_: int) -> str:
        return _session(site)

    return str(len(set(at_once(visitor, times=8, threads=4))))


def _part(disposition: str, content: bytes) -> bytes:
    start = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
    return start.encode() + content + b"\r\n"


def _upload(content: bytes, site: Site) -> str:
    body = _part('name="field"', b"value") + _part('name="file"; filename="beacon.bin"', content)
    kind = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    sent = body + f"--{_BOUNDARY}--\r\n".encode()
    said = facts(site.ask("POST", "/upload.php", kind, sent))
    expect(said["fields"], {"field": "value"}, "fields")
    file = said["files"]["file"]
    expect((file["error"], file["name"]), (0, "beacon.bin"), "the file")
    expect((file["size"], file["sha256"]), (len(content), sha256(content).hexdigest()), "content")
    return digest(content)


def _body(site: Site) -> str:
    """As a whole, in chunks by hand with pauses, and by another method."""
    for method in ("POST", "PUT", "DELETE"):
        said = facts(site.ask(method, "/body.php", {"Content-Type": "text/plain"}, _LARGE))
        expect((said["method"], said["size"]), (method, len(_LARGE)), "what came")
        expect(said["sha256"], sha256(_LARGE).hexdigest(), "content")
    return _chunks(site)


def _chunks(site: Site) -> str:
    start = head("POST /body.php HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close")
    chunk = b"%x\r\n%s\r\n" % (len(_SMALL), _SMALL)
    content = exchange(site.peer, [start, chunk, chunk, b"0\r\n\r\n"], pause=PAUSE).content
    if sha256(_SMALL * 2).hexdigest().encode() not in content:
        raise AnswerError("a body in chunks came differently")
    return digest(_LARGE)


def _stream(site: Site) -> str:
    answer = site.ask("GET", "/stream.php")
    expect((len(answer.body), digest(answer.body)), (len(_STREAM), digest(_STREAM)), "the stream")
    return digest(_STREAM)


def _file(site: Site) -> str:
    answer = site.ask("GET", "/stream.php?file=1")
    if not answer.body.startswith(b"<?php"):
        raise AnswerError(f"not the file: {answer.body[:80]!r}")
    return digest(answer.body)


def _many_writers(site: Site) -> str:
    """Databases and files in several processes at a time."""

    def one(number: int) -> object:
        page = ("database.php", "files.php", "session.php", "work.php")[number % 4]
        return facts(site.ask("GET", f"/{page}"))

    return str(len(at_once(one, times=16, threads=8)))


def _broken(how: str, site: Site) -> str:
    """A page that fails by itself; others are served after it. PHP tells in status or in text."""
    with site.client() as client, client.stream("GET", f"/broken.php?how={how}") as response:
        status = response.status_code
    expect(status in (200, 500), True, "a status that PHP gives")
    expect(facts(site.ask("GET", "/body.php"))["method"], "GET", "a page after it")
    return str(status)


SUITE: Suite[Site] = Suite.of(
    {
        "session": _session,
        "sessions at once": _sessions,
        "small upload": partial(_upload, _SMALL),
        "large upload": partial(_upload, _LARGE),
        "sent bodies": _body,
        "stream": _stream,
        "file": _file,
        "many at once": _many_writers,
        "exception": partial(_broken, "exception"),
        "too much memory": partial(_broken, "memory"),
        "exit": partial(_broken, "exit"),
        "too much time": partial(_broken, "time"),
    }
)


def clean(site: Site) -> str:
    """Remove the application's folder."""
    expect(facts(site.ask("GET", "/clean.php")), {"left": False}, "the folder")
    return "nothing left"
