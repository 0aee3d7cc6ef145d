"""A whole document: one file, which a browser loads nothing for and runs nothing else in."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from beacon.page.html import Html, tag, together

#: What the footer of each page begins with.
MADE_BY = "Made by BeaCon"

_STYLE = "style.css"


class Script(NamedTuple):
    """A file of this package, and what it reads, which becomes a block of JSON; None: nothing."""

    file: str
    data: object = None


def document(title: str, body: Html, script: Script | None = None) -> bytes:
    """The document in UTF-8.

    The policy of the content lets in the style and the script by their digests alone, and takes
    from the script all ways to make markup out of text.
    """
    style, program = _part(_STYLE), None if script is None else _part(script.file)
    data = Html() if script is None or script.data is None else _data(script.data)
    run = Html() if program is None else Html(f"<script>{program}</script>")
    head = together(
        [
            tag("meta", charset="utf-8"),
            tag(
                "meta",
                http_equiv="Content-Security-Policy",
                content=_policy(style, program),
            ),
            tag("meta", name="referrer", content="no-referrer"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("title", title),
            Html(f"<style>{style}</style>"),
        ]
    )
    page = tag("html", tag("head", head), tag("body", body, data, run), lang="en")
    return f"<!DOCTYPE html>\n{page}\n".encode()


def _policy(style: str, script: str | None) -> str:
    allowed = "'none'" if script is None else _digest(script)
    parts = (
        "default-src 'none'",
        f"style-src {_digest(style)}",
        f"script-src {allowed}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(parts)


def _digest(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _data(data: object) -> Html:
    """A block that no browser runs; nothing in it can end it, or begin a comment."""
    raw = json.dumps(data, separators=(",", ":"))
    for character in "<>&":
        raw = raw.replace(character, f"\\u{ord(character):04x}")
    return Html(f'<script type="application/json" id="data">{raw}</script>')


@cache
def _part(name: str) -> str:
    return files("beacon.page").joinpath(name).read_text("utf-8").strip()
