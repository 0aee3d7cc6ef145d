"""SARIF 2.1.0, for code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from beacon.model.files import POLICY_FILE
from beacon.model.image_check import ImageCheck
from beacon.model.text import escape_for_terminal
from beacon.model.verification import Verdict
from beacon.report.findings import Finding, findings, headline
from beacon.report.interface import Format

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_HELP = {
    "system-call": "The container makes a system call that its policy denies.",
    "capability": "The container needs a capability that its policy does not grant.",
    "change": "The image differs from the one that was recorded, without the policy.",
    "difference": "The container works differently under its policy.",
    "start": "The container does not always start under its policy.",
    "file": "A file of the policy's directory is not what policy.json says.",
}


class SarifFormat(Format):
    """One run of one tool; a rule for each event that is needed, and for each kind of the rest."""

    name = "sarif"

    def render(self, check: ImageCheck) -> str:
        """Indented JSON, in ASCII."""
        found = findings(check)
        rules = {each.rule: _rule(each) for each in found}
        places = {rule: number for number, rule in enumerate(rules)}
        run = {
            "tool": {
                "driver": {
                    "name": "BeaCon",
                    "version": check.beacon,
                    "rules": list(rules.values()),
                }
            },
            "automationDetails": {"id": f"beacon-check/{_plain(check.image.reference)}/"},
            "invocations": [{"executionSuccessful": bool(check.verification.runs)}],
            "results": [_result(each, places[each.rule], check) for each in found],
            "properties": {
                "verdict": str(check.verdict),
                "holds": check.verdict is Verdict.VERIFIED,
                "headline": _plain(headline(check)),
                "image": _plain(check.image.id),
            },
        }
        document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
        return json.dumps(document, indent=1) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    kind, _, event = finding.rule.partition("/")
    properties: dict[str, Any] = {"tags": ["security", "container"]}
    if finding.need is not None:
        properties["security-severity"] = f"{10 * finding.need.missing.security.value:.1f}"
    return {
        "id": finding.rule,
        "shortDescription": {"text": f"{event}: {_HELP[kind]}" if event else _HELP[kind]},
        "defaultConfiguration": {"level": "error"},
        "properties": properties,
    }


def _result(finding: Finding, rule: int, check: ImageCheck) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": str(finding.level),
        "message": {"text": _message(f"{finding.said}. To do: {finding.advice}.")},
        "locations": [_location(check.directory, finding.place)],
        "partialFingerprints": {"beacon/v1": _fingerprint(check.directory, finding)},
    }
    if finding.need is not None:
        missing = finding.need.missing
        result["properties"] = {
            "risk": missing.security.value,
            "opens": list(finding.need.opens),
            "count": missing.count,
            "processes": [*map(_plain, missing.evidence.processes)],
            "runs": [*map(_plain, missing.evidence.runs)],
            "allowedByIntent": missing.allowed,
        }
    return result


def _location(directory: str, place: str) -> dict[str, Any]:
    """policy.json, which a change of the policy changes; the run or file is a logical one."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(str(PurePosixPath(directory, POLICY_FILE)))},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{"name": _plain(place)}],
    }


def _fingerprint(directory: str, finding: Finding) -> str:
    """The same for the same finding of another day: a detail with counts is not part of it."""
    about = finding.said.partition(":")[0] if finding.need is None else ""
    return _digest((directory, finding.rule, finding.place if about else "", about))


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _message(text: str) -> str:
    """Plain text in which nothing is a link or a placeholder (sections 3.11.5 and 3.11.6)."""
    escaped = _plain(text).replace("[", "\\[").replace("]", "\\]")
    return escaped.replace("{", "{{").replace("}", "}}")


def _plain(text: str) -> str:
    return escape_for_terminal(text)
