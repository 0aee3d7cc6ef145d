"""Manifests of every kind, and the ones that a registry must refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.suite import Suite
from beacon_catalogue.registry.hub import Hub, must
from beacon_catalogue.registry.things import (
    INDEX,
    MANIFEST_LIST,
    OCI,
    SCHEMA_2,
    Thing,
    blob,
    got,
    image,
    path,
    push_image,
    put,
    written,
)
from beacon_catalogue.registry.uploads import READ_ONLY

_REPOSITORY = "manifests"
_PLATFORM = {"architecture": "amd64", "os": "linux"}


def _simple(hub: Hub, media: str) -> str:
    manifest = push_image(hub, _REPOSITORY, "simple", media, "simple")
    got(hub, _REPOSITORY, manifest.digest, manifest)
    return manifest.digest


def _several(hub: Hub, outer: str, inner: str) -> str:
    """A manifest that names others, as images for several platforms have."""
    named = [push_image(hub, _REPOSITORY, name, inner, name) for name in ("one", "two")]
    manifest = written(
        outer, manifests=[{**one.descriptor, "platform": _PLATFORM} for one in named]
    )
    put(hub, _REPOSITORY, "several", manifest)
    for one in named:
        got(hub, _REPOSITORY, one.digest, one)
    return manifest.digest


def _untagged(hub: Hub) -> str:
    manifest = push_image(hub, _REPOSITORY, "untagged", OCI, "for-a-moment")
    put(hub, _REPOSITORY, manifest.digest, manifest)
    other = image("other", OCI)[0]
    refused = _put(hub, other.digest, manifest)
    if refused != "DIGEST_INVALID":
        raise AnswerError(f"a manifest under another's digest: {refused}")
    return manifest.digest


def _moved(hub: Hub) -> str:
    for name in ("first", "second", "first"):
        got(hub, _REPOSITORY, "moving", push_image(hub, _REPOSITORY, name, SCHEMA_2, "moving"))
    return "moved and moved back"


def _many(hub: Hub) -> str:
    manifest = push_image(hub, _REPOSITORY, "many", OCI, "many")
    # One after the other: while one is written, the files of the others are empty for a moment.
    for number in range(20):
        put(hub, _REPOSITORY, f"many-{number}", manifest)
    at_once(lambda n: got(hub, _REPOSITORY, f"many-{n}", manifest), 20, threads=5)
    return manifest.digest


def _put(hub: Hub, reference: str, manifest: Thing) -> str:
    """Push what must be refused; the registry's words for it."""
    place = path(_REPOSITORY, "manifests", reference)
    answer = hub.ask("PUT", place, {"Content-Type": manifest.media}, manifest.content)
    if not 400 <= answer.status < 500:
        raise AnswerError(f"a manifest that is wrong was answered {answer.status}")
    return answer.problem


def _refused(hub: Hub) -> str:
    missing = blob("nowhere").descriptor
    wrong = {
        "no JSON": Thing(b"beacon", SCHEMA_2),
        "half of one": Thing(image("half", OCI)[0].content[:100], OCI),
        "another type": Thing(written(OCI, config={}, layers=[]).content, SCHEMA_2),
        "an unknown type": Thing(b"{}", "application/x-beacon"),
        "without parts": written(SCHEMA_2, config=missing, layers=[missing]),
        "without members": written(INDEX, manifests=[missing]),
        "5 MiB": Thing(b"{" + b" " * (5 << 20) + b"}", SCHEMA_2),
    }
    said = {_put(hub, "wrong", manifest) for manifest in wrong.values()}
    must(hub.ask("GET", path(_REPOSITORY, "manifests", "wrong")), 404, "GET of what was refused")
    return ", ".join(sorted(said))


def _allowed(check: Callable[[Hub], str], hub: Hub) -> str:
    return check(hub) if hub.writable else READ_ONLY


_CHECKS: Mapping[str, Callable[[Hub], str]] = {
    "Docker manifest": partial(_simple, media=SCHEMA_2),
    "OCI manifest": partial(_simple, media=OCI),
    "manifest list": partial(_several, outer=MANIFEST_LIST, inner=SCHEMA_2),
    "OCI index": partial(_several, outer=INDEX, inner=OCI),
    "manifest without a tag": _untagged,
    "moved tag": _moved,
    "many tags": _many,
    "refused manifests": _refused,
}
SUITE: Suite[Hub] = Suite.of({name: partial(_allowed, check) for name, check in _CHECKS.items()})
