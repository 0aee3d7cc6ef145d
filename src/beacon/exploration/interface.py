"""What a campaign asks of a strategy: which environments to run next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from beacon.exploration.estimate import Trial, estimate
from beacon.model.environment import Environment
from beacon.model.profile import Estimate


class Strategy(ABC):
    """Proposes environments in batches; the same answers for the same seed and trials."""

    name: str

    @abstractmethod
    def propose(self, trials: Sequence[Trial]) -> Sequence[Environment]:
        """The next batch, none of it tried before; empty when there is nothing left to try.

        `trials` are all of the earlier batches, the default environment's first. A batch is run
        as a whole before the next is asked for, so that parallel runs change no proposal.
        """

    def estimate(self, trials: Sequence[Trial]) -> Estimate:
        """How likely one more run of this strategy shows something new."""
        return estimate(trials, lambda trial: bool(trial.environment.settings))
