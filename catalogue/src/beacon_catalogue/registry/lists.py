"""What a registry has: repositories and tags, page by page; and what it forgets."""

from __future__ import annotations

import re
from functools import partial

from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.suite import Suite
from beacon_catalogue.registry.hub import PREFIX, Hub, must
from beacon_catalogue.registry.pulls import NOTHING
from beacon_catalogue.registry.things import OCI, path, push_image, put, stocked
from beacon_catalogue.registry.uploads import READ_ONLY

SUITE = Suite[Hub]()


_NEXT = re.compile(r'<([^<>]{1,2000})>; ?rel="?next"?')
#: Enough for a thousand repositories of the user's own.
_PAGES = 200
_TAGS = ("a", "b", "c", "d")


def _names(hub: Hub, place: str, field: str) -> list[str]:
    """All names of a list, page by page; AnswerError if it has no end."""
    found: list[str] = []
    for _ in range(_PAGES):
        answer = must(hub.ask("GET", place), 200, "a list")
        names = answer.json.get(field) or []
        if not isinstance(names, list):
            raise AnswerError(f"the list has no {field}")
        found += map(str, names)
        following = _NEXT.search(answer.headers.get("link", ""))
        if following is None:
            return found
        place = "/" + following[1].split("/", 3)[3] if "://" in following[1] else following[1]
    raise AnswerError("a list does not come to an end")


@SUITE.check("tags")
def _tags(hub: Hub) -> str:
    if not hub.writable:
        return READ_ONLY
    manifest = push_image(hub, "tags", "tagged", OCI, "a")
    for tag in _TAGS[1:]:
        put(hub, "tags", tag, manifest)
    for query in ("", "?n=3"):
        found = _names(hub, f"/v2/{PREFIX}/tags/tags/list{query}", "tags")
        if sorted(found) != list(_TAGS):
            raise AnswerError(f"{len(found)} tags{query} instead of {len(_TAGS)}")
    return ", ".join(_TAGS)


@SUITE.check("tags of nothing")
def _no_tags(hub: Hub) -> str:
    answer = hub.ask("GET", f"/v2/{PREFIX}/nowhere/tags/list")
    return must(answer, 404, "the tags of nothing").problem


@SUITE.check("catalogue")
def _catalogue(hub: Hub) -> str:
    if stocked(hub) is None:
        return NOTHING
    whole = _names(hub, "/v2/_catalog?n=1000", "repositories")
    if f"{PREFIX}/stock" not in whole:
        raise AnswerError("the catalogue does not have what was pushed")
    if _names(hub, "/v2/_catalog?n=5", "repositories") != whole:
        raise AnswerError("the catalogue by pages of 5 is another than the whole")
    return "whole and by pages"


@SUITE.check("odd pages")
def _odd_pages(hub: Hub) -> str:
    """Whatever it says to these, it must go on."""
    for query in ("n=0", "n=-1", "n=beacon", "n=9999999999", "last=%00", "n=2&last=zzz"):
        hub.ask("GET", f"/v2/_catalog?{query}")
    must(hub.ask("GET", "/v2/_catalog?n=1000&last=zzzzzzzz"), 200, "the end of the catalogue")
    return "survived"


@SUITE.check("DELETE")
def _delete(hub: Hub) -> str:
    if not hub.writable:
        return READ_ONLY
    manifest = push_image(hub, "deleted", "deleted", OCI, "latest")
    place = path("deleted", "manifests", manifest.digest)
    answer = hub.ask("DELETE", place)
    if answer.status == 405:
        return "not allowed"
    must(answer, 202, "DELETE of a manifest")
    for reference in (manifest.digest, "latest"):
        place = path("deleted", "manifests", reference)
        must(hub.ask("GET", place), 404, "GET of what was deleted", "MANIFEST_UNKNOWN")
    return "deleted"


def clean(hub: Hub) -> str:
    """Delete what we pushed; a registry that never deletes keeps it, the same after every run."""
    if not (hub.pushed and hub.deletes):
        return "nothing to delete"
    # Manifests first: a registry may refuse to delete a blob that one of them names.
    for kind in ("manifests", "blobs"):
        places = [path(name, kind, mark) for name, its, mark in sorted(hub.pushed) if its == kind]
        at_once(partial(_gone, hub, places), len(places), threads=4)
    hub.pushed.clear()
    return "deleted"


def _gone(hub: Hub, places: list[str], number: int) -> None:
    answer = hub.ask("DELETE", places[number])
    if answer.status not in (202, 404):
        raise AnswerError(f"DELETE answered {answer.status} {answer.problem}")
