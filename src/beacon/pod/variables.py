"""The environment variables of a container, with what they refer to.

https://kubernetes.io/docs/tasks/inject-data-application/
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from beacon.model.launch import POD_ADDRESS
from beacon.model.text import escape_untrusted
from beacon.pod.document import Manifests, PodFields
from beacon.pod.interface import PodError
from beacon.pod.quantities import quantity

_REFERENCE = re.compile(r"\$(?:\$|\(([-._a-zA-Z][-._a-zA-Z0-9]*)\))")
_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*", re.ASCII)
#: What a ConfigMap or a Secret may call an entry, which becomes a file of this name.
_KEY = re.compile(r"(?!\.\.)(?!\.$)[-._a-zA-Z0-9]{1,253}", re.ASCII)
_LONGEST = 128 << 10  # MAX_ARG_STRLEN, linux/binfmts.h
_ENTRY = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


@dataclass(frozen=True)
class Facts:
    """What a Pod knows of itself; the values are made up as a cluster would."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    account: str

    def field(self, path: str) -> str | None:
        """The value of a fieldRef; None for a field that it has not."""
        if match := _ENTRY.fullmatch(path):
            known = self.labels if match[1] == "labels" else self.annotations
            return known.get(match[2], "")
        return {
            "metadata.name": self.name,
            "metadata.namespace": self.namespace,
            "metadata.uid": "00000000-0000-4000-8000-000000000000",
            "metadata.labels": _lines(self.labels),
            "metadata.annotations": _lines(self.annotations),
            "spec.nodeName": platform.node(),
            "spec.serviceAccountName": self.account,
            "status.hostIP": POD_ADDRESS,
            "status.hostIPs": POD_ADDRESS,
            "status.podIP": POD_ADDRESS,
            "status.podIPs": POD_ADDRESS,
        }.get(path)


def _lines(entries: Mapping[str, str]) -> str:
    """One on each line, its value quoted: pkg/fieldpath/fieldpath.go."""
    quoted = ((name, json.dumps(value, ensure_ascii=False)) for name, value in entries.items())
    return "\n".join(f"{name}={value}" for name, value in sorted(quoted))


class Data:
    """The ConfigMaps and Secrets that lie in the same file."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests

    def entries(self, kind: str, name: str, where: str, *, optional: bool) -> dict[str, bytes]:
        """What a `ConfigMap` or `Secret` holds; PodError where it is not in the file."""
        known = self._manifests.maps if kind == "ConfigMap" else self._manifests.secrets
        if name not in known:
            if optional:
                return {}
            raise PodError(
                f"{where} needs the {kind} {escape_untrusted(name)}, which is not in the file: add "
                "it as a further document."
            )
        found = dict(self._read(kind, known[name], where))
        for key in found:
            if not _KEY.fullmatch(key):
                raise PodError(
                    f"{where} needs the {kind} {escape_untrusted(name)}, whose entry "
                    f"{escape_untrusted(key)!r} has no valid name: take letters, digits and -._ "
                    "alone."
                )
        return found

    def _read(
        self, kind: str, document: Mapping[str, Any], where: str
    ) -> Iterator[tuple[str, bytes]]:
        encoded = "data" if kind == "Secret" else "binaryData"
        plain = "stringData" if kind == "Secret" else "data"
        for key, value in _mapping(document.get(encoded)):
            try:
                yield key, base64.b64decode("".join(value.split()), validate=True)
            except (binascii.Error, ValueError):
                raise PodError(
                    f"{where} needs the {kind} whose {escape_untrusted(key)} is not in base64: "
                    f"correct it, or move it to {plain}."
                ) from None
        yield from ((key, value.encode()) for key, value in _mapping(document.get(plain)))


def _mapping(found: object) -> Iterator[tuple[str, str]]:
    if isinstance(found, Mapping):
        yield from ((str(key), str(value)) for key, value in found.items() if value is not None)


def variables(
    fields: PodFields, data: Data, facts: Facts, resources: Mapping[str, str]
) -> dict[str, str]:
    """All of a container: those of envFrom, then of env, which win. PodError."""
    found = _from_all(fields, data)
    for entry in fields.many("env"):
        inner = PodFields(f"{fields.where}, env", entry)
        name, value, source = inner.text("name") or "", inner.text("value"), inner.take("valueFrom")
        inner.finish()
        if not name or "=" in name or "\0" in name:
            raise inner.wrong("name", "a name without =")
        if source is None:
            found[name] = expand(value or "", found)
        elif (text := _from(f"{fields.where}, {name}", source, data, facts, resources)) is not None:
            found[name] = text
    return found


def _from_all(fields: PodFields, data: Data) -> dict[str, str]:
    """Those of envFrom; a kubelet leaves out what can be no variable's name."""
    found = {}
    for entry in fields.many("envFrom"):
        inner = PodFields(f"{fields.where}, envFrom", entry)
        prefix = inner.text("prefix") or ""
        for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if (reference := inner.take(key)) is None:
                continue
            for name, content in _referred(inner.where, kind, reference, data).items():
                if _NAME.fullmatch(f"{prefix}{name}"):
                    found[f"{prefix}{name}"] = _text(content, inner.where)
        inner.finish()
    return found


def expand(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` replaced by its value where there is one; `$$` is a dollar. PodError."""
    length = 0

    def value(match: re.Match[str]) -> str:
        nonlocal length
        name = match[1]
        found = "$" if name is None else known.get(name, match[0])
        length += len(found)
        if length > _LONGEST:
            raise PodError(
                f"What refers to $({escape_untrusted(name or '')}) becomes longer than any program "
                "can get it: use shorter values."
            )
        return found

    return _REFERENCE.sub(value, text)


def _referred(where: str, kind: str, reference: object, data: Data) -> dict[str, bytes]:
    inner = PodFields(where, reference)
    name, optional = inner.text("name") or "", inner.flag("optional")
    inner.finish()
    return data.entries(kind, name, where, optional=optional)


def _from(
    where: str, source: object, data: Data, facts: Facts, resources: Mapping[str, str]
) -> str | None:
    inner = PodFields(f"{where}, valueFrom", source)
    for kind, key in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        reference = inner.take(key)
        if reference is not None:
            inner.finish()
            return _one(f"{where}, {key}", kind, reference, data)
    if (reference := inner.take("fieldRef")) is not None:
        inner.finish()
        return field_value(f"{where}, fieldRef", reference, facts)
    reference = inner.take("resourceFieldRef")
    inner.finish()
    return resource_value(f"{where}, resourceFieldRef", reference, resources)


def _one(where: str, kind: str, reference: object, data: Data) -> str | None:
    inner = PodFields(where, reference)
    name, key = inner.text("name") or "", inner.text("key") or ""
    optional = inner.flag("optional")
    inner.finish()
    found = data.entries(kind, name, where, optional=optional)
    if key not in found:
        if optional:
            return None
        raise PodError(f"{where}: {kind} {escape_untrusted(name)} has no {escape_untrusted(key)}.")
    return _text(found[key], where)


def field_value(where: str, reference: object, facts: Facts) -> str:
    """What a fieldRef stands for; PodError for an unknown field."""
    inner = PodFields(where, reference)
    path = inner.text("fieldPath") or ""
    inner.ignore("apiVersion")
    inner.finish()
    found = facts.field(path)
    if found is None:
        raise PodError(f"{where} names {escape_untrusted(path)}, which BeaCon does not know.")
    return found


def resource_value(where: str, reference: object, resources: Mapping[str, str]) -> str:
    """What a resourceFieldRef stands for: a whole number of divisors, rounded up.

    Without a divisor these are bytes, and processors. PodError for a limit that the container has
    not.
    """
    inner = PodFields(where, reference)
    name, unit = inner.text("resource") or "", inner.text("divisor") or "0"
    inner.ignore("containerName")
    inner.finish()
    if name not in resources:
        raise PodError(
            f"{where} names {escape_untrusted(name)}, which the container does not have: add it."
        )
    size, divisor = quantity(resources[name]), quantity(unit)
    if size is None or divisor is None:
        raise inner.wrong("divisor" if divisor is None else name, "a quantity")
    return str(math.ceil(size / (divisor or 1)))


def _text(value: bytes, where: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise PodError(
            f"{where} takes a variable from what is not text: mount it instead."
        ) from None
