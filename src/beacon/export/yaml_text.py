"""YAML that means the same to every reader, whatever text is in it; and such YAML read back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from beacon.model.text import escape_untrusted

#: Text that no reader takes for a number; words such as `no` and `null` PyYAML knows itself.
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./=-]+")


_LONGEST = 200  # of what an error says


class _Dumper(yaml.SafeDumper):
    """Quotes all but plain words, and repeats what occurs twice instead of referring to it.

    PyYAML writes YAML 1.1, most readers follow 1.2: `0o17` and `1e3`, text to the one, are numbers
    to the other (https://yaml.org/spec/1.2.2/#1032-tag-resolution).
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent)


def dump(document: Any, comments: Iterable[str]) -> bytes:
    """The document under its comments, a line each; both may hold anybody's text."""
    return dump_all([document], comments)


def dump_all(documents: Iterable[Any], comments: Iterable[str]) -> bytes:
    """The same of several documents."""
    head = "".join(f"# {escape_untrusted(comment)}\n" for comment in comments)
    # A line is never folded: an argument stays greppable.
    bodies = (
        yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=float("inf"))
        for document in documents
    )
    return (head + "---\n".join(bodies)).encode()


class _Loader(yaml.SafeLoader):
    """Refuses what readers take differently, or what grows as it is read: we write neither."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise ValueError("it has an alias")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep=True)
        if len(mapping) < len(node.value):
            raise ValueError("it has a field twice")
        return mapping


def load(text: str) -> Any:
    """The one document in the text; ValueError for what is not YAML that means one thing."""
    with _readable():
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader


def load_all(text: str) -> list[Any]:
    """The documents in the text; ValueError as for `load`."""
    with _readable():
        return list(yaml.load_all(text, Loader=_Loader))


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(escape_untrusted(" ".join(str(error).split())[:_LONGEST])) from None
