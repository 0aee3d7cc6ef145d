"""Every way to bring a blob into a registry, and every way to give up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import sha256

from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.registry.hub import Hub, must, same
from beacon_catalogue.registry.things import (
    Thing,
    blob,
    finished,
    naming,
    path,
    pulled,
    push,
    started,
)

#: What a check says of a mirror, and of a registry in maintenance.
READ_ONLY = "read-only"

_REPOSITORY = "uploads"
_PIECE = 64 << 10
_BIG = 16 << 20


def _whole(hub: Hub, name: str, size: int) -> str:
    thing = blob(name, size)
    push(hub, _REPOSITORY, thing)
    return thing.digest


def _send(hub: Hub, place: str, thing: Thing, start: int, end: int) -> str:
    """Send one part of a thing; where to send the next."""
    headers = {"Content-Range": f"{start}-{end - 1}", "Content-Type": "application/octet-stream"}
    answer = must(hub.ask("PATCH", place, headers, thing.content[start:end]), 202, "PATCH")
    same(answer.headers.get("range", "").encode(), f"0-{end - 1}".encode(), "the range so far")
    return answer.place


def _chunked(hub: Hub) -> str:
    thing = blob("chunked", 3 * _PIECE)
    place = started(hub, _REPOSITORY).place
    for start in (0, _PIECE):
        place = _send(hub, place, thing, start, start + _PIECE)
    finished(hub, _REPOSITORY, place, thing, thing.content[2 * _PIECE :])
    return thing.digest


def _resumed(hub: Hub) -> str:
    thing = blob("resumed", 2 * _PIECE)
    place = _send(hub, started(hub, _REPOSITORY).place, thing, 0, _PIECE)
    answer = must(hub.ask("GET", place), 204, "the state of an upload")
    same(answer.headers.get("range", "").encode(), f"0-{_PIECE - 1}".encode(), "the range so far")
    place = _send(hub, answer.place, thing, _PIECE, 2 * _PIECE)
    finished(hub, _REPOSITORY, place, thing)
    return thing.digest


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), _PIECE):
        yield content[start : start + _PIECE]


def _streamed(hub: Hub, name: str, size: int) -> str:
    """As most clients push: of no declared length, in HTTP's own chunks."""
    thing = blob(name, size)
    place = started(hub, _REPOSITORY).place
    answer = hub.ask("PATCH", place, content=_pieces(thing.content))
    finished(hub, _REPOSITORY, must(answer, 202, "PATCH").place, thing)
    return thing.digest


def _cancelled(hub: Hub) -> str:
    place = _send(hub, started(hub, _REPOSITORY).place, blob("cancelled"), 0, _PIECE)
    must(hub.ask("DELETE", place), 204, "cancelling an upload")
    must(hub.ask("GET", place), 404, "the state of a cancelled upload", "BLOB_UPLOAD_UNKNOWN")
    return "forgotten"


def _mounted(hub: Hub) -> str:
    thing = blob("mounted")
    push(hub, _REPOSITORY, thing)
    source = path(_REPOSITORY, "blobs", "")[len("/v2/") : -len("/blobs/")]
    query = f"uploads/?mount={thing.digest}&from={source}"
    must(hub.ask("POST", path("mounted", "blobs", query)), 201, "a mount")
    hub.pushed.add(("mounted", "blobs", thing.digest))
    pulled(hub, "mounted", thing)
    return thing.digest


def _mounted_nothing(hub: Hub) -> str:
    nothing = f"?mount={blob('nowhere').digest}&from=beacon-check/nowhere"
    answer = started(hub, "mounted", nothing)
    must(hub.ask("DELETE", answer.place), 204, "cancelling an upload")
    return "an upload instead"


def _wrong_digest(hub: Hub) -> str:
    place = started(hub, _REPOSITORY).place
    other = blob("other")
    answer = hub.ask("PUT", naming(place, other.digest), content=b"not that")
    must(answer, 400, "an upload with another's digest", "DIGEST_INVALID")
    must(hub.ask("HEAD", path(_REPOSITORY, "blobs", other.digest)), 404, "HEAD of what was refused")
    return "refused"


def _odd_digests(hub: Hub) -> str:
    place = started(hub, _REPOSITORY).place
    for odd in ("", "sha256:beacon", f"md5:{'0' * 32}", sha256(b"").hexdigest()):
        must(hub.ask("PUT", naming(place, odd)), 400, f"the digest {odd!r}")
    hub.ask("DELETE", place)
    return "refused"


def _unknown(hub: Hub) -> str:
    place = path(_REPOSITORY, "blobs", "uploads/00000000-0000-4000-8000-000000000000?_state=x")
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answer = hub.ask(method, place)
        if not 400 <= answer.status < 500:
            raise AnswerError(f"{method} on an upload that never began: {answer.status}")
    return "refused"


def _allowed(check: Callable[[Hub], str], hub: Hub) -> str:
    return check(hub) if hub.writable else READ_ONLY


_CHECKS: Mapping[str, Callable[[Hub], str]] = {
    "monolithic upload": partial(_whole, name="whole", size=100_001),
    "empty blob": partial(_whole, name="empty", size=0),
    "chunked upload": _chunked,
    "resumed upload": _resumed,
    "streamed upload": partial(_streamed, name="streamed", size=300_007),
    "16 MiB": partial(_streamed, name="big", size=_BIG),
    "cancelled upload": _cancelled,
    "mount": _mounted,
    "mount of nothing": _mounted_nothing,
    "wrong digest": _wrong_digest,
    "odd digests": _odd_digests,
    "unknown upload": _unknown,
}
SUITE: Suite[Hub] = Suite.of({name: partial(_allowed, check) for name, check in _CHECKS.items()})
