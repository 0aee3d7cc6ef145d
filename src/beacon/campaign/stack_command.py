"""Runs the user's own command against a stack."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from threading import Event

from beacon.model.run import Check
from beacon.workloads.interface import Endpoint
from beacon.workloads.script import exit_code_check
from beacon.workloads.script_process import run

_LONGEST = 4096  # bytes of a line


def drive(
    command: Sequence[str],
    endpoints: Mapping[str, Endpoint],
    stop: Event,
    say: Callable[[str], None],
) -> Check:
    """Run it to its end, or until `stop`, and say what it prints; whether it exited with 0.

    WorkloadError if it cannot be started.
    """
    lines = _Lines(say)
    result = run(command, {**os.environ, **addresses(endpoints)}, math.inf, stop, lines.add)
    lines.end()
    return exit_code_check(result, math.inf)


def addresses(endpoints: Mapping[str, Endpoint]) -> dict[str, str]:
    """The variables by which it finds the services: BEACON_ADDRESS_WEB, BEACON_PORTS_WEB."""
    found = {}
    for name, endpoint in endpoints.items():
        word = re.sub(r"[^A-Z0-9]", "_", name.upper())
        found[f"BEACON_ADDRESS_{word}"] = endpoint.address or ""
        found[f"BEACON_PORTS_{word}"] = ",".join(map(str, endpoint.ports))
    return found


class _Lines:
    """Says whole lines; a longer one in parts."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._rest = say, b""

    def add(self, piece: bytes) -> None:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._tell(line)
        while len(self._rest) > _LONGEST:
            self._tell(self._rest[:_LONGEST])
            self._rest = self._rest[_LONGEST:]

    def end(self) -> None:
        if self._rest:
            self._tell(self._rest)

    def _tell(self, line: bytes) -> None:
        self._say(f"  | {line.decode('utf-8', 'backslashreplace')}")
