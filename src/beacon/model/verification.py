"""What came of running a container under its policy."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from beacon.model.certificate import Certificate
from beacon.model.coverage import Coverage
from beacon.model.deviation import Deviation, is_wider
from beacon.model.environment import Environment
from beacon.model.event import Event, Phase
from beacon.model.listener import Listener
from beacon.model.numbers import Count
from beacon.model.origin import ImageIdentity
from beacon.model.run import Outcome, RunKind

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


#: Those that say what was denied.
DENIALS = frozenset({DifferenceKind.SYSCALL, DifferenceKind.KILLED, DifferenceKind.CAPABILITY})


class Difference(msgspec.Struct, frozen=True):
    """One way in which the enforced container differs from the recorded one."""

    kind: DifferenceKind
    name: str
    detail: str


class Shown(msgspec.Struct, frozen=True):
    """A difference that is not the policy's fault.

    `enforced` runs under the policy showed it, and `control` runs without.
    """

    difference: Difference
    enforced: Count
    control: Count


class IntendedDenial(msgspec.Struct, frozen=True, kw_only=True):
    """What the intent dropped, the container then asked for, and did not get.

    `places` are the calls in which a capability was needed, in words.
    """

    event: str
    phase: Phase
    count: Count
    processes: tuple[str, ...]
    places: tuple[str, ...] = ()

    def joined(self, other: IntendedDenial) -> IntendedDenial:
        """The same denial at both places."""
        return IntendedDenial(
            event=self.event,
            phase=self.phase,
            count=self.count + other.count,
            processes=tuple(sorted({*self.processes, *other.processes})),
            places=tuple(sorted({*self.places, *other.places})),
        )

    def sentence(self) -> str:
        """`kill, 1 time in shutdown, by supervisord`."""
        times = f"{self.count} time" if self.count == 1 else f"{self.count} times"
        where = f" in {'; '.join(self.places)}" if self.places else ""
        return f"{self.event}, {times} in {self.phase}, by {', '.join(self.processes)}{where}"


class VerifiedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded run, repeated under the policy `enforced` times, and `control` times without.

    `differences` are the policy's fault. `control_differences` show without it, too; those that
    are `unsteady` show in some runs under the policy only, which does not cause them: see
    campaign/blame.py. `killed` threads and processes were ended by the filter, `trapped` calls
    answered with SIGSYS. `intended` denials fail no verification by themselves; where nothing else
    was denied, `suffered` names the checks and the ending among `differences`, which they explain.
    `elsewhere` are the fault of another policy, that of a service of the same stack.
    A workload `drove` these sockets. One that was not `recorded` is compared with a run without the
    policy just before.
    """

    environment: Environment
    workload: str
    outcome: Outcome
    differences: tuple[Difference, ...]
    killed: int = 0
    trapped: int = 0
    control_differences: tuple[Shown, ...] = ()
    unsteady: tuple[Shown, ...] = ()
    intended: tuple[IntendedDenial, ...] = ()
    suffered: tuple[str, ...] = ()
    enforced: Count = 1
    control: Count = 0
    drove: tuple[Listener, ...] = ()
    recorded: bool = True
    elsewhere: tuple[Difference, ...] = ()

    @property
    def kind(self) -> RunKind:
        """What it has in common with the recorded run."""
        return RunKind(self.workload, self.environment)


class Starts(msgspec.Struct, frozen=True, kw_only=True):
    """The container started again and again in the default environment, without a workload.

    `failed` of `count` did not come as far as the recorded run; `reasons` are in words, each once.
    What was denied in any of them is among `differences`, as are signals by the filter. `control`
    are starts without the policy, where those under it did not pass.
    """

    count: Count
    failed: Count = 0
    reasons: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    control: Starts | None = None

    @property
    def passed(self) -> bool:
        """Whether every start succeeded, and nothing was denied."""
        return not (self.failed or self.differences)

    @property
    def blames_policy(self) -> bool:
        """Whether starts fail, or something is denied in them, under the policy alone."""
        control = self.control or Starts(count=0)
        anyway = {(each.kind, each.name) for each in control.differences}
        denied = any((each.kind, each.name) not in anyway for each in self.differences)
        return denied or (self.failed > 0 and not control.failed)


class LeftOut(msgspec.Struct, frozen=True):
    """An environment under the policy without the `events` that it alone used."""

    environment: Environment
    events: tuple[Event, ...]
    runs: tuple[VerifiedRun, ...]

    @property
    def denied(self) -> bool:
        """Whether the container asked for anything that it did not get."""
        return any(run.differences for run in self.runs)

    @property
    def suffered(self) -> tuple[str, ...]:
        """The checks and endings that differ, each once."""
        found = (d for run in self.runs for d in run.differences if d.kind in _SUFFERING)
        return tuple(dict.fromkeys(each.name for each in found))


_SUFFERING = (DifferenceKind.ENDING, DifferenceKind.CHECK)


class Verdict(StrEnum):
    """What a verification came to."""

    VERIFIED = "verified"
    POLICY = "policy"  # the policy breaks something, or nothing was run
    ENVIRONMENT = "environment"  # what differs differs without the policy, or by another's fault


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of an image under a policy: those recorded, but for `left_out` not wanted, and more.

    `starts` is None where none were wanted, `runtime` the one that started the containers.
    `coverage` is that of these runs; `certificate` sums it up, None where nothing was run. `files`:
    how the directory's files differ from policy.json; under wider ones nothing was run.
    `uncontrolled` runs differ and were too many to be run without the policy. `leave_one_out`
    are the environments that lack something in the profile's recall, None where their runs were not
    wanted: they say nothing against this policy.
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
    uncontrolled: Count = 0
    certificate: Certificate | None = None
    leave_one_out: tuple[LeftOut, ...] | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether it holds, and if it does not whether the policy is at fault."""
        starts = self.starts or Starts(count=0)
        if is_wider(self.files) or not self.runs or starts.blames_policy:
            return Verdict.POLICY
        if any(run.differences for run in self.runs):
            return Verdict.POLICY
        if not starts.passed or any(r.control_differences or r.elsewhere for r in self.runs):
            return Verdict.ENVIRONMENT
        return Verdict.VERIFIED

    @property
    def passed(self) -> bool:
        """Whether no run differs, each start succeeds, no file allows more than policy.json."""
        return self.verdict is Verdict.VERIFIED
