"""Strangers, crowds, and clients that speak no HTTP or break off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import httpx

from beacon.workloads.checks import AnswerError, at_once, steady
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.registry.hub import PREFIX, USER, Hub, must, same
from beacon_catalogue.registry.reading import body_of
from beacon_catalogue.registry.things import blob, finished, path, push, started
from beacon_catalogue.registry.uploads import READ_ONLY

SUITE = Suite[Hub]()

_DEBUG = "REGISTRY_HTTP_DEBUG_ADDR"


@SUITE.check("API")
def _alive(hub: Hub) -> str:
    answer = must(hub.ask("GET", "/v2/"), 200, "GET /v2/")
    same(answer.body.strip(), b"{}", "the body of /v2/")
    return answer.headers.get("docker-distribution-api-version", "no version")


@SUITE.check("stranger")
def _stranger(hub: Hub) -> str:
    """One without a password, and one with a wrong one."""
    with hub.client(anonymous=True) as client:
        answer = hub.ask_by(client, "GET", "/v2/")
        if answer.status == 200 and USER not in hub.env:
            return "welcome"
        for said in ("Beacon", "Basic !", "Basic YmVhY29uOndyb25n"):
            answer = hub.ask_by(client, "GET", "/v2/", {"Authorization": said})
            must(answer, 401, "a stranger", "UNAUTHORIZED")
    return answer.headers.get("www-authenticate", "").split(" ")[0]


@SUITE.check("odd requests")
def _odd_requests(hub: Hub) -> str:
    asked = {
        ("GET", "/"),
        ("GET", "/v1/_ping"),
        ("GET", f"/v2/{PREFIX.upper()}/x/tags/list"),
        ("GET", "/v2/../../etc/passwd"),
        ("GET", "/v2/%2e%2e%2f%2e%2e%2fetc/tags/list"),
        ("GET", f"/v2/{PREFIX}/stock/blobs/sha256:beacon"),
        ("GET", f"/v2/{'a/' * 200}tags/list"),
        ("OPTIONS", "/v2/"),
        ("POST", f"/v2/{PREFIX}/stock/manifests/latest"),
        ("BEACON", "/v2/_catalog"),
    }
    with hub.client() as client:
        statuses = [hub.ask_by(client, method, place).status for method, place in sorted(asked)]
    return f"{_alive(hub)} after {', '.join(map(str, statuses))}"


def _manner(hub: Hub, piece: bytes) -> str:
    return exchange(hub.peer, [piece], patience=0.3).manner


@SUITE.check("malformed request")
def _malformed(hub: Hub) -> str | None:
    requests = (
        b"\x00\xff beacon\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\x02\x01",
    )
    manners = [steady(partial(_manner, hub, piece)) for piece in requests]
    _alive(hub)
    return None if None in manners else ", ".join(map(str, manners))


@SUITE.check("reset")
def _resets(hub: Hub) -> str:
    for piece in (b"GET /v", b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        reset(hub.peer, piece)
    return _alive(hub)


@SUITE.check("broken upload")
def _broken_upload(hub: Hub) -> str:
    """A client that promises more than it sends; then another one ends the upload."""
    if not hub.writable:
        return READ_ONLY
    place = started(hub, "broken").place
    with suppress(_BreakError):
        hub.ask("PATCH", place, {"Content-Length": "100000"}, _cut())
    answer = hub.ask("DELETE", place)
    if answer.status not in (204, 404):
        raise AnswerError(f"DELETE of a broken upload: {answer.status}")
    return _alive(hub)


class _BreakError(Exception):
    """Our own client breaks off."""


def _cut() -> Iterator[bytes]:
    yield b"b" * 50_000
    raise _BreakError


@SUITE.check("slow upload")
def _slow(hub: Hub) -> str:
    if not hub.writable:
        return READ_ONLY
    thing = blob("slow", 4096)

    def pieces() -> Iterator[bytes]:
        for start in range(0, 4096, 1024):
            time.sleep(0.1)
            yield thing.content[start : start + 1024]

    place = must(hub.ask("PATCH", started(hub, "slow").place, content=pieces()), 202, "PATCH").place
    finished(hub, "slow", place, thing)
    return thing.digest


@SUITE.check("parallel pushes")
def _crowd(hub: Hub) -> str:
    """Some push the same, some push different things."""
    if not hub.writable:
        return READ_ONLY
    at_once(lambda n: push(hub, f"crowd-{n % 3}", blob(f"crowd {n // 2}")), 16, threads=8)
    return "16 pushed"


@SUITE.check("left early")
def _left_early(hub: Hub) -> str:
    """A client that leaves in the middle of a large answer."""
    if not hub.writable:
        return READ_ONLY
    thing = blob("long", 2 << 20)
    push(hub, "long", thing)
    with (
        hub.client() as client,
        client.stream("GET", path("long", "blobs", thing.digest)) as answer,
    ):
        same(next(answer.iter_raw(1024)), thing.content[:1024], "the beginning of a blob")
    return _alive(hub)


@SUITE.check("debug server")
def _inside(hub: Hub) -> str:
    """The server of metrics and health, where one is configured."""
    port = hub.env.get(_DEBUG, "").rpartition(":")[2]
    if not port.isdigit() or int(port) > 65535:
        return "none"
    base = f"http://{hub.peer.host}:{port}"
    with httpx.Client(trust_env=False, timeout=hub.peer.deadline.wait()) as client:
        for place, sign in (
            ("/debug/health", b"{}"),
            ("/debug/vars", b"memstats"),
            ("/metrics", b""),
        ):
            with client.stream("GET", base + place) as response:
                if sign not in body_of(response, hub.peer.deadline):
                    raise AnswerError(f"{place} has no {sign.decode()}")
    return "healthy"
