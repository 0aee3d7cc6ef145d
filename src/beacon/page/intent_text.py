"""An intent as the file that `beacon policy --intent` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator

from beacon.model.intent import Intent


def intent_lines(intent: Intent) -> list[str]:
    """The lines of the file; weights and reserve are the first three, and are always there."""
    return [
        f"security = {exact(intent.security)}",
        f"functionality = {exact(intent.functionality)}",
        f'reserve = "{intent.reserve}"',
        *_rest(intent),
    ]


def _rest(intent: Intent) -> Iterator[str]:
    default = Intent()
    for name in ("reach", "floor", "minimal"):
        if (value := getattr(intent, name)) != getattr(default, name):
            yield f"{name} = {json.dumps(value)}"
    yield from _lists(intent, "runtimes", "architectures", "allow", "deny")
    if intent.matter or intent.ignore:
        yield "[environments]"
        yield from _lists(intent, "matter", "ignore")


def _lists(intent: Intent, *names: str) -> Iterator[str]:
    for name in names:
        if values := getattr(intent, name):
            yield f"{name} = [{', '.join(_quoted(str(each)) for each in values)}]"


def _quoted(text: str) -> str:
    """A string of TOML, which has no pairs of surrogates as JSON has."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if " " <= character <= "~" else f"\\U{ord(character):08x}"


def exact(weight: float) -> str:
    """The weight as a user writes it, to the last bit."""
    return repr(weight).removesuffix(".0")
