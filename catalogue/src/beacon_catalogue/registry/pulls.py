"""What a client reads: an image as a whole, and a blob in parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.suite import Suite
from beacon_catalogue.registry.hub import Answer, Hub, must, same
from beacon_catalogue.registry.things import Thing, blob, got, path, pulled, stocked

#: What a check says of a registry that has nothing of ours and takes nothing.
NOTHING = "nothing there"

_Image = tuple[Thing, tuple[Thing, ...]]


def _image(hub: Hub, image: _Image) -> str:
    manifest, parts = image
    got(hub, "stock", "latest", manifest)
    got(hub, "stock", manifest.digest, manifest)
    for part in parts:
        pulled(hub, "stock", part)
    return manifest.digest


def _head(hub: Hub, image: _Image) -> str:
    for kind, thing in (("manifests", image[0]), ("blobs", image[1][1])):
        headers = {"Accept": image[0].media}
        answer = hub.ask("HEAD", path("stock", kind, thing.digest), headers)
        must(answer, 200, "HEAD")
        told = answer.headers.get("content-length"), answer.headers.get("docker-content-digest")
        if told != (str(len(thing.content)), thing.digest):
            raise AnswerError(f"HEAD of {kind} tells {told}")
    return "as they are"


def _part(hub: Hub, layer: Thing, wanted: str) -> Answer:
    return hub.ask("GET", path("stock", "blobs", layer.digest), {"Range": f"bytes={wanted}"})


def _ranges(hub: Hub, image: _Image) -> str:
    layer = image[1][1]
    whole = layer.content
    parts = {"100-199": whole[100:200], "-10": whole[-10:], "8000-": whole[8000:]}
    for wanted, content in parts.items():
        same(must(_part(hub, layer, wanted), 206, "a range").body, content, f"bytes {wanted}")
    return ", ".join(parts)


def _odd_ranges(hub: Hub, image: _Image) -> str:
    layer = image[1][1]
    several = must(_part(hub, layer, "0-9,100-109"), 206, "two ranges").body
    if not (layer.content[:10] in several and layer.content[100:110] in several):
        raise AnswerError("an answer to two ranges does not have both")
    # Only its status: a registry may promise a body here and not send it.
    behind = {"Range": "bytes=999999-"}
    place = path("stock", "blobs", layer.digest)
    with hub.client() as client, client.stream("GET", place, headers=behind) as response:
        if response.status_code != 416:
            raise AnswerError(f"a range behind the end: {response.status_code}")
    return "two at once, one behind the end"


def _conditional(hub: Hub, image: _Image) -> str:
    statuses = []
    for kind, thing in (("manifests", image[0]), ("blobs", image[1][1])):
        place, accept = path("stock", kind, thing.digest), {"Accept": image[0].media}
        tag = hub.ask("GET", place, accept).headers.get("etag", "")
        answer = hub.ask("GET", place, {**accept, "If-None-Match": tag})
        if answer.status != 304:
            same(answer.body, thing.content, f"the same {kind} again")
        statuses.append(f"{kind} {answer.status}")
    return ", ".join(statuses)


def _old_client(hub: Hub, image: _Image) -> str:
    """One that knows only the first schema; a registry may convert for it, signed anew."""
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v1+prettyjws"}
    answer = must(hub.ask("GET", path("stock", "manifests", "latest"), accept), 200, "GET")
    media = answer.headers.get("content-type", "")
    if "v1" not in media:
        same(answer.body, image[0].content, "the manifest")
    elif answer.json.get("schemaVersion") != 1:
        raise AnswerError("a converted manifest is not of schema 1")
    return "converted" if "v1" in media else "as it is"


def _parallel(hub: Hub, image: _Image) -> str:
    layer = image[1][1]
    at_once(lambda _: pulled(hub, "stock", layer), times=24, threads=8)
    return layer.digest


def _missing(hub: Hub) -> str:
    """A mirror may call it its own failure that its source does not have it."""
    nowhere = blob("nowhere").digest
    problems = []
    with hub.client() as client:
        for kind, reference in (("blobs", nowhere), ("manifests", nowhere), ("manifests", "none")):
            answer = hub.ask_by(client, "GET", path("stock", kind, reference))
            if answer.status != 404 and not (answer.status == 500 and not hub.writable):
                raise AnswerError(f"GET of what is missing: {answer.status}")
            problems.append(answer.problem)
    return ", ".join(problems)


def _present(check: Callable[[Hub, _Image], str], hub: Hub) -> str:
    image = stocked(hub)
    return check(hub, image) if image else NOTHING


_CHECKS: Mapping[str, Callable[[Hub, _Image], str]] = {
    "whole image": _image,
    "HEAD": _head,
    "ranges": _ranges,
    "odd ranges": _odd_ranges,
    "conditional": _conditional,
    "old client": _old_client,
    "parallel pulls": _parallel,
}
SUITE: Suite[Hub] = Suite.of(
    {
        **{name: partial(_present, check) for name, check in _CHECKS.items()},
        "missing": _missing,
    }
)
