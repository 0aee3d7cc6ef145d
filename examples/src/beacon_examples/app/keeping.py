"""What an application keeps: uploaded files, a small database, and all that files can do."""

from __future__ import annotations

from hashlib import sha256

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.suite import Suite
from beacon_examples.app.application import FILE, PREFIX, Application

SUITE = Suite[Application]()

_CONTENT = bytes(range(256)) * 4096
_BOUNDARY = "beacon-0123456789-boundary"
_FORM = f"multipart/form-data; boundary={_BOUNDARY}"
_KEYS = 10
_WRITERS = 5
_BAD_NAMES = ("", "..%2fserver.py", "%2fetc%2fpasswd", ".hidden", "a%00b")
_TOUR = {
    "size": 5,
    "mode": "600",
    "mtime": 0,
    "links": 2,
    "target": "b",
    "copy": "hello!",
    "names": ["b", "c", "d", "e"],
}


def _form(name: str, content: bytes) -> bytes:
    disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    head = f"--{_BOUNDARY}\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n"
    return head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()


@SUITE.check("upload")
def _upload(app: Application) -> str:
    told = app.json("POST", "/api/upload", _form(FILE, _CONTENT), Content_Type=_FORM)
    digest = sha256(_CONTENT).hexdigest()
    expect(told, {"name": FILE, "size": len(_CONTENT), "sha256": digest}, "what was uploaded")
    path = f"/api/file?name={FILE}"
    whole = app.ask("GET", path).body
    expect(sha256(whole).hexdigest(), digest, "the digest of the download")
    for first, last in ((0, 0), (1000, 70_000), (len(_CONTENT) - 5, len(_CONTENT) - 1)):
        part = app.ask("GET", path, status=206, Range=f"bytes={first}-{last}").body
        expect(part, _CONTENT[first : last + 1], f"bytes {first} to {last}")
    expect(app.json("DELETE", path), {"deleted": True}, "the deletion")
    app.ask("GET", path, status=404)
    return digest[:16]


@SUITE.check("bad uploads")
def _bad_uploads(app: Application) -> str:
    for name in _BAD_NAMES:
        app.ask("GET", f"/api/file?name={name}", status=400)
    app.ask("POST", "/api/upload", _form("../x", b"x"), status=400, Content_Type=_FORM)
    app.ask("POST", "/api/upload", b"no form", status=400, Content_Type=_FORM)
    return f"{len(_BAD_NAMES) + 2} refused"


@SUITE.check("file operations")
def _tour(app: Application) -> str:
    expect(app.json("POST", "/api/files"), _TOUR, "what the files are like")
    return f"{len(_TOUR)} facts"


def _put(app: Application, name: str, value: str) -> None:
    kept = app.json("POST", f"/api/db?key={PREFIX}{name}", value.encode())
    expect(kept, {"key": PREFIX + name, "value": value}, "what was put")


def _keys(app: Application) -> object:
    return app.get(f"/api/db?prefix={PREFIX}").get("keys")


def _empty(app: Application) -> None:
    app.json("DELETE", f"/api/db?prefix={PREFIX}")
    expect(_keys(app), [], "keys after the deletion of all")


@SUITE.check("database")
def _database(app: Application) -> str:
    _empty(app)
    for number in range(_KEYS):
        _put(app, f"{number:02}", f"Wert № {number}")
    expect(_keys(app), [f"{PREFIX}{number:02}" for number in range(_KEYS)], "the keys")
    _put(app, "03", "changed")
    app.json("POST", f"/api/db?key={PREFIX}03&fail=1", b"never kept", status=409)
    expect(app.get(f"/api/db?key={PREFIX}03").get("value"), "changed", "the changed text")
    app.json("GET", f"/api/db?key={PREFIX}none", status=404)
    expect(app.json("DELETE", f"/api/db?prefix={PREFIX}"), {"deleted": _KEYS}, "the deletion")
    _empty(app)
    return f"{_KEYS} texts"


@SUITE.check("parallel writers")
def _writers(app: Application) -> str:
    _empty(app)
    at_once(lambda number: _put(app, f"{number:02}", "x" * 1000), 4 * _WRITERS, _WRITERS)
    found = _keys(app)
    if not isinstance(found, list) or len(found) != 4 * _WRITERS:
        raise AnswerError(f"not all of {4 * _WRITERS} texts were kept")
    _empty(app)
    return f"{4 * _WRITERS} texts"
