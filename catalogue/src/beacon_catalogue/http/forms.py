"""Fills in and sends the forms of a site, as a visitor who signs up, signs in and looks around."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from beacon.workloads.suite import Suite
from beacon_catalogue.http.markup import Field, Form, read
from beacon_catalogue.http.pages import Tour, told, tour, toured
from beacon_catalogue.http.site import Site
from beacon_catalogue.http.visit import Seen, Visitor, harmful, place, template

SUITE = Suite[Site]()

#: A form may lead to pages with more forms: so often is it looked for them, and so many are sent.
_ROUNDS, _MOST = 3, 20
_URLENCODED, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_BOUNDARY = "beacon-form-boundary"

_SIGN_UP = re.compile(r"regist|sign[-_ ]?up|join|create[-_ ]?account", re.IGNORECASE)
_SIGN_IN = re.compile(r"log[-_ ]?(?:in|on)|sign[-_ ]?in|session|auth", re.IGNORECASE)
#: What is often unique: another one in each drive, so that the same is made each time.
_UNIQUE = re.compile(r"user|login|account|name|title|slug|handle|code|key|subject", re.IGNORECASE)
_BY_NAME: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), value)
    for pattern, value in (
        (r"date|birthday", "2024-02-29"),
        (r"phone|tel|mobile", "+49 30 1234567"),
        (r"zip|postal|plz", "10115"),
        (r"city|town", "Berlin"),
        (r"country", "DE"),
        (r"street|address", "Unter den Linden 1"),
        (r"age|count|amount|number|qty|quantity|price|size|year", "7"),
        (r"url|website|link|homepage", "http://localhost/"),
    )
)
_BY_KIND: Mapping[str, str] = {
    "number": "7",
    "range": "7",
    "date": "2024-02-29",
    "datetime-local": "2024-02-29T12:00",
    "month": "2024-02",
    "week": "2024-W09",
    "time": "12:00",
    "color": "#336699",
    "tel": "+49 30 1234567",
    "url": "http://localhost/",
    "search": "beacon",
}
_PICTURE = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\2\0\1"
    b"H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82"
)


class Persona:
    """Who fills the forms in: the same name and password in each form of one drive."""

    def __init__(self) -> None:
        self.name = f"beacon{secrets.token_hex(4)}"
        self.password = f"Beacon-{secrets.token_hex(8)}"

    def fill(self, form: Form) -> list[tuple[str, str]]:
        """Names and values of the fields, files apart; one of each group of radio buttons."""
        filled: list[tuple[str, str]] = []
        chosen = {each.name for each in form.fields if each.kind == "radio" and _checked(each)}
        for each in form.fields:
            if each.kind == "radio" and (each.name in chosen) != _checked(each):
                continue
            if each.kind == "radio" and each.name in dict(filled):
                continue
            if each.kind != "file" and "disabled" not in each.attributes:
                filled.append((each.name, self._value(each)))
        return filled

    def _value(self, each: Field) -> str:
        if each.kind in ("hidden", "submit"):
            return each.value
        if each.kind in ("checkbox", "radio"):
            return each.value or "on"
        if each.kind == "select":
            return next((option for option in each.options if option), "")
        return _fitting(self._written(each), each.attributes)

    def _written(self, each: Field) -> str:
        if each.kind == "password":
            return self.password
        if each.kind == "email" or "mail" in each.name.lower():
            return f"{self.name}@example.org"
        if each.kind in _BY_KIND:
            return _in_range(_BY_KIND[each.kind], each.attributes)
        if _UNIQUE.search(each.name):
            return self.name
        fitting = (value for pattern, value in _BY_NAME if pattern.search(each.name))
        return each.value or next(fitting, "written by beacon")


def _checked(each: Field) -> bool:
    return "checked" in each.attributes


def _in_range(value: str, attributes: Mapping[str, str]) -> str:
    """The least that is allowed, where there is such a bound."""
    least = attributes.get("min", "")
    return least if least and value.isdigit() else value


def _fitting(value: str, attributes: Mapping[str, str]) -> str:
    longest = attributes.get("maxlength", "")
    # From the end, where one of our names differs from the next one.
    return value[-int(longest) :] if longest.isdigit() and 0 < int(longest) < 100 else value


def _key(page: str, form: Form) -> tuple[str, ...]:
    """What makes a form the same one on the next visit."""
    fields = sorted({each.name for each in form.fields})
    return (template(page), form.method, template(form.action), *fields)


class _Sending:
    """One visitor's forms; `outcomes` by method and path, as templates."""

    def __init__(self, visitor: Visitor) -> None:
        self.outcomes: dict[str, set[str]] = {}
        self._visitor, self._persona = visitor, Persona()
        self._done: set[tuple[str, ...]] = set()

    def send_new(self, found: Tour) -> bool:
        """Send those that are not sent yet, accounts first; whether there was one."""
        new = [
            (page, form)
            for page, form in sorted(found.forms, key=_order)
            if _key(page, form) not in self._done
        ]
        for page, form in new:
            key = _key(page, form)
            if key not in self._done and len(self._done) < _MOST and not self._visitor.late:
                self._done.add(key)
                self._send(page, key)
        return bool(new)

    def _send(self, page: str, key: tuple[str, ...]) -> None:
        """From a fresh page: a token that stands in it may be for one use only."""
        fresh = self._visitor.send("GET", page)
        forms = read(fresh.text).forms if fresh.status == 200 else []
        form = next((form for form in forms if _key(page, form) == key), None)
        action = place(self._visitor.site.peer, page, form.action or page) if form else None
        if form is None or action is None or form.method not in ("get", "post"):
            return
        name = f"{form.method.upper()} {template(urlsplit(action).path)}"
        if harmful(action, *form.words):
            self.outcomes.setdefault(name, set()).add("left out")
            return
        seen = self._submit(page, action, form)
        self.outcomes.setdefault(name, set()).add(seen.outcome)

    def _submit(self, page: str, action: str, form: Form) -> Seen:
        filled = self._persona.fill(form)
        if form.method == "get":
            return self._visitor.send("GET", f"{urlsplit(action).path}?{urlencode(filled)}")
        kind, content = _URLENCODED, urlencode(filled).encode()
        if form.encoding == _MULTIPART:
            kind, content = f"{_MULTIPART}; boundary={_BOUNDARY}", _parts(form, filled)
        origin = self._visitor.site.address_of("")
        headers = {"Content-Type": kind, "Origin": origin, "Referer": f"{origin}{page}"}
        return self._visitor.send("POST", action, headers, content)


def _order(entry: tuple[str, Form]) -> tuple[int, bool]:
    """Sign up, then in, then all else; what is behind a sign-in would ask for it before."""
    page, form = entry
    words = " ".join((page, form.action, *form.words))
    if not any(each.kind == "password" for each in form.fields):
        return 2, False
    twice = sum(each.kind == "password" for each in form.fields) > 1
    if _SIGN_UP.search(words) or twice:
        return 0, False
    return 1, not _SIGN_IN.search(words)


def _parts(form: Form, filled: list[tuple[str, str]]) -> bytes:
    files = [each.name for each in form.fields if each.kind == "file"]
    parts = [(name, "", value.encode()) for name, value in filled]
    picture = '; filename="beacon.png"\r\nContent-Type: image/png'
    parts += [(name, picture, _PICTURE) for name in files]
    body = b""
    for name, more, content in parts:
        shown = re.sub(r'[\r\n"]', "", name)
        line = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{shown}"{more}\r\n\r\n'
        body += line.encode() + content + b"\r\n"
    return body + f"--{_BOUNDARY}--\r\n".encode()


@SUITE.check("forms")
def _forms(site: Site) -> str | None:
    """Each form is sent once, and what it leads to is looked through for more."""
    visitor = Visitor(site)
    with visitor.session():
        sending, found = _Sending(visitor), tour(visitor)
        open_to_all = set(found.outcomes)
        for _ in range(_ROUNDS):
            if not sending.send_new(found):
                break
            found = tour(visitor)
            _learn(site, found)
    if visitor.late:
        return None
    behind = {f"then {name}": found.outcomes[name] for name in {*found.outcomes} - open_to_all}
    return told({**sending.outcomes, **behind})


def _learn(site: Site, found: Tour) -> None:
    """Keep the scripts that only a visitor with an account saw."""
    known = toured(site)
    known.scripts += [each for each in found.scripts if each not in known.scripts]
