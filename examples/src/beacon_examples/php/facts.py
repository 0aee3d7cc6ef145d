"""What the demo application's pages must say, each asked once: files, programs, databases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from typing import Any

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.http.site import Answer, Site

_SENT = {"method": "POST", "size": 6, "sha256": sha256(b"beacon").hexdigest()}

_FACTS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "files": (
        "files.php",
        {
            "locked": True,
            "end": "end",
            "size": 5000,
            "links": 2,
            "mode": "640",
            "time": 1_000_000_000,
            "target": "copy",
            "real": "copy",
            "list": [".", "..", "copy", "hard", "inner", "symbolic"],
            "glob": 4,
            "space": True,
            "temporary": 9,
            "left": False,
        },
    ),
    "programs": (
        "programs.php",
        {
            "lines": ["first", "second"],
            "code": 3,
            "output": "through a pipe",
            "ended": 0,
            "signal": 15,
            "popen": 0,
            "shell": "/usr",
        },
    ),
    "database": ("database.php", {"sum": 3775, "refused": True, "left": 0}),
    "database with a log": ("database.php?wal=1", {"sum": 3775, "refused": True, "left": 0}),
    "requests of its own": (
        "fetch.php",
        {"curl": _SENT, "together": [_SENT, _SENT], "stream": _SENT, "socket": True},
    ),
    "shared memory": (
        "shared.php",
        {
            "memory": "shared",
            "semaphore": True,
            "message": "message",
            "ready": 1,
            "pair": "paired",
        },
    ),
    "work": (
        "work.php",
        {
            "upper": digest(("Grüße aus der Küche. " * 500).upper().encode()),
            "words": 2000,
            "packed": True,
            "date": "2025-03-01T12:00:00+01:00",
            "password": True,
            "random": 32,
            "cipher": "secret",
            "items": 2,
            "memory": 8192,
            "name": "127.0.0.1",
            "unserialized": {"a": 1},
        },
    ),
    "compiled code": ("engine.php", {"results": [1, 2]}),
}


def facts(answer: Answer) -> dict[str, Any]:
    """What a page says; AnswerError if that is no JSON object, as without the application."""
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        said = None
    if answer.status != 200 or not isinstance(said, dict):
        raise AnswerError(f"answered {answer.status} and no facts: {answer.body[:200]!r}")
    return said


def _told(path: str, expected: Mapping[str, object], site: Site) -> str:
    said = facts(site.ask("GET", f"/{path}"))
    for name, value in expected.items():
        expect(said.get(name), value, name)
    return digest(json.dumps(expected, sort_keys=True).encode())


SUITE: Suite[Site] = Suite.of(
    {name: partial(_told, path, expected) for name, (path, expected) in _FACTS.items()}
)
