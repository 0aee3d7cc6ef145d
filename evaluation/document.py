"""Keep what an evaluation printed as its results, and write the page from the results of all.

usage: document.py PAGE RESULTS_DIR [NAME <TEXT]

With NAME, standard input becomes the report of RESULTS_DIR/NAME.json, with date, commit and host.
PAGE gets each report between the marks `<!-- NAME -->` and `<!-- /NAME -->`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import msgspec

from results import here, parsed, read, write


def replaced(document: str, section: str, text: str) -> str:
    """The document with this text between `<!-- SECTION -->` and `<!-- /SECTION -->`."""
    first, last = f"<!-- {section} -->", f"<!-- /{section} -->"
    if document.count(first) != 1 or document.count(last) != 1:
        sys.exit(f"The document has no place for {section!r}: it needs {first} and {last}.")
    place = re.compile(f"{re.escape(first)}.*{re.escape(last)}", re.DOTALL)
    return place.sub(lambda _: f"{first}\n{text.strip()}\n{last}", document)


def page(document: str, results: Path) -> str:
    """The page with the reports of all results that have one."""
    for file in sorted(results.glob("*.json")):
        kept = read(file)
        if kept.report:
            document = replaced(document, file.stem, kept.page())
    return document


def main(arguments: list[str]) -> None:
    if len(arguments) not in (2, 3):
        sys.exit(__doc__)
    path, results = Path(arguments[0]), Path(arguments[1])
    for name in arguments[2:]:
        file = results / f"{name}.json"
        report = parsed(sys.stdin.read())
        write(file, msgspec.structs.replace(read(file), measured=here(), report=report))
    path.write_text(page(path.read_text(), results))


if __name__ == "__main__":
    main(sys.argv[1:])
