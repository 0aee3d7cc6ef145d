"""Reads the text of manifests: documents of YAML as Kubernetes reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from beacon.compose.fields import Fields
from beacon.model.own_files import read_text
from beacon.model.text import escape_untrusted
from beacon.pod.interface import PodError

_LARGEST = 1 << 20  # bytes
_MOST_DOCUMENTS = 256
_LONGEST = 200
#: Characters and nodes that a document comes to once its aliases are followed.
_MOST_CONTENT = 2 * _LARGEST
#: Names of what becomes a part of other names, and of what is a host (RFC 1123).
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?", re.ASCII)
_LARGEST_NUMBER = (1 << 31) - 1


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as Kubernetes' own library has it: `yes` is true, 0644 is octal, 22:22 is a text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - of this class alone
        letter: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag.rpartition(":")[2] not in ("timestamp", "int", "float")
        ]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """A mapping without a key that is there twice: of two a reader may see the other."""
        node = super().compose_mapping_node(anchor)
        known = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in known:
                    raise yaml.YAMLError(f"a mapping has the key {key.value[:_LONGEST]} twice")
                known.add(key.value)
        return node

    def construct_document(self, node: yaml.Node) -> Any:
        """The document, unless a few aliases make it a huge one. YAMLError."""
        if _content(node, {}) > _MOST_CONTENT:
            raise yaml.YAMLError("it is too large once its aliases are followed")
        return super().construct_document(node)


def _content(node: yaml.Node, known: dict[int, int]) -> int:
    """How many characters and nodes it comes to, also where one of them is inside itself."""
    if not isinstance(node, yaml.CollectionNode):
        return 1 + len(node.value)
    if id(node) not in known:
        known[id(node)] = _MOST_CONTENT  # met again before it is counted: it has no end
        parts = (each for entry in node.value for each in _parts(entry))
        known[id(node)] = 1 + sum(_content(each, known) for each in parts)
    return known[id(node)]


def _parts(entry: yaml.Node | tuple[yaml.Node, yaml.Node]) -> tuple[yaml.Node, ...]:
    return entry if isinstance(entry, tuple) else (entry,)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"(?:[-+]?0b[01_]+|[-+]?0[0-7_]*|[-+]?[1-9][0-9_]*|[-+]?0x[0-9a-fA-F_]+)\Z"),
    list("-+0123456789"),
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"(?:[-+]?[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9]+(?:[eE][-+]?[0-9]+)?)\Z"),
    list("-+.0123456789"),
)


class PodFields(Fields):
    """A mapping of a manifest."""

    guide = "docs/guides/kubernetes.md"
    error = PodError

    def label(self, key: str = "name") -> str:
        """A name that goes into paths and options; empty without one. PodError."""
        found = self.text(key) or ""
        if found and not _LABEL.fullmatch(found):
            raise self.wrong(key, "lower-case letters, digits and dashes (63 at most)")
        return found

    def count(self, key: str) -> int | None:
        """A whole number that is not negative, as large as Kubernetes takes them. PodError."""
        found = self.whole(key)
        if found is not None and not 0 <= found <= _LARGEST_NUMBER:
            raise self.wrong(key, f"a number from 0 to {_LARGEST_NUMBER}")
        return found

    def choice(self, key: str) -> bool | None:
        """Whether it is true; None where nothing is said. PodError."""
        return None if self.peek(key) is None else self.flag(key)


def is_host_name(name: str) -> bool:
    """Whether it is one that a host may have (RFC 1123)."""
    return _SUBDOMAIN.fullmatch(name) is not None


@dataclass
class Manifests:
    """What a file holds: workloads in their order, ConfigMaps and Secrets by name."""

    path: Path
    workloads: list[tuple[str, PodFields]] = field(default_factory=list)
    maps: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: dict[str, Mapping[str, Any]] = field(default_factory=dict)


#: Where each kind has its Pod; the other kinds say nothing of how a container is started.
WORKLOADS: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


def read_manifests(path: Path) -> Manifests:
    """All documents of the file; PodError."""
    found = Manifests(path)
    for document in _documents(path):
        kind, name = str(document.get("kind") or ""), _name(document)
        where = f"{path}: {escape_untrusted(kind)} {escape_untrusted(name)}"
        if kind in WORKLOADS:
            found.workloads.append((name, PodFields(where, document)))
        elif kind == "ConfigMap":
            found.maps[name] = document
        elif kind == "Secret":
            found.secrets[name] = document
    if not found.workloads:
        raise PodError(f"{path} has no workload: name a manifest of one of {', '.join(WORKLOADS)}.")
    return found


def _documents(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        for number, found in enumerate(yaml.load_all(read_text(path, _LARGEST), _Loader)):
            if number >= _MOST_DOCUMENTS:
                raise PodError(f"{path} has more than {_MOST_DOCUMENTS} documents: split it.")
            yield from _flat(found, path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise PodError(f"Cannot read {path} ({reason}): name another file.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = escape_untrusted(" ".join(str(error).split())[:_LONGEST])
        raise PodError(f"{path} is not a manifest ({reason}): correct it there.") from None


def _flat(document: object, path: Path) -> Iterator[Mapping[str, Any]]:
    """A document, those of a List, or none for an empty one."""
    if document is None:
        return
    if not isinstance(document, Mapping):
        raise PodError(
            f"{path} has a document that is not a mapping: write apiVersion, kind and so on."
        )
    items = document.get("items")
    if document.get("kind") == "List" and isinstance(items, list):
        for each in items:
            yield from _flat(each, path)
        return
    yield document


def _name(document: Mapping[str, Any]) -> str:
    metadata = document.get("metadata")
    return str(metadata.get("name") or "") if isinstance(metadata, Mapping) else ""
