"""A workload that is a program of the user's, as documents name it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

#: What the name of a script looks like: `./drive.sh`.
SCRIPT_PATTERN = r"\./[A-Za-z0-9._-]{1,100}"
#: How the name of its file begins; no other file of a directory has such a name.
SCRIPT_PREFIX = "workload."
LARGEST_SCRIPT = 64 << 20  # bytes; it may be a program
MOST_SCRIPTS = 64  # of a document


class Script(msgspec.Struct, frozen=True):
    """It lies beside the document that names it, in `file`; `sha256` is of its content."""

    name: Annotated[str, Meta(pattern=f"^{SCRIPT_PATTERN}$")]
    sha256: str

    @property
    def file(self) -> str:
        """`workload.drive.sh`."""
        return SCRIPT_PREFIX + self.name.removeprefix("./")
