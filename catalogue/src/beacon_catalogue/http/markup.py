"""What a page refers to: links, parts, forms and the text of its scripts, from hostile HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser

#: Characters of a page that are read, and of an unfinished tag or script that are waited for:
#: the parser looks again at what is unfinished with every piece that it gets.
_READ, _PENDING, _PIECE = 256 << 10, 128 << 10, 16 << 10
#: References, forms, and fields of a form that are kept.
_MOST, _MOST_FORMS, _MOST_FIELDS = 400, 30, 60
_REFRESH = re.compile(r"\s*\d+\s*[;,]\s*url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)

#: Which attribute of an element leads to what.
_LINKS = {"a": "href", "area": "href", "iframe": "src", "frame": "src"}
_PARTS = {
    "link": "href",
    "script": "src",
    "img": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
_BUTTONS = ("submit", "image", "button", "reset")


@dataclass(frozen=True)
class Field:
    """A field of a form; `options` are what can be chosen."""

    name: str
    kind: str
    attributes: Mapping[str, str]
    options: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        """What stands in it when the page comes."""
        return self.attributes.get("value", "")


@dataclass(kw_only=True)
class Form:
    """A form; `words` are its names and what stands on its buttons."""

    action: str
    method: str
    encoding: str
    fields: list[Field] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Markup:
    """What a page refers to, each as it is written there."""

    base: str = ""
    links: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)


def read(text: str) -> Markup:
    """Read the page as far as its size is bearable; what is not finished is left out."""
    reader = _Reader()
    with suppress(AssertionError):  # the parser's way to give up on broken declarations
        for start in range(0, min(len(text), _READ), _PIECE):
            reader.feed(text[start : start + _PIECE])
            if len(reader.rawdata) > _PENDING:
                break
    return reader.markup


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.markup = Markup()
        self._form: Form | None = None
        self._inside: str | None = None
        self._options: list[str] = []
        self._select: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._refer(tag, given)
        self._inside = tag
        if tag == "form" and len(self.markup.forms) < _MOST_FORMS:
            self._form = _form(given)
            self.markup.forms.append(self._form)
        elif tag in ("input", "textarea", "button"):
            self._add(tag, given)
        elif tag == "select":
            self._select, self._options = given, []
        elif tag == "option" and len(self._options) < _MOST_FIELDS:
            self._options.append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = None
        if tag == "form":
            self._form = None
        elif tag == "select" and self._select:
            self._keep(Field(self._select.get("name", ""), tag, self._select, (*self._options,)))
            self._select = {}

    def handle_data(self, data: str) -> None:
        if self._inside == "script" and len(self.markup.scripts) < _MOST:
            self.markup.scripts.append(data)
        elif self._inside == "button" and self._form is not None:
            self._form.words.append(data.strip()[:80])

    def _refer(self, tag: str, given: Mapping[str, str]) -> None:
        markup = self.markup
        if tag == "base":
            markup.base = markup.base or given.get("href", "")
        for table, found in ((_LINKS, markup.links), (_PARTS, markup.parts)):
            reference = given.get(table.get(tag, ""))
            if reference and len(found) < _MOST:
                found.append(reference)
        if tag == "meta" and (refresh := _REFRESH.match(given.get("content", ""))):
            markup.links.append(refresh[1])

    def _add(self, tag: str, given: Mapping[str, str]) -> None:
        kind = given.get("type", "submit" if tag == "button" else "text").lower()
        if kind in _BUTTONS and self._form is not None:
            self._form.words += [given.get("name", ""), given.get("value", "")]
        if kind not in ("image", "button", "reset"):
            self._keep(Field(given.get("name", ""), "text" if tag == "textarea" else kind, given))

    def _keep(self, found: Field) -> None:
        if self._form is not None and found.name and len(self._form.fields) < _MOST_FIELDS:
            self._form.fields.append(found)


def _form(given: Mapping[str, str]) -> Form:
    return Form(
        action=given.get("action", ""),
        method=given.get("method", "get").strip().lower(),
        encoding=given.get("enctype", "").strip().lower(),
        words=[given.get(name, "") for name in ("id", "name", "class", "aria-label")],
    )


#: Addresses that a script names: `fetch("/x")` without further arguments is a GET.
_FETCHED = re.compile(r"""\bfetch\(\s*(["'`])([^"'`\s$]{1,500})\1\s*\)""")


def fetched(script: str) -> Iterator[str]:
    """The addresses that a script gets by GET."""
    return (match[2] for match in _FETCHED.finditer(script))
