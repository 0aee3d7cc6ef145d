"""What is pushed: blobs and manifests, the same bytes in every run, and how to push them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256, shake_256

import msgspec

from beacon_catalogue.registry.hub import PREFIX, Answer, Hub, must, same

SCHEMA_2 = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"

_CONFIGS = {
    SCHEMA_2: "application/vnd.docker.container.image.v1+json",
    OCI: "application/vnd.oci.image.config.v1+json",
}
_LAYERS = {
    SCHEMA_2: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    OCI: "application/vnd.oci.image.layer.v1.tar+gzip",
}


@dataclass(frozen=True)
class Thing:
    """Bytes that a registry keeps under their digest."""

    content: bytes
    media: str = "application/octet-stream"

    @property
    def digest(self) -> str:
        """As registries write it."""
        return f"sha256:{sha256(self.content).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, object]:
        """How a manifest names it."""
        return {"mediaType": self.media, "size": len(self.content), "digest": self.digest}


def blob(name: str, size: int = 64 << 10) -> Thing:
    """Bytes without a pattern; the same for the same name."""
    return Thing(shake_256(name.encode()).digest(size))


def path(repository: str, kind: str, reference: str) -> str:
    """Where a registry has a thing of ours: kind is `blobs` or `manifests`."""
    return f"/v2/{PREFIX}/{repository}/{kind}/{reference}"


def started(hub: Hub, repository: str, query: str = "") -> Answer:
    """Begin an upload; its answer knows the place to continue."""
    answer = hub.ask("POST", path(repository, "blobs", "uploads/") + query)
    return must(answer, 202, "starting an upload")


def naming(place: str, digest: str) -> str:
    """The place of an upload, with the digest that ends it."""
    return f"{place}{'&' if '?' in place else '?'}digest={digest}"


def finished(hub: Hub, repository: str, place: str, thing: Thing, rest: bytes = b"") -> None:
    """End an upload, with what was not sent yet; the registry must have exactly the thing."""
    answer = hub.ask("PUT", naming(place, thing.digest), content=rest)
    must(answer, 201, "ending an upload")
    hub.pushed.add((repository, "blobs", thing.digest))
    pulled(hub, repository, thing)


def push(hub: Hub, repository: str, thing: Thing) -> None:
    """Upload a blob in one piece and read it back."""
    place = started(hub, repository).place
    finished(hub, repository, place, thing, thing.content)


def pulled(hub: Hub, repository: str, thing: Thing) -> Answer:
    """GET a blob; AnswerError unless it is the thing."""
    answer = must(hub.ask("GET", path(repository, "blobs", thing.digest)), 200, "GET of a blob")
    same(answer.body, thing.content, "the blob")
    return answer


def put(hub: Hub, repository: str, tag: str, manifest: Thing) -> Answer:
    """Store a manifest under a tag and read it back by that tag."""
    place = path(repository, "manifests", tag)
    answer = hub.ask("PUT", place, {"Content-Type": manifest.media}, manifest.content)
    must(answer, 201, "PUT of a manifest")
    hub.pushed.add((repository, "manifests", manifest.digest))
    return got(hub, repository, tag, manifest)


def got(hub: Hub, repository: str, reference: str, manifest: Thing) -> Answer:
    """GET a manifest by tag or digest; AnswerError unless it is this one."""
    place = path(repository, "manifests", reference)
    answer = must(hub.ask("GET", place, {"Accept": manifest.media}), 200, "GET of a manifest")
    same(answer.body, manifest.content, "the manifest")
    same(answer.headers.get("content-type", "").encode(), manifest.media.encode(), "its type")
    return answer


def written(media: str, **fields: object) -> Thing:
    """A manifest of this type with these fields."""
    return Thing(msgspec.json.encode({"schemaVersion": 2, "mediaType": media, **fields}), media)


def image(name: str, media: str) -> tuple[Thing, tuple[Thing, ...]]:
    """A manifest, and the configuration and layer that it needs."""
    layer = Thing(blob(name, 8 << 10).content, _LAYERS[media])
    told = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "beacon"}],
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
    }
    config = Thing(msgspec.json.encode(told), _CONFIGS[media])
    parts = {"config": config.descriptor, "layers": [layer.descriptor]}
    return written(media, **parts), (config, layer)


def push_image(hub: Hub, repository: str, name: str, media: str, tag: str) -> Thing:
    """Push an image with all its parts; its manifest."""
    manifest, parts = image(name, media)
    for part in parts:
        push(hub, repository, part)
    put(hub, repository, tag, manifest)
    return manifest


def stocked(hub: Hub) -> tuple[Thing, tuple[Thing, ...]] | None:
    """An image that is there to be pulled, pushed if need be; None where that is not allowed."""
    manifest, parts = image("stock", SCHEMA_2)
    if ("stock", "manifests", manifest.digest) not in hub.pushed:
        if hub.writable:
            push_image(hub, "stock", "stock", SCHEMA_2, "latest")
        elif hub.ask("HEAD", path("stock", "manifests", "latest")).status != 200:
            return None
    return manifest, parts
