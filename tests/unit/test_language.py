"""Documents, messages and tables of reasons keep to plain English."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from language import findings, in_markdown, in_python, in_toml

ROOT = Path(__file__).resolve().parents[2]
_PARTS: dict[str, Callable[[str], Iterator[str]]] = {
    ".md": in_markdown,
    ".py": in_python,
    ".toml": in_toml,
}


def _files() -> list[Path]:
    """Every page, and what the commands say; names of checks stay, profiles refer to them."""
    found = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "catalogue").rglob("*.md"),
    ]
    found += [path for path in (ROOT / "src").rglob("*") if path.suffix in {".py", ".toml"}]
    found += (ROOT / "catalogue" / "src").glob("*/*/__init__.py")
    found += (ROOT / "catalogue" / "src").glob("*/*/settings.toml")
    return sorted(set(found))


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_it_is_plain_english(path: Path) -> None:
    parts = _PARTS[path.suffix](path.read_text())
    assert [each for part in parts for each in findings(part)] == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The file is no JSON.", 1),
        ("There is no home directory, and no run is more than one.", 0),
        ("The last line tells which checks fail.", 1),
        ("A filter cannot tell the two calls apart.", 0),
        ("It shows what differs from what was seen.", 1),
        ("It shows what ran, and what was denied.", 0),
        ("Mend it\nin mid-run.", 2),
    ],
)
def test_a_phrase_is_found(text: str, number: int) -> None:
    assert len(list(findings(text))) == number


def test_code_is_left_alone() -> None:
    page = "It is `no` list.\n\n```\nit tells\n```\n\n| he told | him |\n"
    assert len([each for part in in_markdown(page) for each in findings(part)]) == 1
    module = '"""It tells."""\nraise ValueError(f"{name} is no call" " at all")\n'
    assert len([each for part in in_python(module) for each in findings(part)]) == 1
    assert len([each for part in in_toml('why = "he told"') for each in findings(part)]) == 1
