"""Variables in a compose file's values: `$NAME`, `${NAME:-default}` and the like.

https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
#: All that means something: an escaped dollar, a variable by its name or in braces, their end.
_TOKEN = re.compile(rf"\$(?:(?P<dollar>\$)|(?P<brace>\{{)|(?P<name>{_NAME}))?|(?P<end>\}})")
_BRACED = re.compile(rf"(?P<name>{_NAME})(?P<operator>:?[-?+])?")
_MOST_NODES = 100_000
#: Of all values with a variable, before and after: a file has a million at most.
_MOST_CHARACTERS = 4 << 20
_DEEPEST = 64


class InterpolationError(ValueError):
    """A value that cannot be interpolated; its text says why."""


class Interpolation:
    """Replaces the variables of a whole document, which has a bounded size when it is done."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._nodes = 0
        self._characters = 0

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

    def text(self, text: str) -> str:
        """One value. `$$` is a dollar."""
        if "$" not in text:
            return text
        self._count(text)
        return _Scanner(text, self._variables, self._count).value()

    def _count(self, text: str) -> None:
        """Count a text that is read or made; InterpolationError if there are too many."""
        self._characters += len(text)
        if self._characters > _MOST_CHARACTERS:
            raise InterpolationError("it is too large once its variables are replaced")


class _Scanner:
    """Reads one value from its beginning to its end, each character once."""

    def __init__(
        self, text: str, variables: Mapping[str, str], count: Callable[[str], None]
    ) -> None:
        self._text, self._variables, self._count = text, variables, count
        self._place = 0

    def value(self, begin: int = 0, depth: int = 0, *, wanted: bool = True) -> str:
        """What is there up to the end; inside of the braces at `begin`, up to theirs.

        Empty if it is not `wanted`: then it is only read.
        """
        if depth > _DEEPEST:
            raise InterpolationError("its variables are nested too deep")
        parts: list[str] = []
        while token := _TOKEN.search(self._text, self._place):
            found = self._text[self._place : token.start()]
            self._place = token.end()
            ended = bool(token["end"] and depth)
            if not ended:
                found += self._replaced(token, depth, wanted=wanted)
            if wanted:
                self._count(found)
                parts.append(found)
            if ended:
                return "".join(parts)
        if depth:
            raise InterpolationError(f"{self._shown(begin)} has no end")
        return "".join((*parts, self._text[self._place :]))

    def _replaced(self, token: re.Match[str], depth: int, *, wanted: bool) -> str:
        if token["end"] or token["dollar"]:
            return token[0][-1]
        if token["brace"]:
            return self._braced(token.start(), depth, wanted=wanted)
        if token["name"]:
            return self._variables.get(token["name"], "")
        raise InterpolationError(
            f"{self._shown(token.start())} names no variable (write $$ for a dollar)"
        )

    def _braced(self, begin: int, depth: int, *, wanted: bool) -> str:
        """The value of `${…}`, of which the brace has been read."""
        shown = self._shown(begin)
        match = _BRACED.match(self._text, self._place)
        if match is None:
            raise InterpolationError(f"{shown} names no variable")
        self._place = match.end()
        name, operator = match["name"], match["operator"]
        value = self._variables.get(name)
        if operator is None:
            if self._place == len(self._text):
                raise InterpolationError(f"{shown} has no end")
            if self._text[self._place] != "}":
                raise InterpolationError(f"{shown} is not understood")
            self._place += 1
            return value or ""
        there = bool(value) if operator.startswith(":") else value is not None
        alternative = there == operator.endswith("+")
        other = self.value(begin, depth + 1, wanted=wanted and alternative)
        if operator.endswith("?") and wanted and not there:
            said = other or "it has no default"
            raise InterpolationError(f"the variable {name} is not set ({said[:100]})")
        if operator.endswith("+") or not there:
            return other
        return value or ""

    def _shown(self, begin: int) -> str:
        return self._text[begin : begin + 22]
