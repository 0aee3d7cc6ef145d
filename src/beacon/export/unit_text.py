"""Words as a systemd unit's command lines hold them.

systemd.syntax(7), "Quoting"; systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@+%$-]+", re.ASCII)


def unit_words(words: Iterable[str]) -> str:
    """The words of a command line: nothing in them is a variable, a specifier or a line's end."""
    return " ".join(_word(word.replace("$", "$$").replace("%", "%%")) for word in words)


def _word(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
