"""What a container does and its policy does not allow."""

from __future__ import annotations

from beacon.model.entry import Entry


class Missing(Entry, frozen=True, kw_only=True):
    """What runs used and the policy denies, judged as an entry of the policy.

    `allowed`: the intent allows it, so `verify --heal` adds it. `intended`: the intent dropped it,
    as the user asked.
    """

    intended: bool = False

    def sentence(self) -> str:
        """`sendfile, 193 times in serve, by nginx`."""
        times = f"{self.count} time" if self.count == 1 else f"{self.count} times"
        phases, processes = ", ".join(self.evidence.phases), ", ".join(self.evidence.processes)
        places = "; ".join(self.held or self.calls)
        where = f" in {places}" if places else ""
        return f"{self.event}, {times} in {phases}, by {processes}{where}"
