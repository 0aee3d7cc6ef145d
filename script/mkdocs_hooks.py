"""Brings the pages at the repository's root into the site, and points the links to them there.

Links are written as they work in the repository (`../../SECURITY.md`); the site has that page below
`project/`. A link to any other file outside of `docs` is an error.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
#: Pages of the site by their path in the repository.
PAGES = {
    "ARCHITECTURE.md": "project/architecture.md",
    "SECURITY.md": "project/security.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "RELEASING.md": "project/releasing.md",
    "CHANGELOG.md": "project/changes.md",
    "catalogue/IMAGES.md": "project/images.md",
    "README.md": "index.md",
    "catalogue/README.md": "reference/services.md",
}
_LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that do not lie in `docs`."""
    for source, page in PAGES.items():
        if page.startswith("project/"):
            files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, page: Any, **_others: Any) -> str:
    """Turn links between files of the repository into links between pages of the site."""
    here = page.file.src_uri
    sources = {generated: source for source, generated in PAGES.items() if "project/" in generated}
    return rewritten(markdown, sources.get(here, f"docs/{here}"), here)


def rewritten(markdown: str, source: str, page: str) -> str:
    """The text of a file of the repository as the site's page."""

    def target(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[1]))
        site = PAGES.get(path, path.removeprefix("docs/"))
        return f"]({posixpath.relpath(site, posixpath.dirname(page) or '.')}{link[2] or ''})"

    return _LINK.sub(target, markdown)
