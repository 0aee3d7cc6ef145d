"""Reads a mapping of a compose file, and says where it is ill-typed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Self

from beacon.compose.interface import ComposeError
from beacon.errors import UsageError
from beacon.model.text import escape_untrusted


class Fields:
    """A mapping; `where` names it in errors (`service web`). Each key is read once.

    `error` is raised for what is wrong; `guide` says what is supported.
    """

    guide = "docs/guides/stack.md"
    error: type[UsageError] = ComposeError

    def __init__(self, where: str, mapping: object) -> None:
        self.where = where
        if not isinstance(mapping, Mapping):
            raise self.error(f"{where} is not a mapping: write KEY: VALUE.")
        self._rest = {str(key): value for key, value in mapping.items()}

    def take(self, key: str) -> Any:
        """The value as it is; None without one."""
        return self._rest.pop(key, None)

    def peek(self, key: str) -> Any:
        """The value as it is, which is still to be read."""
        return self._rest.get(key)

    def text(self, key: str) -> str | None:
        """A text, or a number as one."""
        value = self.take(key)
        return None if value is None else self._text(key, value)

    def whole(self, key: str) -> int | None:
        """A whole number."""
        found: int | None = self._number(key, int)
        return found

    def number(self, key: str) -> float | None:
        """A number."""
        found: float | None = self._number(key, float)
        return found

    def flag(self, key: str) -> bool:
        """Whether it is true; false without one."""
        value = self.take(key)
        if value in (None, "", "false", False):
            return False
        if value in ("true", True):
            return True
        raise self.wrong(key, "true or false")

    def list(self, key: str) -> tuple[str, ...]:
        """Texts; one stands for a list of one."""
        value = self.take(key)
        if value is None:
            return ()
        if isinstance(value, list):
            return tuple(self._text(key, each) for each in value)
        return (self._text(key, value),)

    def words(self, key: str) -> tuple[str, ...] | None:
        """A command: a list, or a text that is split as a shell does; None without one."""
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, list):
            return tuple(self._text(key, each) for each in value)
        try:
            return tuple(shlex.split(self._text(key, value)))
        except ValueError:
            raise self.wrong(key, "words with closed quotes") from None

    def pairs(self, key: str, mark: str = "=") -> tuple[tuple[str, str | None], ...]:
        """Names and values: a mapping, or a list of NAME=VALUE; None where a value is missing."""
        value = self.take(key)
        if value is None:
            return ()
        if isinstance(value, Mapping):
            return tuple(
                (str(name), None if each is None else self._text(key, each))
                for name, each in value.items()
            )
        if not isinstance(value, list):
            raise self.wrong(key, f"a mapping, or a list of NAME{mark}VALUE")
        parts = (self._text(key, each).partition(mark) for each in value)
        return tuple((name, found if there else None) for name, there, found in parts)

    def many(self, key: str) -> tuple[Any, ...]:
        """The entries of a list, as they are."""
        value = self.take(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self.wrong(key, "a list")
        return tuple(value)

    def mapping(self, key: str) -> Self:
        """A mapping inside; an empty one without."""
        return type(self)(f"{self.where}, {key}", self.take(key) or {})

    def items(self) -> tuple[tuple[str, Any], ...]:
        """All that was not read yet."""
        found, self._rest = tuple(self._rest.items()), {}
        return found

    def keys(self) -> Iterator[str]:
        """What was not read yet, but for extensions (`x-…`)."""
        return (key for key in self._rest if not key.startswith("x-"))

    def ignore(self, *keys: str) -> None:
        """Read keys that change nothing."""
        for key in keys:
            self._rest.pop(key, None)

    def finish(self) -> None:
        """ComposeError for a key that nobody read: BeaCon does not support it."""
        for key in self.keys():
            if self._rest[key] not in (None, [], {}, False):
                raise self.error(
                    f"{self.where} has {escape_untrusted(key)}, which BeaCon does not support: "
                    f"leave it out ({self.guide})."
                )

    def wrong(self, key: str, wanted: str) -> UsageError:
        """An error for a value of another kind than `wanted`."""
        return self.error(f"{self.where} has a {escape_untrusted(key)} that is not {wanted}.")

    def _text(self, key: str, value: object) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        raise self.wrong(key, "a text")

    def _number(self, key: str, kind: type[Any]) -> Any:
        value = self.take(key)
        try:
            return None if value in (None, "") else kind(self._text(key, value))
        except (ValueError, OverflowError):
            raise self.wrong(key, "a number") from None
