"""Which questions for a right over files decided nothing, since the file was there to be opened.

For CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH the kernel program tells the last question of a call
that opened a file without making it. Such a call needed no right (fs/namei.c and fs/proc/fd.c of
Linux 6.1 and 6.18)

- if the answer was no: something else let it in, as proc_fd_permission does a process into its own
  /proc/self/fd;
- if it was asked for writing to the directory, which O_CREAT does before it looks whether the file
  exists: lookup_open then drops the wish to create.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from beacon.monitor.callers import Symbols

OPENING = frozenset({"open", "openat", "openat2", "creat"})
_CREATING = frozenset({"may_o_create", "lookup_open", "open_last_lookups"})
#: Asks the same question of the file or of a directory on the way to it, on behalf of path_openat.
_OTHERS = ("may_open", "link_path_walk")


def needed_no_right(
    call: str | None, callers: Sequence[str], symbols: Symbols, *, granted: bool
) -> bool:
    """Whether a question decided nothing after which its call opened a file that was there."""
    return call in OPENING and (not granted or asked_to_create(callers, symbols))


def asked_to_create(callers: Sequence[str], symbols: Symbols) -> bool:
    """Whether these callers, innermost first, asked if a file may be made in its directory."""
    creating = _CREATING
    # A compiler inlines all of these into path_openat. Where it does so with the others as
    # well, the questions look alike.
    if all(map(symbols.has, _OTHERS)):
        creating |= {"path_openat"}
    return any(
        asker == "inode_permission" and behalf in creating for asker, behalf in pairwise(callers)
    )
