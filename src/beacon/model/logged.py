"""What `verify --log` saw: runs without the policy, and what it would have denied."""

from __future__ import annotations

import msgspec

from beacon.model.deviation import Deviation, is_wider
from beacon.model.environment import Environment
from beacon.model.missing import Missing
from beacon.model.numbers import Count
from beacon.model.origin import ImageIdentity
from beacon.model.run import Outcome, RunKind
from beacon.model.verification import Difference, Verdict


class LoggedRun(msgspec.Struct, frozen=True):
    """One recorded run, repeated without the policy; its `differences` are not the policy's."""

    environment: Environment
    workload: str
    outcome: Outcome
    differences: tuple[Difference, ...] = ()

    @property
    def name(self) -> str:
        """`workload@environment`."""
        return str(RunKind(self.workload, self.environment))


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded runs without the policy, but for `left_out` that were not wanted.

    `starts` containers were started in the default environment as well. `missing` is what the
    policy would have denied. `files`: how the directory's files differ from policy.json; with wider
    ones nothing was run. This is not a proof of the policy: nothing was enforced.
    """

    image: ImageIdentity
    runs: tuple[LoggedRun, ...]
    missing: tuple[Missing, ...]
    beacon: str
    starts: Count = 0
    left_out: Count = 0
    files: tuple[Deviation, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Whether the policy would deny anything that the intent did not drop.

        What only runs that differ did is as much the environment's fault as the difference.
        """
        if is_wider(self.files) or not self.runs:
            return Verdict.POLICY
        differing = {run.name for run in self.runs if run.differences}
        if any(not (m.intended or differing.issuperset(m.evidence.runs)) for m in self.missing):
            return Verdict.POLICY
        return Verdict.ENVIRONMENT if differing else Verdict.VERIFIED
