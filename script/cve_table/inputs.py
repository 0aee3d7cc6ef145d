"""What the table is built from: facts, judgements, and what each reader said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from beacon.model.cve import CveId, Cvss, Sureness, Text, Word
from beacon.model.event import Abi

HERE = Path(__file__).resolve().parent

T = TypeVar("T")


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What others published of a CVE: facts.json. `title`, `note` and `remark` are our words."""

    id: CveId
    year: int
    title: Text
    product: Text
    cvss: Cvss | None
    sources: tuple[Text, ...]
    basis: tuple[Text, ...]
    cvss_alt: tuple[Cvss, ...] = ()
    kev: bool = False
    evaluation: bool = False
    note: Text | None = None
    remark: Text | None = None


class JudgedNeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call that an attack needs; with `twins`, or any other of that group in twins.toml."""

    call: Word
    where: dict[Word, Annotated[tuple[Word, ...], Meta(min_length=1)]] = {}
    abi: Abi | None = None
    twins: str | None = None


class Judgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an attack needs, as it was settled: judgements.json.

    `only` says of a call why others of its group do not do, `unreachable` why no container on
    x86-64 comes to the CVE.
    """

    id: CveId
    paths: Annotated[tuple[tuple[JudgedNeed, ...], ...], Meta(min_length=1)]
    settled_by: Literal["agreement", "sources"]
    sure: Sureness
    why: Text
    capabilities: tuple[tuple[Word, ...], ...] = ()
    userns: bool = False
    also_uses: tuple[Word, ...] = ()
    introduced: Text | None = None
    fixed_in: Text | None = None
    only: dict[Word, Text] = {}
    unreachable: Text | None = None


class Opinion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How sure a reader was, and whether what was settled is what he said."""

    sure: Sureness
    agreed: bool


#: By CVE, and by reader.
Readers = Mapping[CveId, Mapping[str, Opinion]]


def facts() -> list[Facts]:
    """All facts, in the order of the table."""
    return _read("facts.json", list[Facts])


def judgements() -> dict[CveId, Judgement]:
    """What was settled, by CVE."""
    found = _read("judgements.json", list[Judgement])
    return {each.id: each for each in found}


def readers() -> Readers:
    """What the readers said: readers.json."""
    return _read("readers.json", dict[CveId, dict[str, Opinion]])


def _read(name: str, shape: type[T]) -> T:
    return msgspec.json.decode((HERE / name).read_bytes(), type=shape)
