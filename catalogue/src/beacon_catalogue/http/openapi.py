"""Finds the OpenAPI description that a server gives of itself, and asks all that it offers.

What schemathesis makes of a description is made by a program of its own (`openapi_cases.py`), for
it needs more memory than we have here; we only send it, and only to this server.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote

from beacon.model.text import escape_untrusted
from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.suite import Suite
from beacon_catalogue.http.openapi_cases import IDENTIFIER
from beacon_catalogue.http.pages import Tour, told, toured
from beacon_catalogue.http.site import Site
from beacon_catalogue.http.visit import AT_MOST, Seen, Visitor, harmful, place

SUITE = Suite[Site]()

_USUAL = (
    "/openapi.json",
    "/openapi.yaml",
    "/swagger.json",
    "/api/openapi.json",
    "/api/swagger.json",
    "/v3/api-docs",
    "/v2/api-docs",
    "/swagger/v1/swagger.json",
    "/api-docs",
    "/apispec_1.json",
    "/docs/openapi.json",
)
_NAMED = re.compile(r"""["']([^"'\s<>]{0,300}(?:openapi|swagger|api-docs)[^"'\s<>]{0,100})["']""")
_MOST_NAMED = 8
#: What only a description has: a version under one of two names.
_JSON = re.compile(rb'"(?:openapi|swagger)"\s*:\s*"[23]\.')
_YAML = re.compile(rb"""^(?:openapi|swagger)\s*:\s*["']?[23]\.""", re.MULTILINE)
#: Seconds for making and sending requests together, seconds and bytes that making may take.
_ALL, _MAKING = 9.0, 6.0
_MADE = 16 << 20
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
_PACKAGE = "schemathesis"
_INSTALL = "pip install 'beacon-catalogue[openapi]'"
#: By what an object is known that was made, where its parameter has another name.
_IDENTIFIERS = ("id", "uuid", "_id", "key", "slug", "name")
_KEPT = 8
#: In this order, so that there is something to read and to change, and nothing is left in the end.
_ORDER = ("POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
_LEFT_OUT = "left out"


@dataclass(frozen=True)
class Description:
    """A description and where it was found."""

    path: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request; without a target the operation could not be exercised.

    `by_id` is its target for an object that was made, with a space for the object's name.
    """

    method: str
    template: str
    name: str = ""
    target: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    by_id: str | None = None

    @property
    def operation(self) -> str:
        """Method and path, as the description has them."""
        return escape_untrusted(f"{self.method} {self.template}"[:200])

    @property
    def harmful(self) -> bool:
        """Whether its path or name says that it ends or empties something."""
        return harmful(self.template, re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", self.name))


@SUITE.check("OpenAPI description")
def _description(site: Site) -> str:
    """Where it is; whether it can be made use of."""
    found = _found(site)
    site.description = found
    if found is None:
        return "none"
    if find_spec(_PACKAGE) is None:
        return f"{escape_untrusted(found.path)}, not exercised: {_INSTALL}"
    return escape_untrusted(found.path)


def _found(site: Site) -> Description | None:
    visitor = Visitor(site)
    with visitor.session():
        for path in dict.fromkeys((*_named(site, toured(site)), *_USUAL)):
            seen = visitor.send("GET", path)
            if seen.status == 200 and seen.whole and _is_description(seen):
                return Description(path, seen.body)
    if visitor.late:
        raise AnswerError("the time was over before all usual places were looked at")
    return None


def _named(site: Site, found: Tour) -> list[str]:
    """The paths that pages and scripts name."""
    references = (match[1] for _, text in found.scripts for match in _NAMED.finditer(text))
    shown = [name for name in found.outcomes if "{" not in name]
    paths = [place(site.peer, "/", each) for each in references]
    paths += [name for name in shown if re.search("openapi|swagger|api-docs", name)]
    return [path for path in paths if path is not None][:_MOST_NAMED]


def _is_description(seen: Seen) -> bool:
    return bool(_JSON.search(seen.body) or ("html" not in seen.kind and _YAML.search(seen.body)))


@SUITE.check("OpenAPI requests")
def _requests(site: Site) -> str | None:
    """Nothing that was not made here is deleted: only then is DELETE sent."""
    found = site.description or _found(site)
    if found is None:
        return "none"
    if find_spec(_PACKAGE) is None:
        return f"not exercised: {_INSTALL}"
    own = Deadline(site.deadline.left(_ALL), site.deadline.stop)
    cases = _cases(_made(own, found))
    if not cases:
        return "not exercised: the description cannot be followed"
    return _sent(Visitor(site, own.left(AT_MOST)), cases)


def _made(deadline: Deadline, found: Description) -> bytes:
    """What the program writes; AnswerError if it takes too long, or far too much memory."""
    # -P: a module in the current folder is not ours. No folder for Hypothesis to keep examples in.
    command = [sys.executable, "-P", "-m", "beacon_catalogue.http.openapi_cases"]
    own = {"PYTHONHASHSEED": "0", "HYPOTHESIS_STORAGE_DIRECTORY": f"{os.devnull}/none"}
    try:
        done = subprocess.run(
            command,
            input=found.content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | own,
            cwd="/",
            timeout=deadline.wait(_MAKING),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AnswerError("no requests were made of the description in time") from error
    if done.returncode:
        raise AnswerError("the program that makes requests of the description broke off")
    return done.stdout[:_MADE]


def _cases(lines: bytes) -> list[Case]:
    """The requests, those first that make something; none if it is not a description."""
    cases = [case for line in lines.splitlines() if (case := _case(line)) is not None]
    known = [case for case in cases if case.method in _ORDER]
    return sorted(known, key=lambda case: _ORDER.index(case.method))


def _case(line: bytes) -> Case | None:
    found: dict[str, Any] = json.loads(line)
    if "method" not in found:
        return None
    content = base64.b64decode(found.pop("body", ""))
    return Case(**found, content=content)


def _sent(visitor: Visitor, cases: list[Case]) -> str | None:
    exercise = _Exercise(visitor)
    with visitor.session():
        for case in cases:
            if visitor.late:
                return None
            exercise.send(case)
        exercise.delete_made()
        visitor.send("GET", "/")
    return told(exercise.outcomes)


class _Exercise:
    """What the operations answered, and what they made."""

    def __init__(self, visitor: Visitor) -> None:
        self.outcomes: dict[str, set[str]] = {}
        self._visitor = visitor
        self._made: dict[str, list[str]] = {}
        self._deletions: dict[str, Case] = {}
        self._slow: set[str] = set()

    def send(self, case: Case) -> None:
        """Send it, and again for what was made where it stands for one object."""
        if case.method == "DELETE":  # whatever its name, it is for what we made
            self._deletions.setdefault(case.operation, case)
        elif case.target is None or case.harmful:
            self._note(case, _LEFT_OUT)
        elif case.operation not in self._slow:
            self._try(case, case.target)
            for target in self._by_id(case)[:1]:
                self._try(case, target)

    def delete_made(self) -> None:
        """Delete what we made, where the description says how."""
        for case in self._deletions.values():
            targets = self._by_id(case)
            for target in targets:
                self._try(case, target)
            if not targets:
                self._note(case, _LEFT_OUT)

    def _try(self, case: Case, target: str) -> None:
        try:
            seen = self._visitor.send(case.method, target, case.headers, case.content)
        except ValueError:  # no client could send this
            return
        self._note(case, seen.outcome)
        if not seen.status:
            self._slow.add(case.operation)
        if case.method == "POST" and 200 <= seen.status < 300:
            made = self._made.setdefault(case.template.rstrip("/"), [])
            if len(made) < _KEPT:
                made += (each for each in _identifiers(seen) if each not in made)

    def _by_id(self, case: Case) -> list[str]:
        """Its targets for what was made by a POST to the path above the parameter."""
        if case.by_id is None:
            return []
        above = case.template.partition("{")[0].rstrip("/")
        return [case.by_id.replace(IDENTIFIER, each) for each in self._made.get(above, ())]

    def _note(self, case: Case, outcome: str) -> None:
        self.outcomes.setdefault(case.operation, set()).add(outcome)


def _identifiers(seen: Seen) -> Iterator[str]:
    """By what the object is known that was made: its body says, or the place that it has."""
    with suppress(ValueError, RecursionError):
        body = json.loads(seen.body)
        if isinstance(body, dict):
            yield from _first(body.get(name) for name in _IDENTIFIERS)
            return
    location = seen.headers.get("location", "").rstrip("/")
    if location:
        yield quote(location.rpartition("/")[2][:200], safe="%")


def _first(values: Iterable[Any]) -> list[str]:
    found = (each for each in values if isinstance(each, (str, int)) and each != "")
    return [quote(str(each)[:200], safe="") for each in found if not isinstance(each, bool)][:1]
