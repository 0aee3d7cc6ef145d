"""Builds src/beacon/data/cves.json and its schema; `script/cves` calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from beacon.data.cves import Document
from beacon.model.cve import Cve, CveId, Provenance, Verdict
from beacon.model.cve import Path as Route
from beacon.model.release import parse_release
from cve_table.controls import is_control
from cve_table.docker import stopped_by_default
from cve_table.inputs import HERE, Facts, Judgement, Opinion, facts, judgements, readers
from cve_table.paths import merged
from cve_table.twins import expanded, lonely

DATA = HERE.parent.parent / "src" / "beacon" / "data"
SOURCE = (
    "Facts from the sources that each CVE names. Which calls, arguments and capabilities an attack "
    "needs was judged by two independent readers from the kernel's sources, not tested by exploits."
)
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class TableError(Exception):
    """The inputs contradict each other."""


def files() -> dict[Path, bytes]:
    """What has to be in the package; TableError where the inputs cannot be used."""
    document = Document(source=SOURCE, cves=tuple(cves()))
    schema = {"$schema": _DIALECT} | msgspec.json.schema(Document)
    return {
        DATA / "cves.json": _render(document),
        DATA / "cves.schema.json": (json.dumps(schema, indent=1) + "\n").encode(),
    }


def cves() -> Iterator[Cve]:
    """Each CVE of the facts, in their order."""
    judged, said, known = judgements(), readers(), facts()
    ids = {each.id for each in known}
    if ids != judged.keys() or ids != said.keys():
        raise TableError(f"Not in all inputs: {sorted(ids ^ judged.keys() | ids ^ said.keys())}.")
    for each in known:
        yield _cve(each, judged[each.id], said[each.id])


def _cve(known: Facts, judged: Judgement, said: Mapping[str, Opinion]) -> Cve:
    paths = _paths(judged)
    cve = Cve(
        id=known.id,
        year=known.year,
        title=known.title,
        product=known.product,
        cvss=known.cvss,
        paths=paths,
        provenance=_provenance(known, judged, said),
        cvss_alt=known.cvss_alt,
        also_uses=judged.also_uses,
        capabilities=judged.capabilities,
        userns=judged.userns,
        remark=known.remark,
        introduced=judged.introduced,
        fixed_in=judged.fixed_in,
        kev=known.kev,
        evaluation=known.evaluation,
        control=is_control(paths, judged.capabilities),
        unreachable=judged.unreachable,
    )
    return msgspec.structs.replace(cve, stopped_by_docker_default=stopped_by_default(cve))


def _paths(judged: Judgement) -> tuple[Route, ...]:
    fixed = parse_release(judged.fixed_in or "")
    paths = merged(tuple(expanded(need, fixed) for need in path) for path in judged.paths)
    alone = {call for path in paths for call in lonely(path, fixed)}
    if alone != judged.only.keys():
        raise TableError(
            f"{judged.id} names {sorted(alone)} without all calls that share an implementation, "
            f"and gives reasons for {sorted(judged.only)}."
        )
    return paths


def _provenance(known: Facts, judged: Judgement, said: Mapping[CveId, Opinion]) -> Provenance:
    return Provenance(
        sources=known.sources,
        basis=known.basis,
        sure=judged.sure,
        why=judged.why,
        settled_by=judged.settled_by,
        judged_by=tuple(Verdict(by, each.sure, each.agreed) for by, each in said.items()),
        note=known.note,
    )


def _render(document: Document) -> bytes:
    """One line for each CVE, so that a difference shows which."""
    head = json.dumps({"source": document.source, "version": document.version})[:-1]
    lines = b",\n".join(msgspec.json.encode(cve) for cve in document.cves)
    checked = head.encode() + b', "cves": [\n' + lines + b"\n]}\n"
    msgspec.json.decode(checked, type=Document)  # the structs' limits hold
    return checked
