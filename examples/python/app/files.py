"""The page, uploads, and a tour through what a file system can do."""

from __future__ import annotations

import gzip
import os
import re
import tempfile
from email.message import Message
from email.utils import formatdate, parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from wsgiref.util import FileWrapper

from web import Answer, FailureError, Request

FOLDER = Path(os.environ.get("DATA_DIR") or Path(tempfile.gettempdir(), "demo"))
FOLDER.mkdir(parents=True, exist_ok=True)
PAGE = Path(os.environ.get("PAGE_DIR") or Path(__file__).parent, "index.html")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def _unchanged(request: Request, tag: str, changed: int) -> bool:
    if tags := request.header("If-None-Match"):
        return tag in tags
    try:
        since = parsedate_to_datetime(request.header("If-Modified-Since") or "")
    except ValueError:
        return False
    return changed <= since.timestamp()


def _part(request: Request, size: int) -> tuple[int, int] | None:
    found = _RANGE.fullmatch(request.header("Range") or "")
    if not found or found[0] == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1 if last else size, size)


def _sent(request: Request, path: Path, kind: str) -> Answer:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise FailureError(404, "there is no such file") from None
    facts = os.fstat(file.fileno())
    tag = f'"{facts.st_size:x}-{facts.st_mtime_ns:x}"'
    headers = {
        "Content-Type": kind,
        "ETag": tag,
        "Last-Modified": formatdate(facts.st_mtime, usegmt=True),
    }
    if _unchanged(request, tag, int(facts.st_mtime)):
        file.close()
        return Answer(304, headers)
    start, end = part = _part(request, facts.st_size) or (0, facts.st_size)
    if start >= end > 0:
        file.close()
        return Answer(416, {"Content-Range": f"bytes */{facts.st_size}", "Content-Length": "0"})
    if part == (0, facts.st_size) and "gzip" in (request.header("Accept-Encoding") or ""):
        with file:
            packed = gzip.compress(file.read(), mtime=0)
        headers |= {
            "Content-Encoding": "gzip",
            "Content-Length": str(len(packed)),
            "Vary": "Accept-Encoding",
        }
        return Answer(200, headers, [packed])
    headers |= {
        "Content-Length": str(end - start),
        "Accept-Ranges": "bytes",
        "Vary": "Accept-Encoding",
    }
    file.seek(start)
    status = 200
    if request.header("Range") and _RANGE.fullmatch(request.header("Range") or ""):
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{facts.st_size}"
    if start:  # gunicorn's file wrapper would begin at the beginning
        with file:
            return Answer(status, headers, [file.read(end - start)])
    return Answer(status, headers, request.environ.get("wsgi.file_wrapper", FileWrapper)(file))


def page(request: Request) -> Answer:
    """The page."""
    return _sent(request, PAGE, "text/html; charset=utf-8")


def _named(name: str | None) -> Path:
    if not name or not _NAME.fullmatch(name):
        raise FailureError(400, "that is no name of a file")
    return FOLDER / name


def _first_part(content: bytes, kind: str) -> tuple[str | None, bytes]:
    header = Message()
    header["Content-Type"] = kind
    boundary = str(header.get_param("boundary", "")).encode()
    start = content.find(b"--" + boundary + b"\r\n") if boundary else -1
    head = content.find(b"\r\n\r\n", start)
    end = content.find(b"\r\n--" + boundary, head)
    if min(start, head, end) < 0:
        raise FailureError(400, "that is no form with a file")
    name = re.search(rb'filename="([^"]*)"', content[start:head])
    return name[1].decode(errors="replace") if name else None, content[head + 4 : end]


def upload(request: Request) -> dict[str, object]:
    """Keep a file from a form."""
    name, content = _first_part(request.body(), request.environ.get("CONTENT_TYPE", ""))
    path = _named(name)
    with tempfile.NamedTemporaryFile(dir=FOLDER, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
    return {"name": name, "size": len(content), "sha256": sha256(content).hexdigest()}


def download(request: Request) -> Answer:
    """A file that was uploaded."""
    return _sent(request, _named(request.query.get("name")), "application/octet-stream")


def remove(request: Request) -> dict[str, bool]:
    """Delete a file that was uploaded."""
    try:
        _named(request.query.get("name")).unlink()
    except FileNotFoundError:
        raise FailureError(404, "there is no such file") from None
    return {"deleted": True}


ROUTES = {
    "/": {"GET": page, "HEAD": page},
    "/index.html": {"GET": page, "HEAD": page},
    "/api/upload": {"POST": upload},
    "/api/file": {"GET": download, "DELETE": remove},
}
