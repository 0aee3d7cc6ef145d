from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import jsonschema
import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from beacon.model.event import Syscall
from beacon.model.image_check import ImageCheck
from beacon.model.score import Score
from beacon.model.text import escape_for_terminal
from beacon.model.verification import Verdict
from beacon.report.all import FORMATS
from beacon.report.findings import Level, findings, risk
from beacon.report.markdown import code
from golden import check_golden
from unit.report.checks import CHECKS, HOSTILE, checked, need

HERE = Path(__file__).parent
SUFFIXES = {"text": "txt", "sarif": "sarif", "junit": "xml", "markdown": "md"}
SARIF = json.loads((HERE / "schemas" / "sarif-2.1.0.schema.json").read_text())
JUNIT = xmlschema.XMLSchema(HERE / "schemas" / "junit.xsd")
_TEXT = st.text(max_size=40).filter(lambda text: text.strip())


def render(name: str, check: ImageCheck) -> str:
    return FORMATS[name].render(check)


def sarif(check: ImageCheck) -> dict[str, Any]:
    document = json.loads(render("sarif", check))
    assert isinstance(document, dict)
    return document


def html(text: str) -> str:
    return str(MarkdownIt("gfm-like", {"linkify": False}).render(text))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", CHECKS)
def test_golden(name: str, form: str) -> None:
    text = render(form, CHECKS[name]())
    assert text.endswith("\n")
    check_golden(HERE / "golden" / f"{name}.{SUFFIXES[form]}", text.encode())


@pytest.mark.parametrize("name", CHECKS)
def test_sarif_is_what_its_schema_demands(name: str) -> None:
    jsonschema.validate(sarif(CHECKS[name]()), SARIF)


def test_the_schema_of_sarif_refuses_what_it_does_not_know() -> None:
    document = sarif(CHECKS["three"]())
    document["runs"][0]["results"][0]["severity"] = "high"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SARIF)


@pytest.mark.parametrize("name", CHECKS)
def test_a_result_names_the_rule_at_its_index(name: str) -> None:
    (run,) = sarif(CHECKS[name]())["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
            "web.policy/policy.json"
        )


def test_fingerprints_tell_findings_apart_and_last() -> None:
    def fingerprints(check: ImageCheck) -> list[str]:
        results = sarif(check)["runs"][0]["results"]
        return [each["partialFingerprints"]["beacon/v1"] for each in results]

    found = fingerprints(CHECKS["three"]())
    assert len(set(found)) == len(found)
    seldom = checked(need(Syscall("fsync")))
    assert set(fingerprints(seldom)) < set(found)


@pytest.mark.parametrize("name", CHECKS)
def test_junit_is_what_its_readers_take(name: str) -> None:
    JUNIT.validate(render("junit", CHECKS[name]()))


@pytest.mark.parametrize("name", CHECKS)
def test_junit_counts_what_it_holds(name: str) -> None:
    root = fromstring(render("junit", CHECKS[name]()))  # noqa: S314 - our own

    def count(element: Element, what: str) -> str:
        return str(len(element.findall(f".//{what}")))

    for suite in root:
        assert suite.get("tests") == count(suite, "testcase")
        assert suite.get("failures") == count(suite, "failure")
        assert suite.get("errors") == count(suite, "error")
        assert suite.get("skipped") == count(suite, "skipped")
    assert root.get("failures") == count(root, "failure")


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_names_all_that_is_needed(form: str) -> None:
    text = render(form, CHECKS["three"]())
    assert all(name in text for name in ("keyctl", "CAP_SYS_NICE", "fsync"))


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("holds", Verdict.VERIFIED),
        ("three", Verdict.POLICY),
        ("as-asked", Verdict.VERIFIED),
        ("environment", Verdict.ENVIRONMENT),
        ("edited", Verdict.POLICY),
        ("answers-otherwise", Verdict.VERIFIED),
        ("broken", Verdict.ENVIRONMENT),
    ],
)
def test_verdicts(name: str, verdict: Verdict) -> None:
    check = CHECKS[name]()
    assert check.verdict is verdict
    assert (Level.ERROR in {each.level for each in findings(check)}) == (verdict is Verdict.POLICY)
    assert sarif(check)["runs"][0]["properties"]["holds"] == (verdict is Verdict.VERIFIED)
    root = fromstring(render("junit", check))  # noqa: S314 - our own
    assert (root.get("failures") != "0") == (verdict is Verdict.POLICY)


def test_a_denial_that_is_a_need_is_said_once() -> None:
    (finding,) = [each for each in findings(CHECKS["three"]()) if "fsync" in each.said]
    assert finding.need is not None


@pytest.mark.parametrize(
    ("score", "said"),
    [(0.0, "none"), (0.1, "low (0.10)"), (0.4, "medium (0.40)"), (0.7, "high (0.70)")],
)
def test_risk_in_words(score: float, said: str) -> None:
    assert risk(Score(score)) == said


def test_nothing_of_an_image_is_interpreted_in_a_comment() -> None:
    shown = html(render("markdown", CHECKS["hostile"]()))
    tags = set(re.findall(r"</?(\w+)", re.sub(r"<code>.*?</code>", "", shown)))
    assert tags == {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "sub"}
    assert "@" not in re.sub(r"<code>.*?</code>", "", shown)
    assert "<script" not in shown
    assert shown.count("<tr>") == 2


@settings(max_examples=30)
@given(_TEXT)
def test_a_code_span_shows_the_text_and_nothing_else(text: str) -> None:
    (inline,) = (t for t in MarkdownIt().parse(f"a {code(text)} b") if t.type == "inline")
    before, span, after = inline.children or []
    assert [before.type, span.type, after.type] == ["text", "code_inline", "text"]
    assert span.content.strip() == escape_for_terminal(text).strip()


@given(_TEXT)
def test_no_process_name_breaks_a_format(text: str) -> None:
    check = checked(need(Syscall("fsync"), process=text))
    jsonschema.validate(sarif(check), SARIF)
    JUNIT.validate(render("junit", check))
    rows = html(render("markdown", check))
    assert rows.count("<tr>") == 2
    assert rows.count("<td>") == 5
    assert all(c.isprintable() or c == "\n" for c in render("text", check))


def test_links_and_placeholders_of_sarif_are_escaped() -> None:
    (result, *_) = sarif(CHECKS["hostile"]())["runs"][0]["results"]
    assert "\\[x\\](http" in result["message"]["text"]
    assert "{{0}}" in result["message"]["text"]


def test_the_hostile_name_has_all_that_could_be_interpreted() -> None:
    assert all(each in HOSTILE for each in "`|<>@[]()*_~\\&{}")


def test_a_comment_is_never_too_long() -> None:
    many = checked(*(need(Syscall(f"call{n}"), process="x" * 300) for n in range(500)))
    text = render("markdown", many)
    assert len(text) < 65_536
    assert "And 460 more" in text
