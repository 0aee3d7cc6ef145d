"""The pages in docs are current, complete and connected, and need no network."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from beacon.campaign.settings import read_settings
from beacon.errors import ExitCode
from beacon.synthesis.intents import parse_intent
from mkdocs_hooks import rewritten
from reference_pages import FOLDER, pages

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_NAMED = re.compile(r"(?<![\w/:.])docs/[\w/-]+\.md")
_TOML = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SOURCES = ("src", "catalogue/src", "examples/src", "script", "evaluation", "bpf")


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_generated_page_is_current(path: Path) -> None:
    assert path.read_text() == pages()[path], "run script/reference"


def test_pages_named_in_sources_exist() -> None:
    files = [path for top in _SOURCES for path in (ROOT / top).rglob("*") if path.is_file()]
    files += [*ROOT.glob("*.md"), ROOT / "catalogue" / "README.md"]
    readable = [path for path in files if path.suffix in {"", ".py", ".toml", ".md", ".h", ".c"}]
    named = {
        (path.name, page)
        for path in readable
        for page in _NAMED.findall(path.read_text(errors="replace"))
    }
    assert named
    assert not {each for each in named if not (ROOT / each[1]).is_file()}


@pytest.mark.parametrize(
    "page",
    [*ROOT.glob("*.md"), *(ROOT / "catalogue").rglob("*.md")],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_of_pages_outside_of_the_site_exist(page: Path) -> None:
    targets = re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", page.read_text())
    assert not [each for each in targets if not (page.parent / each).exists()]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a broken link, a missing anchor or a page outside of the menu fails it.

    Not with --quiet: then mkdocs forgets to be strict.
    """
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = re.compile(
        r"<(?:script|img|iframe|link)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//[^>]*>"
    )
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    found = {tag for page in pages for tag in loaded.findall(page.read_text())}
    assert not {tag for tag in found if 'rel="canonical"' not in tag}
    styles = [path.read_text() for path in site.rglob("*.css")]
    assert not any(re.search(r"url\([\"']?(?:https?:)?//|@import", style) for style in styles)


def test_links_to_pages_at_the_root_lead_to_the_site() -> None:
    page = "[a](../../SECURITY.md#documents) [b](decision.md) [c](https://example.org/x.md)"
    site = "[a](../project/security.md#documents) [b](decision.md) [c](https://example.org/x.md)"
    assert rewritten(page, "docs/concepts/reach.md", "concepts/reach.md") == site
    readme = "[d](docs/schemas/README.md) [e](README.md)"
    expected = "[d](../schemas/README.md) [e](../index.md)"
    assert rewritten(readme, "RELEASING.md", "project/releasing.md") == expected


def test_every_exit_code_is_explained() -> None:
    page = (FOLDER / "exit-codes.md").read_text()
    explained = re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)
    assert explained == [(str(int(code)), code.name) for code in ExitCode]


def test_the_settings_examples_are_settings(tmp_path: Path) -> None:
    examples = _TOML.findall((FOLDER / "settings.md").read_text())
    assert examples
    for example in examples:
        path = tmp_path / "settings.toml"
        path.write_text(example)
        assert read_settings(path).dimensions


@pytest.mark.parametrize("page", ["reference/intent.md", "guides/tighten.md"])
def test_the_intent_examples_are_intents(page: str) -> None:
    examples = _TOML.findall((DOCS / page).read_text())
    assert examples
    for example in examples:
        tomllib.loads(example)
        assert parse_intent(example, page)
