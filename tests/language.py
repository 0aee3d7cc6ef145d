"""The project's English: phrases that a reader stumbles over, with what to write instead."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

#: What to write instead of each phrase.
PHRASES = {
    r"(?<!there )(?<!that )\b(?:is|are|was|were) no (?!longer|more|better|less|worse|other)[a-z]": (
        "'is not a'"
    ),
    r"\b(?:tells?|telling|told)\b(?!(?: \w+){0,3} apart)": "'show', 'report', 'say'",
    r"\btold (?:less )?apart\b": "'distinguished', 'by argument class'",
    r"\bin mid-": "'during'",
    r"\bfor ever\b": "'forever', or the limit",
    r"\bmend(?:s|ed|ing)?\b": "'fix', 'repair'",
    r"\bspelt\b": "'written'",
    r"\bso many\b": "'at most', or the number",
    r"\bwhat\b[^.,;:()]*\bwhat\b": "a noun for one of the two",
    r"\b(?:32-bit|another|each) door\b": "'ABI', 'entry point'",
    r"\blent capabilit": "'capabilities that an environment adds'",
    r"\bstands? in for\b|\bstand-ins\b": "'indirect system call'",
    r"\b(?:calls that are|call that is) many\b": "'multiplexed'",
    r"\bodd (?:clients|things|packets|frames)\b": "'misbehaving', 'malformed'",
}
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def findings(text: str) -> Iterator[str]:
    """Each phrase in a sentence, with what to write instead."""
    plain = " ".join(text.split())
    for phrase, instead in PHRASES.items():
        for match in re.finditer(phrase, plain, re.IGNORECASE):
            shown = plain[max(0, match.start() - 30) : match.end() + 30]
            yield f"'…{shown}…': write {instead}"


def in_markdown(text: str) -> Iterator[str]:
    """What a page says, without code: paragraphs, items of lists, and cells of tables."""
    plain = _CODE.sub("X", text)
    for block in re.split(r"\n\s*\n|^\s*[-*] |^\s*\d+\. |^#+ ", plain, flags=re.MULTILINE):
        yield from re.split(r"(?<!\\)\|", block)


def in_toml(text: str) -> Iterator[str]:
    """The strings of a table of data."""
    return _strings(tomllib.loads(text))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
        for each in inner:
            yield from _strings(each)


def in_python(text: str) -> Iterator[str]:
    """The messages in a module: strings with a space that are not docstrings."""
    nodes = list(ast.walk(ast.parse(text)))
    joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    apart = {id(part) for each in joined for part in each.values}
    apart |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for each in joined:
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "X" for part in each.values
        )
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            yield node.value if " " in node.value else ""
