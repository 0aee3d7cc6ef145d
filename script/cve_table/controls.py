"""CVEs that no system-call policy can stop."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache

from beacon.model.cve import Need, Path
from cve_table.inputs import HERE


@cache
def everywhere() -> Mapping[str, str]:
    """The calls of any program with threads, and what makes them: controls.toml."""
    calls: dict[str, str] = tomllib.loads((HERE / "controls.toml").read_text())["calls"]
    return calls


def is_control(paths: Sequence[Path], capabilities: Sequence[Sequence[str]]) -> bool:
    """Whether one of the paths consists of such calls alone, and no capability is needed."""
    return not capabilities and any(all(map(_is_common, path)) for path in paths)


def _is_common(need: Need) -> bool:
    return any(way.call in everywhere() and not way.where and way.abi is None for way in need.ways)
