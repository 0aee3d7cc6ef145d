"""What a campaign asks of a strategy: which environments to run next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from beacon.exploration.estimate import Trial
from beacon.model.environment import Environment


class Strategy(ABC):
    """Proposes environments in batches; the same answers for the same seed and trials."""

    name: str
    #: How often it has the default environment run again, to see what chance alone shows.
    repetitions = 0

    @abstractmethod
    def propose(self, trials: Sequence[Trial]) -> Sequence[Environment]:
        """The next batch, none of it tried before; empty when there is nothing left to try.

        `trials` are all of the earlier batches, the default environment's first. A batch is run
        as a whole before the next is asked for, so that parallel runs change no proposal.
        """

    def judges(self, environment: Environment) -> bool:
        """Whether the chance that another combination shows something new is estimated from it.

        Here every combination; a strategy says so where it did not choose all of them by chance.
        """
        return len(environment.settings) > 1
