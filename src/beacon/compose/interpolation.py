"""Variables in a compose file's values: `$NAME`, `${NAME:-default}` and the like.

https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OPERATOR = re.compile(r":?[-?+]")
_MOST_NODES = 100_000
_DEEPEST = 64


class InterpolationError(ValueError):
    """A value that cannot be interpolated; its text says why."""


class Interpolation:
    """Replaces the variables of a whole document, which has a bounded size when it is done."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._nodes = 0

    def document(self, value: Any, depth: int = 0) -> Any:
        """The document with its values interpolated; keys stay as they are."""
        self._nodes += 1
        # Aliases make a small file a large document.
        if self._nodes > _MOST_NODES or depth > _DEEPEST:
            raise InterpolationError("it is too large once its aliases are followed")
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.document(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.document(inner, depth + 1) for inner in value]
        return value

    def text(self, text: str, depth: int = 0) -> str:
        """One value. `$$` is a dollar."""
        if depth > _DEEPEST:
            raise InterpolationError("its variables are nested too deep")
        parts: list[str] = []
        rest = text
        while (place := rest.find("$")) >= 0:
            parts.append(rest[:place])
            value, rest = self._variable(rest[place + 1 :], depth)
            parts.append(value)
        return "".join((*parts, rest))

    def _variable(self, rest: str, depth: int) -> tuple[str, str]:
        """The value of what follows a dollar, and the text behind it."""
        if rest.startswith("$"):
            return "$", rest[1:]
        if rest.startswith("{"):
            end = _closing(rest)
            return self._braced(rest[1:end], depth), rest[end + 1 :]
        match = _NAME.match(rest)
        if match is None:
            raise InterpolationError(f"${rest[:10]} names no variable (write $$ for a dollar)")
        return self._variables.get(match[0], ""), rest[match.end() :]

    def _braced(self, words: str, depth: int) -> str:
        match = _NAME.match(words)
        if match is None:
            raise InterpolationError(f"${{{words[:20]}}} names no variable")
        name, rest = match[0], words[match.end() :]
        value = self._variables.get(name)
        if not rest:
            return value or ""
        operator = _OPERATOR.match(rest)
        if operator is None:
            raise InterpolationError(f"${{{words[:20]}}} is not understood")
        other = rest[operator.end() :]
        there = bool(value) if operator[0].startswith(":") else value is not None
        kind = operator[0][-1]
        if kind == "+":
            return self.text(other, depth + 1) if there else ""
        if there:
            return value or ""
        if kind == "?":
            said = self.text(other, depth + 1) or "it has no default"
            raise InterpolationError(f"the variable {name} is not set ({said[:100]})")
        return self.text(other, depth + 1)


def _closing(rest: str) -> int:
    """Where the brace closes that `rest` begins with."""
    depth = 0
    for position, character in enumerate(rest):
        opens = character == "{" and (position == 0 or rest[position - 1] == "$")
        depth += opens - (character == "}")
        if depth == 0:
            return position
    raise InterpolationError(f"${rest[:20]} has no end")
