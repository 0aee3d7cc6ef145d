"""What came of running a container under its policy."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from beacon.model.coverage import Coverage
from beacon.model.deviation import Deviation, is_wider
from beacon.model.environment import Environment
from beacon.model.numbers import Count
from beacon.model.profile import ImageIdentity
from beacon.model.run import Outcome

#: Of verification.json.
VERIFICATION_VERSION = 1


class DifferenceKind(StrEnum):
    """What differs from the recording."""

    ENDING = "ending"
    CHECK = "check"
    SYSCALL = "denied system call"
    KILLED = "killed by the filter"
    CAPABILITY = "denied capability"
    LOSS = "loss"


class Difference(msgspec.Struct, frozen=True):
    """One way in which the enforced container differs from the recorded one."""

    kind: DifferenceKind
    name: str
    detail: str


class VerifiedRun(msgspec.Struct, frozen=True):
    """One recorded run, repeated under the policy.

    `killed` threads and processes were ended by the filter, `trapped` calls answered with SIGSYS.
    `at_first` is what differed before it was repeated once, alone, for it may have been chance.
    """

    environment: Environment
    workload: str
    outcome: Outcome
    differences: tuple[Difference, ...]
    killed: int = 0
    trapped: int = 0
    at_first: tuple[Difference, ...] = ()


class Starts(msgspec.Struct, frozen=True):
    """The container started again and again in the default environment, without a workload.

    `failed` of `count` did not come as far as the recorded run; `reasons` are in words, each once.
    What was denied in any of them is among `differences`, as are signals by the filter.
    """

    count: Count
    failed: Count = 0
    reasons: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every start succeeded, and nothing was denied."""
        return not (self.failed or self.differences)


class Verification(msgspec.Struct, frozen=True):
    """The recorded runs, repeated under the policy, but for `left_out` that were not wanted.

    `starts` is None where none were wanted, `runtime` the one that started the containers.
    `coverage` is that of these runs. `files`: how the directory's files differ from policy.json;
    under wider ones nothing was run.
    """

    image: ImageIdentity
    runs: tuple[VerifiedRun, ...]
    beacon: str
    left_out: int = 0
    files: tuple[Deviation, ...] = ()
    version: int = VERIFICATION_VERSION
    starts: Starts | None = None
    runtime: str | None = None
    coverage: Coverage = Coverage()

    @property
    def passed(self) -> bool:
        """Whether no run differs, each start succeeds, no file allows more than policy.json."""
        differs = is_wider(self.files) or any(run.differences for run in self.runs)
        started = self.starts is None or self.starts.passed
        return bool(self.runs) and started and not differs
