"""Releases of Linux, as far as they say which of two came first."""

from __future__ import annotations

import re

#: Two or three numbers, compared from the left.
Release = tuple[int, ...]

_RELEASE = re.compile(r"([0-9]+(?:\.[0-9]+){1,2})(?:-rc[0-9]+)?", re.ASCII)


def parse_release(text: str) -> Release | None:
    """`5.17-rc3` is on the way to 5.17 and counts as that; None if it is no release of Linux."""
    found = _RELEASE.fullmatch(text)
    return tuple(int(number) for number in found[1].split(".")) if found else None
