"""Base scores, computed from CVSS vectors by the package `cvss` (BeaCon's extra `cves`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Literal

from beacon.errors import UsageError
from beacon.model.cve import Cvss
from beacon.model.text import escape_untrusted

Version = Literal["2.0", "3.0", "3.1", "4.0"]

#: The base metrics in the order of FIRST's specifications; all others change what is no base score.
_BASE: dict[Version, str] = {
    "2.0": "AV AC Au C I A",
    "3.0": "AV AC PR UI S C I A",
    "3.1": "AV AC PR UI S C I A",
    "4.0": "AV AC AT PR UI VC VI VA SC SI SA",
}
_LONGEST = 300
_LONGEST_NAME = 80


def scored(vector: str, by: str, when: str | None = None) -> Cvss | None:
    """The score of a vector of any version, or None for what is no CVSS vector.

    `by` is anybody's text and is made harmless. UsageError when the package is not installed.
    """
    text = vector.strip().removeprefix("(").removesuffix(")")
    if len(text) > _LONGEST:
        return None
    version = _version(text)
    package, calculators = _calculators()
    try:
        calculators[version](text)  # the whole of it, so that nothing malformed passes
        base = _base_part(text, version)
        number = float(calculators[version](base).base_score)
    except package.CVSSError:
        return None
    return Cvss(version=version, vector=base, base_score=number, by=_ascii(by), when=when)


def require_calculator() -> None:
    """UsageError that names the extra if the package is not installed."""
    _calculators()


@cache
def _calculators() -> tuple[Any, Mapping[Version, Callable[[str], Any]]]:
    try:
        package = import_module("cvss")
    except ImportError:
        raise UsageError(
            "Scores are recomputed by the Python package cvss, which is not installed: "
            "pip install 'beacon-policy[cves]'"
        ) from None
    three = package.CVSS3
    return package, {"2.0": package.CVSS2, "3.0": three, "3.1": three, "4.0": package.CVSS4}


def _version(vector: str) -> Version:
    for version in ("3.0", "3.1", "4.0"):
        if vector.startswith(f"CVSS:{version}/"):
            return version
    return "2.0"


def _base_part(vector: str, version: Version) -> str:
    metrics = dict(part.split(":") for part in vector.split("/"))
    prefix = [] if version == "2.0" else [f"CVSS:{version}"]
    return "/".join([*prefix, *(f"{name}:{metrics[name]}" for name in _BASE[version].split())])


def _ascii(text: str) -> str:
    short = escape_untrusted(text[:_LONGEST_NAME])
    return short.encode("ascii", "backslashreplace").decode()[:_LONGEST_NAME] or "unnamed"
