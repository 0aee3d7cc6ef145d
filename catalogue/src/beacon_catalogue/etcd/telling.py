"""What a server reports about itself, what it refuses, and clients that misbehave."""

from __future__ import annotations

import socket
from base64 import b64decode

import httpx

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.etcd.store import Store, coded, key, parsed

SUITE = Suite[Store]()

_PEERS = 2380
_MOST_COPIED = 8 << 20
_GET = b"GET /version HTTP/1.1\r\nHost: localhost\r\n"
_LAST = _GET + b"Connection: close\r\n\r\n"
_TOO_LARGE = 3 << 20


@SUITE.check("version")
def _version(store: Store) -> str:
    told = parsed(store.raw("/version"))
    return f"{told['etcdserver']}, cluster {told['etcdcluster']}"


@SUITE.check("health")
def _health(store: Store) -> str:
    expect(parsed(store.raw("/health")).get("health"), "true", "the health")
    return "true"


@SUITE.check("status")
def _status(store: Store) -> str:
    told = store.ask("/v3/maintenance/status", {})
    expect(int(told["dbSize"]) > 0 and int(told["leader"]) > 0, True, "a database and a leader")
    members = store.ask("/v3/cluster/member/list", {})["members"]
    alarms = store.ask("/v3/maintenance/alarm", {"action": "GET"}).get("alarms", [])
    return f"{len(members)} members, {len(alarms)} alarms"


@SUITE.check("metrics")
def _metrics(store: Store) -> str:
    expect(b"\netcd_server_has_leader 1\n" in store.raw("/metrics"), True, "a leader")
    return "told"


@SUITE.check("snapshot")
def _snapshot(store: Store) -> str:
    """A copy of the database, if it is small."""
    if int(store.ask("/v3/maintenance/status", {})["dbSize"]) > _MOST_COPIED:
        return "too large to copy"
    pieces = [
        parsed(x).get("result", {}) for x in store.raw("/v3/maintenance/snapshot", {}).splitlines()
    ]
    sizes = [len(b64decode(piece.get("blob", ""))) for piece in pieces]
    # The last piece is the digest alone, of 32 bytes.
    expect(sum(sizes[1:]), int(pieces[0].get("remaining_bytes", -1)) + 32, "what remained")
    return "whole"


@SUITE.check("peer port")
def _peers(store: Store) -> str:
    if _PEERS not in store.ports:
        return "not offered"
    try:
        told = parsed(store.raw("/version", port=_PEERS))
    except httpx.TransportError:
        return "not offered"
    return str(told["etcdcluster"])


@SUITE.check("refusals")
def _refusals(store: Store) -> str:
    """What cannot be, each with etcd's own code of gRPC."""
    wrong = {
        "an empty key": ("/v3/kv/put", {"key": "", "value": ""}, 3),
        "the future": ("/v3/kv/range", {"key": coded(key("a")), "revision": 1 << 60}, 11),
        "a lease that is none": ("/v3/lease/revoke", {"ID": 12345}, 5),
        "no base64": ("/v3/kv/put", {"key": "***"}, 3),
        "too large a value": ("/v3/kv/put", {"key": coded(key("x")), "value": "A" * _TOO_LARGE}, 3),
    }
    for what, (path, question, code) in wrong.items():
        status, answer = store.fetch(path, question)
        expect(status >= 400, True, f"a refusal of {what}")
        if what != "too large a value":  # its limit, or that of gRPC, comes first
            expect(answer.get("code"), code, f"the code for {what}")
    return f"{len(wrong)} refused"


@SUITE.check("wrong password")
def _wrong_password(store: Store) -> str:
    given = {"name": store.user, "password": "a wrong password"}
    status, answer = store.fetch("/v3/auth/authenticate", given, known=False)
    if "not enabled" in str(answer.get("error")):
        return "open to everybody"
    expect(status >= 400 and "token" not in answer, True, "a refusal")
    return "refused"


def _serves(store: Store) -> None:
    parsed(store.raw("/version"))


@SUITE.check("slow client")
def _slow(store: Store) -> str:
    pieces = [_LAST[start : start + 8] for start in range(0, len(_LAST), 8)]
    content = exchange(store.peer, pieces, pause=0.03).content
    expect(content.startswith(b"HTTP/1.1 200 "), True, "the answer to a slow client")
    return "answered"


@SUITE.check("malformed requests")
def _malformed(store: Store) -> str:
    head = b"POST /v3/kv/put HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    post = head + b"Content-Length: %d\r\n\r\n"
    broken = {
        "no HTTP": b"\x00\xff beacon\r\n\r\n",
        "no JSON": post % 6 + b"beacon",
        "a list": post % 2 + b"[]",
        "a deep list": post % 20_000 + b"[" * 20_000,
        "a long header": _GET + b"X-Beacon: " + b"x" * (2 << 20) + b"\r\n\r\n",
    }
    for what, piece in broken.items():
        content = exchange(store.peer, [piece], patience=1.0).content
        if content.startswith(b"HTTP/1.1 200"):
            raise AnswerError(f"{what} was answered as if it were right")
        _serves(store)
    return f"{len(broken)} refused"


@SUITE.check("half-closed client")
def _half_closed(store: Store) -> str:
    with store.peer.connect() as connection:
        connection.sendall(_GET)
        connection.shutdown(socket.SHUT_WR)
    _serves(store)
    return "survived"


@SUITE.check("reset")
def _reset(store: Store) -> str:
    for piece in (b"", _GET, _LAST):
        reset(store.peer, piece)
    _serves(store)
    return "survived"
