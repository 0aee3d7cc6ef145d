"""Methods beside GET, HEAD and POST; what they make is taken away again."""

from __future__ import annotations

from functools import partial

from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_catalogue.http.site import Site

_FOLDER = "/beacon-check"
_FILE, _COPY, _MOVED = (f"/beacon-check-{name}.txt" for name in ("file", "copy", "moved"))
_CONTENT = b"written by beacon"
_XML = {"Content-Type": "application/xml", "Depth": "1"}
_ALL = b'<?xml version="1.0"?><propfind xmlns="DAV:"><allprop/></propfind>'
_LOCK = (
    b'<?xml version="1.0"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope>'
    b"<locktype><write/></locktype></lockinfo>"
)


def _told(method: str, body: bytes, site: Site) -> str:
    """The status: what else a server says to these has no meaning that all servers share."""
    return str(site.ask(method, "/", _XML if body else None, body).status)


def _trace(site: Site) -> str:
    answer = site.ask("TRACE", "/", {"X-Beacon": "echo"})
    echoes = "message/http" in answer.headers.get("content-type", "")
    if answer.status == 200 and echoes and b"TRACE / HTTP/1.1" not in answer.body:
        raise AnswerError("TRACE does not return what was sent")
    return str(answer.status)


def _put(site: Site) -> str:
    """Write a file, read it, write over it, delete it."""
    statuses = []
    try:
        for content in (_CONTENT, _CONTENT[::-1]):
            statuses.append(site.ask("PUT", _FILE, None, content).status)
            kept = site.ask("GET", _FILE)
            if statuses[0] == 201 and kept.status == 200 and kept.body != content:
                raise AnswerError("a file that was written reads differently")
            statuses.append(kept.status)
    finally:
        statuses.append(site.ask("DELETE", _FILE).status)
    return ", ".join(map(str, statuses))


def _folder(site: Site) -> str:
    made = site.ask("MKCOL", f"{_FOLDER}/").status
    listed = site.ask("PROPFIND", f"{_FOLDER}/", _XML, _ALL).status
    return f"{made}, {listed}, {site.ask('DELETE', f'{_FOLDER}/').status}"


def _copies(site: Site) -> str:
    """Copy and move; the header Destination names the server as the client sees it."""
    statuses = []
    try:
        statuses.append(site.ask("PUT", _FILE, None, _CONTENT).status)
        for method, old, new in (("COPY", _FILE, _COPY), ("MOVE", _COPY, _MOVED)):
            statuses.append(site.ask(method, old, {"Destination": site.address_of(new)}).status)
        moved = site.ask("GET", _MOVED)
        if statuses == [201, 201, 201] and moved.body != _CONTENT:
            raise AnswerError("a file that was copied and moved reads differently")
    finally:
        statuses += [site.ask("DELETE", name).status for name in (_FILE, _COPY, _MOVED)]
    return ", ".join(map(str, statuses))


def _lock(site: Site) -> str:
    """Lock a name and let it go; a server that locks makes an empty file of that name."""
    answer = site.ask("LOCK", _FILE, {"Content-Type": "application/xml"}, _LOCK)
    token = {"Lock-Token": answer.headers.get("lock-token", "<opaquelocktoken:none>")}
    statuses = [answer.status, site.ask("UNLOCK", _FILE, token).status]
    return ", ".join(map(str, [*statuses, site.ask("DELETE", _FILE).status]))


SUITE: Suite[Site] = Suite.of(
    {
        "TRACE": _trace,
        "PATCH": partial(_told, "PATCH", b"<patch/>"),
        "unknown method": partial(_told, "BEACON", b""),
        "PROPFIND": partial(_told, "PROPFIND", _ALL),
        "PUT and DELETE": _put,
        "folders": _folder,
        "COPY and MOVE": _copies,
        "LOCK": _lock,
    }
)
