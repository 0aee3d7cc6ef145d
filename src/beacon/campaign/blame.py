"""What a policy is at fault for, judged by runs under it and without it.

What shows without the policy, too, is not its fault. What it denies it denies each time, and the
kernel shows it; so a check or an ending that differs with nothing denied may be chance, and both
kinds of run are repeated `REPEATS` times. The policy is blamed for what then shows in every run
under it and in none without: where a chance of q alone makes a run differ, policy or not, that
happens with q^4 (1-q)^4, in one of 256 cases at most. What failed and then passed under the policy
is not prevented by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from beacon.model.run import Ending, Outcome
from beacon.model.verification import DENIALS, Difference, DifferenceKind, Shown

#: How often runs under the policy and without it are repeated while chance may explain them.
REPEATS = 3

#: What identifies a difference.
Key = tuple[DifferenceKind, str]

_MAY_BE_CHANCE = (DifferenceKind.ENDING, DifferenceKind.CHECK)
#: How far a run came.
_REACHED = {
    Ending.REFUSED: 0,
    Ending.EXITED: 1,
    Ending.TIMED_OUT: 1,
    Ending.DIED: 2,
    Ending.FINISHED: 3,
    Ending.SERVED: 3,
}


@dataclass(frozen=True)
class Trial:
    """One run as compared with the recorded one.

    `intended`: something was denied as wanted. In its `exceptions` the recorded run may be the one
    that is out of the way.
    """

    outcome: Outcome
    differences: tuple[Difference, ...]
    intended: bool = False
    exceptions: frozenset[Key] = frozenset()

    def has(self, key: Key) -> bool:
        """Whether it differs so."""
        return any(key_of(each) == key for each in self.differences)

    @property
    def denied(self) -> bool:
        """Whether anything was denied in it."""
        return self.intended or any(each.kind in DENIALS for each in self.differences)


@dataclass(frozen=True)
class Trials:
    """The runs that repeat one recorded run, in the `default` environment or another."""

    enforced: tuple[Trial, ...]
    control: tuple[Trial, ...] = ()
    default: bool = True


@dataclass(frozen=True)
class Blame:
    """Every difference that the runs under the policy showed, once; fields as in VerifiedRun."""

    policy: tuple[Difference, ...]
    control: tuple[Shown, ...] = ()
    unsteady: tuple[Shown, ...] = ()


def key_of(difference: Difference) -> Key:
    """What makes two differences the same, whatever their details."""
    return difference.kind, difference.name


def blame(trials: Trials) -> Blame:
    """Tell the policy's differences from the environment's and from chance."""
    policy: list[Difference] = []
    control: list[Shown] = []
    unsteady: list[Shown] = []
    for shown in _shown(trials):
        if shown.control:
            (unsteady if _is_unsteady(trials, shown) else control).append(shown)
        elif shown.enforced < len(trials.enforced) and _excused(trials, shown.difference):
            unsteady.append(shown)
        else:
            policy.append(shown.difference)
    return Blame(tuple(policy), tuple(control), tuple(unsteady))


def _is_unsteady(trials: Trials, shown: Shown) -> bool:
    """Whether what shows without the policy, too, does not say that the container fails there.

    It does not show each time, or the recorded run is the exception.
    """
    if shown.enforced < len(trials.enforced) or _is_exception(trials, shown.difference):
        return True
    return shown.control < len(trials.control) and not _is_beside_denial(trials, shown.difference)


def _is_exception(trials: Trials, difference: Difference) -> bool:
    return all(key_of(difference) in trial.exceptions for trial in trials.enforced)


def _is_beside_denial(trials: Trials, difference: Difference) -> bool:
    return any(trial.denied for trial in trials.enforced if trial.has(key_of(difference)))


def suffered(differences: Sequence[Difference]) -> tuple[str, ...]:
    """The checks and the ending among a policy's differences, if nothing explains them here."""
    if any(each.kind in DENIALS for each in differences):
        return ()
    return tuple(each.name for each in differences if each.kind in _MAY_BE_CHANCE)


def is_open(trials: Trials) -> bool:
    """Whether more runs may change what is blamed; not once the policy denied something.

    Beside a denial that was wanted one repetition is enough: chance is then the lesser suspect.
    """
    shown = _shown(trials)
    if any(not each.control and each.difference.kind in DENIALS for each in shown):
        return False
    runs, controls = len(trials.enforced), len(trials.control)
    intended = any(trial.intended for trial in trials.enforced)
    return any(
        each.difference.kind in _MAY_BE_CHANCE
        and each.enforced == runs
        and not (each.control and _is_exception(trials, each.difference))
        and (runs < 2 or (each.control < controls and not intended))
        for each in shown
    )


def _shown(trials: Trials) -> tuple[Shown, ...]:
    """How often each difference showed, as it was first seen under the policy."""
    return tuple(
        Shown(
            difference,
            sum(each.has(key_of(difference)) for each in trials.enforced),
            sum(_is_as_bad(each, difference, outcome) for each in trials.control),
        )
        for difference, outcome in _first(trials)
    )


def _first(trials: Trials) -> Iterator[tuple[Difference, Outcome]]:
    seen: set[Key] = set()
    for trial in trials.enforced:
        for each in trial.differences:
            if key_of(each) not in seen:
                seen.add(key_of(each))
                yield each, trial.outcome


def _is_as_bad(control: Trial, difference: Difference, enforced: Outcome) -> bool:
    """Whether a run without the policy differs in the same way, and is no better."""
    if control.outcome.ending is Ending.REFUSED:  # by the engine: it says nothing of the container
        return enforced.ending is Ending.REFUSED
    if difference.kind is DifferenceKind.ENDING:
        came_farther = _REACHED[control.outcome.ending] > _REACHED[enforced.ending]
        return not came_farther and any(d.kind is difference.kind for d in control.differences)
    if difference.kind is DifferenceKind.CHECK:
        if not control.outcome.ready:
            return True
        better = difference.name in _passed(control.outcome) - _passed(enforced)
        return not better and control.has(key_of(difference))
    return control.has(key_of(difference))


def _passed(outcome: Outcome) -> frozenset[str]:
    return frozenset(check.name for check in outcome.checks if check.passed)


def _excused(trials: Trials, difference: Difference) -> bool:
    """Whether it is chance although no run without the policy shows it.

    A container that does not even become ready in the default environment is no chance.
    """
    if difference.kind not in _MAY_BE_CHANCE or _is_beside_denial(trials, difference):
        return False
    ready = all(trial.outcome.ready for trial in trials.enforced)
    return ready or not trials.default
