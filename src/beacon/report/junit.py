"""JUnit's XML, which every CI server shows as tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from beacon.model.image_check import ImageCheck
from beacon.model.text import escape_for_terminal
from beacon.report.findings import Finding, Level, findings, scope
from beacon.report.interface import Format

#: By level, the element that stands for it, as Jenkins and GitLab read them.
_ELEMENTS = {Level.ERROR: "failure", Level.WARNING: "error", Level.NOTE: "skipped"}
_Case = tuple[str, Sequence[Finding]]


class JunitFormat(Format):
    """A suite of what is needed, a case each; and one of what was run."""

    name = "junit"

    def render(self, check: ImageCheck) -> str:
        """XML in UTF-8, with its declaration."""
        found = findings(check)
        root = Element("testsuites", {"name": "beacon check"})
        suites = [
            _suite(root, "needs", check, _needs(found)),
            _suite(root, "runs", check, _runs(check, found)),
        ]
        for name in ("tests", "failures", "errors"):
            root.set(name, str(sum(int(suite.attrib[name]) for suite in suites)))
        indent(root, " ")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _needs(found: Sequence[Finding]) -> Iterator[_Case]:
    needs = [each for each in found if each.need is not None]
    if not needs:
        yield "needs nothing more than its policy allows", ()
    for each in needs:
        yield f"needs {each.rule.partition('/')[2]}", (each,)


def _runs(check: ImageCheck, found: Sequence[Finding]) -> Iterator[_Case]:
    others = [each for each in found if each.need is None]
    names = [str(run.kind) for run in check.verification.runs]
    names += ["starts"] if check.verification.starts is not None else []
    for name in dict.fromkeys([*names, *(each.place for each in others)]):
        yield name, [each for each in others if each.place == name]


def _suite(root: Element, name: str, check: ImageCheck, cases: Iterator[_Case]) -> Element:
    suite = SubElement(root, "testsuite", {"name": f"{name} of {_plain(check.image.reference)}"})
    counts = dict.fromkeys(("tests", "failure", "error", "skipped"), 0)
    for title, found in cases:
        case = SubElement(suite, "testcase", {"classname": f"beacon.{name}", "name": _plain(title)})
        counts["tests"] += 1
        if found:
            counts[_outcome(case, found)] += 1
    suite.set("tests", str(counts["tests"]))
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", str(counts["error"]))
    suite.set("skipped", str(counts["skipped"]))
    output = SubElement(suite, "system-out")
    output.text = _plain(scope(check))
    return suite


def _outcome(case: Element, found: Sequence[Finding]) -> str:
    """One element for all findings of a case, the worst of them giving its kind."""
    worst = min((each.level for each in found), key=list(Level).index)
    element = SubElement(case, _ELEMENTS[worst], {"message": _plain(found[0].said)})
    if worst is not Level.NOTE:
        element.set("type", _plain(found[0].rule.partition("/")[0]))
    element.text = "".join(
        f"{_plain(each.said)}. To do: {_plain(each.advice)}.\n" for each in found
    )
    return _ELEMENTS[worst]


def _plain(text: str) -> str:
    # XML has no way at all to write most control characters.
    return escape_for_terminal(text)
