"""Reads a compose file's text: YAML of bounded size, with its variables replaced."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

from beacon.compose.interface import ComposeError
from beacon.compose.interpolation import Interpolation, InterpolationError
from beacon.model.env_file import env_file
from beacon.model.own_files import read_text
from beacon.model.text import escape_untrusted

_LARGEST = 1 << 20  # bytes
_MOST_NODES = 100_000
_MOST_KEYS = 10_000  # of a mapping, once others are merged into it
_MOST_MERGED = 64  # mappings that are merged into one
_MERGE = "tag:yaml.org,2002:merge"

#: Of YAML 1.2, which compose reads: `yes` is a text there, and so are `22:22` and a date.
_TAGS = {
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "tag:yaml.org,2002:int": (r"[-+]?[0-9]+", "-+0123456789"),
    "tag:yaml.org,2002:float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
}


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}  # noqa: RUF012 - of this class alone
    _nodes = _merged = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise yaml.YAMLError("it has too many parts")
        return super().compose_node(parent, index)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        _check_keys(node)
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        own = len(node.value)
        super().flatten_mapping(node)
        self._merged += max(0, len(node.value) - own)
        if len(node.value) > _MOST_KEYS or self._merged > _MOST_NODES:
            raise yaml.YAMLError("a mapping has too many keys once others are merged into it")

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        return int(str(node.value))  # `010` is ten


def _check_keys(node: yaml.MappingNode) -> None:
    """YAMLError for a key that is there twice, as compose has it, and for too many merges."""
    merged = [value for key, value in node.value if key.tag == _MERGE]
    sizes = (len(each.value) if isinstance(each, yaml.SequenceNode) else 1 for each in merged)
    if sum(sizes) > _MOST_MERGED:
        raise yaml.YAMLError("too many mappings are merged into one")
    own = [key.value for key, _ in node.value if key.tag != _MERGE and isinstance(key.value, str)]
    if len(set(own)) < len(own):
        twice = next(key for place, key in enumerate(own) if key in own[:place])
        raise yaml.YAMLError(f"a mapping has the key {twice} twice")


for _tag in ("tag:yaml.org,2002:null", _MERGE):
    for _first, _resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items():
        _kept = [each for each in _resolvers if each[0] == _tag]
        _Loader.yaml_implicit_resolvers.setdefault(_first, []).extend(_kept)
for _tag, (_pattern, _letters) in _TAGS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), list(_letters))
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def read_document(path: Path) -> dict[str, Any]:
    """The file's mapping, interpolated from .env beside it and from this shell. ComposeError."""
    try:
        found = yaml.load(read_text(path, _LARGEST), _Loader)  # noqa: S506 - it is a SafeLoader
        document = Interpolation(variables(path.parent)).document(found)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ComposeError(f"Cannot read {path} ({reason}): name another file.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ComposeError(
            f"{path} is not a compose file ({_reason(error)}): correct it there."
        ) from None
    if not isinstance(document, dict) or not isinstance(document.get("services"), dict):
        raise ComposeError(f"{path} has no services: name a compose file.")
    return document


def variables(folder: Path) -> dict[str, str]:
    """What a compose file's variables stand for: those of `.env`, and of this shell, which win."""
    path = folder / ".env"
    lines = env_file(path) if path.is_file() else []
    words = (line.partition("=") for line in lines)
    return {name: _unquoted(value) for name, mark, value in words if mark} | dict(os.environ)


def _unquoted(value: str) -> str:
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    kept = str(error) if isinstance(error, InterpolationError) else " ".join(str(error).split())
    return escape_untrusted(kept[:200])
