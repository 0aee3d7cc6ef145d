"""The JSON Schemas of BeaCon's documents, as `script/schemas` writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from beacon.cli.documents import DOCUMENTS, kind_and_version
from beacon.model.ablation import Ablation
from beacon.model.files import ABLATION_FILE, POLICY_FILE, PROFILE_FILE, VERIFICATION_FILE
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.verification import Verification

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "schemas"
#: The documents that commands write to a directory.
FILES: Mapping[str, type[msgspec.Struct]] = {
    PROFILE_FILE: Profile,
    POLICY_FILE: Policy,
    VERIFICATION_FILE: Verification,
    ABLATION_FILE: Ablation,
}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[Path, bytes]:
    """Each schema by its path."""
    files = {f"{name}.schema.json": _of((kind,), name) for name, kind in FILES.items()}
    output = {f"output/{kind}.schema.json": _output(kind) for kind in DOCUMENTS}
    return {FOLDER / name: _render(schema) for name, schema in (files | output).items()}


def _output(kind: str) -> dict[str, Any]:
    schema = _of(DOCUMENTS[kind], kind_and_version(kind))
    schema["properties"] = {"schema": {"const": kind_and_version(kind)}, **schema["properties"]}
    schema["required"] = ["schema", *schema["required"]]
    return schema


def _of(parts: Iterable[type[msgspec.Struct]], title: str) -> dict[str, Any]:
    """One schema for an object with the fields of all parts."""
    schema: dict[str, Any] = {"$schema": _DIALECT, "title": title}
    schema |= {"type": "object", "description": "", "properties": {}, "required": [], "$defs": {}}
    for part in parts:
        found = msgspec.json.schema(part)
        own = found["$defs"].pop(part.__name__)
        schema["description"] = schema["description"] or own["description"]
        schema["properties"] |= own["properties"]
        schema["required"] += own["required"]
        schema["$defs"] |= found["$defs"]
    return schema


def _render(schema: Mapping[str, Any]) -> bytes:
    return (json.dumps(_portable(schema), indent=1) + "\n").encode()


def _portable(value: Any) -> Any:
    """The same without Python's end of text in patterns, which other languages do not have."""
    if isinstance(value, dict):
        return {
            name: each.replace(r"\Z", "$") if name == "pattern" else _portable(each)
            for name, each in value.items()
        }
    return [_portable(each) for each in value] if isinstance(value, list) else value
