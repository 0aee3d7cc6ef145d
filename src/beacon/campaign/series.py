"""A reporter for campaigns that follow one another, whose runs are counted together."""

from __future__ import annotations

from collections.abc import Sequence

from beacon.campaign.consent import Consent
from beacon.campaign.demands import Demand
from beacon.campaign.reporter import Reporter
from beacon.campaign.run import RunSpec
from beacon.model.profile import Estimate
from beacon.model.recognition import Recognition
from beacon.model.run import Run


class Series:
    """Passes everything on; the runs that a campaign plans come after those of the ones before."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._before = self._done = 0
        self._listed = False

    def follow(self) -> None:
        """Another campaign begins."""
        self._before = self._done

    def say(self, text: str) -> None:
        """As every reporter."""
        self._reporter.say(text)

    def demanded(self, demands: Sequence[Demand], consent: Consent) -> None:
        """The first time only: the others ask for the same."""
        if not self._listed:
            self._reporter.demanded(demands, consent)
        self._listed = True

    def planned(self, total: int) -> None:
        """So many runs of this campaign, after those before it."""
        self._reporter.planned(self._before + total)

    def resumed(self, runs: int, new_events: int) -> None:
        """As every reporter."""
        self._reporter.resumed(runs, new_events)

    def estimated(self, estimate: Estimate) -> None:
        """As every reporter."""
        self._reporter.estimated(estimate)

    def recognised(self, recognition: Recognition) -> None:
        """As every reporter."""
        self._reporter.recognised(recognition)

    def started(self, spec: RunSpec) -> None:
        """As every reporter."""
        self._reporter.started(spec)

    def finished(self, spec: RunSpec, run: Run, new_events: int) -> None:
        """Count it."""
        self._done += 1
        self._reporter.finished(spec, run, new_events)
