from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from document import page
from results import Measured, Results, keep, parsed, read, write

_ROOT = Path(__file__).parents[3]
_PRINTED = """\
| image | calls |
| --- | --: |
| web | 94 |

Failures: none.
"""
_MEASURED = Measured(
    date="2026-11-27", commit="abc", kernel="6.1", processors=2, memory=24, engine="Docker 20.10"
)


class _Row(msgspec.Struct, frozen=True):
    calls: int


def test_the_page_has_what_was_printed_and_where_it_was_measured(tmp_path: Path) -> None:
    write(tmp_path / "sizes.json", Results(measured=_MEASURED, report=parsed(_PRINTED)))
    document = "# Page\n<!-- sizes -->\nold\n<!-- /sizes -->\n"
    assert page(document, tmp_path) == (
        f"# Page\n<!-- sizes -->\n{_PRINTED}\n"
        "Measured on 2026-11-27 at abc (Linux 6.1, 2 processors, 24 GiB, Docker 20.10).\n"
        "<!-- /sizes -->\n"
    )


def test_rows_of_other_images_stay_with_what_they_were_measured_on(tmp_path: Path) -> None:
    file = tmp_path / "sizes.json"
    assert keep(file, _Row, {"b": _Row(1), "c": _Row(2)}, "cab") == {"c": _Row(2), "b": _Row(1)}
    measured = read(file).rows["b"]["measured"]
    assert measured["processors"] > 0
    write(file, msgspec.structs.replace(read(file), report=parsed(_PRINTED)))
    kept = keep(file, _Row, {"a": _Row(3), "c": _Row(4)}, "cab")
    assert kept == {"c": _Row(4), "a": _Row(3), "b": _Row(1)}
    assert [*kept] == ["c", "a", "b"]
    assert read(file).report == parsed(_PRINTED)
    assert read(file).rows["b"]["measured"] == measured


@pytest.mark.parametrize("name", [file.name for file in (_ROOT / "evaluation/results").iterdir()])
def test_every_result_that_is_kept_can_be_read(name: str) -> None:
    kept = read(_ROOT / "evaluation/results" / name)
    assert kept.report or kept.rows
    assert all({*row} == {"measured", "row"} for row in kept.rows.values())


def test_the_page_is_what_the_results_say() -> None:
    document = (_ROOT / "docs/evaluation.md").read_text()
    assert page(document, _ROOT / "evaluation/results") == document
