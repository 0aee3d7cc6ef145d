"""Reads the words of a `docker run` command line as Docker does.

Its options end at the first word that is not one (pflag, without interspersed arguments), so
nobody can say where the image is without knowing which options take a value. One that is not in
data/docker_run.toml is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from beacon.data.docker_run import docker_run
from beacon.errors import UsageError
from beacon.model.text import escape_untrusted

#: Options with a value that `docker run --help` hides: for Windows, or where the daemon is older.
_HIDDEN = frozenset(
    {
        "annotation",
        "cpu-count",
        "cpu-percent",
        "health-start-interval",
        "io-maxbandwidth",
        "io-maxiops",
    }
)


@dataclass(frozen=True)
class _Names:
    """Long names that take no value, those that take one, and long names by letter."""

    flags: frozenset[str]
    valued: frozenset[str]
    letters: Mapping[str, str]


@cache
def _known() -> _Names:
    flags, valued, letters = {"help"}, set(_HIDDEN), {"h": "hostname"}
    for names, takes_value in docker_run().options():
        long = [name[2:] for name in names if name.startswith("--")]
        (valued if takes_value else flags).update(long)
        letters |= {name[1:]: long[0] for name in names if not name.startswith("--")}
    return _Names(frozenset(flags), frozenset(valued), letters)


@dataclass(frozen=True)
class Option:
    """An option by its long name; a flag's value is None or what follows its `=`."""

    name: str
    value: str | None


@dataclass(frozen=True)
class RunWords:
    """A command line without `docker run`: its options, and the image."""

    options: tuple[Option, ...]
    image: str

    def values(self, name: str) -> list[str]:
        """All values of this option."""
        return [each.value or "" for each in self.options if each.name == name]

    def sets(self, flag: str) -> bool:
        """Whether this flag is set; Docker takes the last."""
        given = [each.value for each in self.options if each.name == flag]
        return bool(given) and given[-1] not in _FALSE


#: What Go's strconv.ParseBool takes for false.
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))


def read_words(words: Sequence[str]) -> RunWords:
    """Read them; UsageError for an unknown option, a missing value, and where no image is named."""
    rest = iter(words)
    options: list[Option] = []
    for word in rest:
        if word == "--":
            return RunWords(tuple(options), _image(next(rest, None)))
        if word == "-" or not word.startswith("-"):
            return RunWords(tuple(options), _image(word))
        options += _long(word, rest) if word.startswith("--") else _short(word, rest)
    return RunWords(tuple(options), _image(None))


def _image(word: str | None) -> str:
    if not word:
        raise UsageError("No image is named: give it after the options, as for `docker run`.")
    return word


def _long(word: str, rest: Iterator[str]) -> Iterator[Option]:
    name, equals, value = word[2:].partition("=")
    if name in _known().flags:
        yield Option(name, value if equals else None)
    elif name in _known().valued:
        yield Option(name, value if equals else _next(word, rest))
    else:
        raise _unknown(word)


def _short(word: str, rest: Iterator[str]) -> Iterator[Option]:
    """One or several letters; the value of the last may be in the same word (`-itp80:80`)."""
    for place, letter in enumerate(word[1:], start=1):
        after = word[place + 1 :]
        name = _known().letters.get(letter)
        if name is None:
            raise _unknown(word)
        if name in _known().valued:
            yield Option(name, after.removeprefix("=") if after else _next(word, rest))
            return
        if after.startswith("="):
            yield Option(name, after[1:])
            return
        yield Option(name, None)


def _next(word: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise UsageError(f"{escape_untrusted(word)} has no value: give one, then the image.")
    return value


def _unknown(word: str) -> UsageError:
    return UsageError(
        f"{escape_untrusted(word)} is not an option of `docker run` that BeaCon has read: leave it "
        "out, or start the container with `docker run` and docker.args."
    )
