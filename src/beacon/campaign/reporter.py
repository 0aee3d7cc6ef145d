"""How a campaign tells of its progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from beacon.campaign.consent import Consent
from beacon.campaign.demands import Demand
from beacon.campaign.run import RunSpec
from beacon.model.profile import Estimate
from beacon.model.recognition import Recognition
from beacon.model.run import Run


class Reporter(Protocol):
    """Called from several threads."""

    def say(self, text: str) -> None:
        """Something that the user should know, a sentence."""

    def demanded(self, demands: Sequence[Demand], consent: Consent) -> None:
        """What a policy's files ask of this host, all of it consented to."""

    def planned(self, total: int) -> None:
        """So many runs are done or planned by now; more may follow."""

    def resumed(self, runs: int, new_events: int) -> None:
        """So many more of them an earlier command has done, with events that were new then."""

    def estimated(self, estimate: Estimate) -> None:
        """How likely one more run shows something new."""

    def recognised(self, recognition: Recognition) -> None:
        """What the first run showed the container to be."""

    def started(self, spec: RunSpec) -> None:
        """A run begins."""

    def finished(self, spec: RunSpec, run: Run, new_events: int) -> None:
        """A run ended; so many events were seen in it and in no earlier one."""
