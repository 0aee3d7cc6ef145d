"""Anybody's text stays text, for every reader, and only where it was put."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from beacon.errors import UsageError
from beacon.export.all import EXPORTERS
from beacon.export.compose import ComposeExporter
from beacon.export.interface import Exporter
from beacon.export.kubernetes import KubernetesExporter
from beacon.export.names import resource_name
from beacon.export.optional import optional_exporters
from beacon.export.quadlet import QuadletExporter
from beacon.export.yaml_text import dump
from beacon.model.launch import Launch
from unit.export.policies import CONFIDENTIAL, HOSTILE, POLICIES, launched

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(HOSTILE)


def read_1_2(raw: bytes) -> Any:
    return YAML(typ="safe", pure=True).load(io.BytesIO(raw))


def container(exporter: Exporter, launch: Launch) -> dict[str, Any]:
    raw = exporter.render(launched(launch))
    document = yaml.safe_load(raw)
    assert read_1_2(raw) == document
    if isinstance(exporter, ComposeExporter):
        return dict(document["services"]["example-server-1"])
    (only,) = document["spec"]["containers"]
    return dict(only)


def composed(text: str) -> str:
    """What compose makes of a value without variables."""
    assert "$" not in text.replace("$$", "")
    return text.replace("$$", "$")


def expanded(text: str) -> str:
    """What the kubelet makes of an argument: `$$` is `$`, `$(NAME)` a variable."""
    return re.sub(r"\$\$|\$\([^)]*\)", lambda found: "$" if found[0] == "$$" else "EXPANDED", text)


@settings(deadline=None)
@given(st.lists(TEXT, min_size=1))
def test_a_command_arrives_as_it_was(words: list[str]) -> None:
    launch = Launch(command=tuple(words))
    assert [composed(word) for word in container(ComposeExporter(), launch)["command"]] == words
    assert [expanded(word) for word in container(KubernetesExporter(), launch)["args"]] == words


@settings(deadline=None)
@given(TEXT, TEXT)
def test_every_reader_reads_the_same(value: str, comment: str) -> None:
    raw = dump({"value": value, "list": [value, [value]]}, [comment])
    assert yaml.safe_load(raw) == read_1_2(raw) == {"value": value, "list": [value, [value]]}
    assert all(line.startswith(("#", "value:", "list:", "-", " ")) for line in lines(raw))


def lines(raw: bytes) -> list[str]:
    """Its lines as the most liberal reader splits them."""
    return [line for line in raw.decode().splitlines() if line]


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    if isinstance(value, list):
        for inner in value:
            yield from keys(inner)


@pytest.mark.parametrize("exporter", EXPORTERS[2:], ids=lambda exporter: exporter.file)
def test_nothing_adds_a_key(exporter: Exporter) -> None:
    known = {"data", "evil-home-privileged-true"}
    for name in ("plain", "equipped"):
        known |= set(keys(yaml.safe_load(exporter.render(POLICIES[name]()))))
    raw = exporter.render(POLICIES["hostile"]())
    assert set(keys(yaml.safe_load(raw))) <= known
    assert read_1_2(raw) == yaml.safe_load(raw)


FURTHER = list(optional_exporters(f"example/server@sha256:{'1' * 64}").values())


@pytest.mark.parametrize("exporter", FURTHER, ids=lambda exporter: exporter.file)
def test_a_hostile_launch_is_written_safely_or_refused(exporter: Exporter) -> None:
    if exporter.file == QuadletExporter.file:  # its Image= has no quoting
        with pytest.raises(UsageError, match="is not an image's name"):
            exporter.render(POLICIES["hostile"]())
        return
    text = exporter.render(POLICIES["hostile"]()).decode()
    assert CONFIDENTIAL not in text
    assert all(each.isprintable() or each in "\n\0" for each in text)
    assert not re.search(r"^\s*privileged: true", text, re.MULTILINE)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.file)
def test_nothing_tells_the_values_of_variables(exporter: Exporter, name: str) -> None:
    text = exporter.render(POLICIES[name]()).decode()
    assert CONFIDENTIAL not in text
    assert "/host/conf" not in text
    assert all(character.isprintable() or character == "\n" for character in text)


@settings(deadline=None)
@given(st.text() | st.from_regex(r"[a-z0-9./:@_-]{1,200}", fullmatch=True))
def test_names_are_labels(reference: str) -> None:
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", resource_name(reference))


def test_names() -> None:
    assert resource_name("example/server:1.2") == "example-server-1-2"
    digest = "sha256:" + "a" * 64
    first, second = (resource_name(f"{name}@{digest}") for name in ("server:1", "server:2"))
    assert first != second
    assert first.startswith("server-1-sha256-aaa")
    assert resource_name("___") != resource_name("_")


def test_an_image_reference_is_not_interpolated() -> None:
    policy = POLICIES["plain"]()
    image = msgspec.structs.replace(policy.image, reference="${HOME}/$x:1")
    raw = ComposeExporter().render(msgspec.structs.replace(policy, image=image))
    (service,) = yaml.safe_load(raw)["services"].values()
    assert composed(service["image"]) == "${HOME}/$x:1"
