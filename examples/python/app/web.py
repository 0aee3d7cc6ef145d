"""Requests and answers: what lies between WSGI and those who answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

LIMIT = 8 << 20


class FailureError(Exception):
    """The request cannot be answered; `status` and the text say why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Answer:
    """A complete answer, whose body may still be made while it is sent."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Iterable[bytes] = ()


class Request:
    """One request."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "/")
        self.query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))

    def header(self, name: str) -> str | None:
        """A header's text, None without it."""
        found = self.environ.get(f"HTTP_{name.upper().replace('-', '_')}")
        return None if found is None else str(found)

    def body(self) -> bytes:
        """The whole body."""
        if int(self.environ.get("CONTENT_LENGTH") or 0) > LIMIT:
            raise FailureError(413, "the body is too large")
        try:
            content = bytes(self.environ["wsgi.input"].read(LIMIT + 1))
        except Exception as error:  # each server has its own for a body that is broken or cut off
            raise FailureError(400, "the body cannot be read") from error
        if len(content) > LIMIT:
            raise FailureError(413, "the body is too large")
        return content

    def number(self, name: str, usual: int, most: int) -> int:
        """A number from the query."""
        text = self.query.get(name, str(usual))
        if not text.isascii() or not text.isdigit() or int(text[:12]) > most:
            raise FailureError(400, f"{name} is out of range")
        return int(text)


def json_answer(status: int, value: object) -> Answer:
    """`value` as JSON."""
    content = json.dumps(value, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    return Answer(status, headers, [content])


def bytes_answer(content: bytes) -> Answer:
    """Bytes of no particular type."""
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(content))}
    return Answer(200, headers, [content])
