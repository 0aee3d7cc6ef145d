"""Put standard input into a document, between the marks of a section.

usage: document.py FILE SECTION <TEXT
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def replaced(document: str, section: str, text: str) -> str:
    """The document with this text between `<!-- SECTION -->` and `<!-- /SECTION -->`."""
    first, last = f"<!-- {section} -->", f"<!-- /{section} -->"
    if document.count(first) != 1 or document.count(last) != 1:
        sys.exit(f"The document has no place for {section!r}: it needs {first} and {last}.")
    place = re.compile(f"{re.escape(first)}.*{re.escape(last)}", re.DOTALL)
    return place.sub(lambda _: f"{first}\n{text.strip()}\n{last}", document)


def main(arguments: list[str]) -> None:
    if len(arguments) != 2:
        sys.exit(__doc__)
    path = Path(arguments[0])
    path.write_text(replaced(path.read_text(), arguments[1], sys.stdin.read()))


if __name__ == "__main__":
    main(sys.argv[1:])
