"""Makes attackers' text harmless once, where it enters."""

from __future__ import annotations


def escape_untrusted(raw: bytes | str) -> str:
    r"""Return `raw` with every character that is not printable escaped (`\x1b`, `‮`).

    Process names, log lines and image configs are attackers' data; after this they can be
    stored and shown without moving a cursor or reordering text. A backslash doubles, so that
    no two inputs become the same text; a byte that is no UTF-8 shows as `\udc80` to `\udcff`.
    """
    text = raw.decode("utf-8", "surrogateescape") if isinstance(raw, bytes) else raw
    return "".join(_escape(character) for character in text)


def _escape(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def escape_for_terminal(text: str) -> str:
    """Return `text` for a terminal: control characters escaped, all else as it is.

    For what is shown; whatever was made `printable` where it entered stays the same.
    """
    return "".join(c if c.isprintable() else _escape(c) for c in text)
