from __future__ import annotations

import string
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.data import cvss_vectors
from beacon.data.cvss_vectors import require_calculator, scored
from beacon.errors import UsageError
from beacon.model.cve import Cvss

THREE = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"
FOUR = "CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


@pytest.mark.parametrize(
    ("vector", "version", "number"),
    [
        ("AV:L/AC:L/Au:N/C:C/I:C/A:C", "2.0", 7.2),
        ("(AV:L/AC:L/Au:N/C:C/I:C/A:C)", "2.0", 7.2),
        (THREE.replace("3.1", "3.0"), "3.0", 7.8),
        (THREE, "3.1", 7.8),
        (FOUR, "4.0", 8.5),
    ],
)
def test_every_version(vector: str, version: str, number: float) -> None:
    score = scored(vector, "nvd", "2026-01-31")
    assert score == Cvss(
        version=version,  # type: ignore[arg-type]
        vector=vector.strip("()"),
        base_score=number,
        by="nvd",
        when="2026-01-31",
    )


@pytest.mark.parametrize(
    ("vector", "more"), [(THREE, "/E:U/RC:U/MAV:P/CR:L"), (FOUR, "/E:U/MVC:N")]
)
def test_only_base_metrics_count(vector: str, more: str) -> None:
    assert scored(vector + more, "nvd") == scored(vector, "nvd")


def test_the_order_is_the_specification_s() -> None:
    assert scored("CVSS:3.1/A:H/I:H/C:H/S:U/UI:N/PR:L/AC:L/AV:L", "nvd") == scored(THREE, "nvd")


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "/",
        "CVSS:3.1/",
        "CVSS:9.9/AV:L",
        THREE + "/",
        THREE + "/X:Y",
        THREE + "\x1b",
        "A" * 9999,
    ],
)
def test_what_is_no_vector(vector: str) -> None:
    assert scored(vector, "nvd") is None


def test_names_are_made_harmless() -> None:
    score = scored(THREE, "cna:\x1b[2J\u202e" + "é" * 200)
    assert score is not None
    assert score.by.isascii()
    assert score.by.isprintable()
    assert len(score.by) <= 80


@given(st.text(), st.text())
def test_any_text(vector: str, by: str) -> None:
    assert scored(vector, by) is None


PART = st.tuples(st.text(string.ascii_letters, max_size=3), st.sampled_from("NLHXPUCARS"))


@given(st.sampled_from(["", THREE, FOUR, "CVSS:3.1", "CVSS:4.0"]), st.lists(PART, max_size=12))
def test_nearly_vectors(start: str, parts: list[tuple[str, str]]) -> None:
    score = scored("/".join([start, *(":".join(part) for part in parts)]), "nvd")
    assert score is None or 0 <= score.base_score <= 10


def test_the_package_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cvss", None)
    cvss_vectors._calculators.cache_clear()
    with pytest.raises(UsageError, match=r"beacon-policy\[cves\]"):
        require_calculator()
    cvss_vectors._calculators.cache_clear()
