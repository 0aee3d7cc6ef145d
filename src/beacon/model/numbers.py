"""Numbers as documents may hold them: whatever is outside cannot be counted, slept or written."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

_LARGEST = 2**63 - 1  # JSON knows no limit, but most of its readers do

#: Any whole number that a document holds.
Integer = Annotated[int, Meta(ge=-_LARGEST, le=_LARGEST)]
#: How often something happened, or nanoseconds.
Count = Annotated[int, Meta(ge=0, le=_LARGEST)]
#: Seconds that BeaCon waits for something; a year at most.
Seconds = Annotated[float, Meta(ge=0, le=31_536_000)]
#: The same in whole seconds, as engines take it; -1 waits without a limit.
WholeSeconds = Annotated[int, Meta(ge=-1, le=31_536_000)]
#: How many processors a container may use, which may be a part of one. TOML and YAML know more
#: numbers than JSON: neither `nan` nor `inf` is one.
Cpus = Annotated[float, Meta(ge=0, le=1_000_000)]
#: How often a step does what it does.
Repetitions = Annotated[int, Meta(ge=0, le=1_000_000)]
