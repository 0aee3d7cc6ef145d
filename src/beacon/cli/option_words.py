"""Looks at a command line's options before argparse reads it.

argparse takes the value of an option that it does not know for a positional argument, and then
misses what comes behind it. So unknown options are found here first, and those of `docker run` that
have no effect are taken out.
"""

from __future__ import annotations

import argparse
import difflib
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from beacon.data.docker_run import DockerRun, Unheeded
from beacon.errors import UsageError
from beacon.model.text import escape_untrusted

_NUMBER = re.compile(r"-\d+|-\d*\.\d+")  # as argparse reads it
_END = "--"


class UnknownOptionError(Exception):
    """An option that the command does not have; its text is a sentence."""


@dataclass(frozen=True)
class Foreign:
    """An option of `docker run` that is not the command's own."""

    reason: Unheeded
    valued: bool
    refused: bool


def foreign_options(table: DockerRun) -> dict[str, Foreign]:
    """Those that are ignored or refused, by each of their names."""
    return {
        name: Foreign(reason, valued, refused)
        for refused, reasons in ((False, table.ignored), (True, table.refused))
        for reason in reasons
        for names, valued in reason.options()
        for name in names
    }


@dataclass
class OptionWords:
    """Reads the words of one command, whose parser has the options `own`."""

    own: Mapping[str, argparse.Action]
    foreign: Mapping[str, Foreign]
    #: How many positional arguments come before words that are not the command's any more.
    own_positionals: float = math.inf
    ignored: list[tuple[str, str]] = field(default_factory=list)  # an option, and why

    def read(self, words: Sequence[str]) -> list[str]:
        """The words without ignored options; UsageError for a refused one, UnknownOptionError."""
        kept: list[str] = []
        rest = iter(words)
        seen = 0
        for word in rest:
            if word == _END or seen >= self.own_positionals:
                return [*kept, word, *rest]
            if _is_option(word):
                kept += self._option(word, rest)
            else:
                kept.append(word)
                seen += 1
        return kept

    def notes(self) -> Iterator[str]:
        """What was taken without effect, a sentence for each reason."""
        for why in dict.fromkeys(why for _, why in self.ignored):
            names = list(dict.fromkeys(name for name, each in self.ignored if each == why))
            yield f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'} no effect: {why}"

    def _option(self, word: str, rest: Iterator[str]) -> list[str]:
        if not word.startswith("--"):
            return self._short(word, rest)
        name, equals, _ = word.partition("=")
        if name in self.foreign:
            if self._without_effect(name).valued and not equals:
                next(rest, None)
            return []
        action = self.own.get(name) or self._abbreviated(name)
        return [word] if equals else [word, *_value(action, rest)]

    def _abbreviated(self, name: str) -> argparse.Action:
        """An option that begins so; argparse says which, if there are several."""
        for option, action in self.own.items():
            if option.startswith(name):
                return action
        raise self._unknown(name)

    def _short(self, word: str, rest: Iterator[str]) -> list[str]:
        """One or several short options in a word: `-dit`, `-p8080:80`."""
        kept = ""
        for position, letter in enumerate(word[1:], start=1):
            name, more = f"-{letter}", word[position + 1 :]
            if name in self.foreign:
                if not self._without_effect(name).valued:
                    continue
                if not more:
                    next(rest, None)
                break
            action = self.own.get(name)
            if action is None:
                raise self._unknown(name)
            kept += letter
            if action.nargs != 0:
                return [f"-{kept}{more}", *([] if more else _value(action, rest))]
        return [f"-{kept}"] if kept else []

    def _without_effect(self, name: str) -> Foreign:
        found = self.foreign[name]
        if found.refused:
            raise UsageError(f"{name} is not supported: {found.reason.why}.")
        self.ignored.append((name, found.reason.why))
        return found

    def _unknown(self, name: str) -> UnknownOptionError:
        known = [each[2:] for each in (*self.own, *self.foreign) if each.startswith("--")]
        near = difflib.get_close_matches(name.lstrip("-"), known, n=1)
        advice = f"did you mean --{near[0]}?" if near else "see --help"
        return UnknownOptionError(f"there is no option {escape_untrusted(name)}: {advice}")


def _is_option(word: str) -> bool:
    return len(word) > 1 and word[0] == "-" and not _NUMBER.fullmatch(word)


def _value(action: argparse.Action, rest: Iterator[str]) -> list[str]:
    """The word that an option takes with it."""
    return list(itertools.islice(rest, 1)) if action.nargs is None else []
