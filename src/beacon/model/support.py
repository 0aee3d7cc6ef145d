"""What a service does not support: checks that fail without any policy, run after run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from beacon.model.numbers import Count
from beacon.model.run import Check, Ending, Run, RunKind

_SHOWN = 3


class Support(msgspec.Struct, frozen=True):
    """Of all checks `tried`, those that never passed and those that passed in some runs only.

    Neither is a hole in a profile: what never works needs nothing, and what worked once was seen.
    """

    tried: Count
    unsupported: tuple[str, ...] = ()
    unsteady: tuple[str, ...] = ()

    def sentence(self) -> str | None:
        """`19 of 117 checks not supported: a, b, c and 16 more (--json)`; None if all are."""
        parts = ((self.unsupported, "not supported"), (self.unsteady, "passed only sometimes"))
        said = [
            f"{len(names)} of {self.tried} checks {what}: {some(names)}"
            for names, what in parts
            if names
        ]
        return "; ".join(said) or None


def support(groups: Iterable[Sequence[Run]]) -> Support:
    """What these groups of runs say together."""
    found = list(groups)
    return Support(
        sum(len(group[0].outcome.checks) for group in found),
        tuple(name for group in found for name in unsupported(group)),
        tuple(name for group in found for name in unsteady(group)),
    )


def repeated(runs: Iterable[Run]) -> Sequence[Sequence[Run]]:
    """The runs in their order, each together with those that repeat it with the same image."""
    groups: list[list[Run]] = []
    first: dict[tuple[RunKind, str | None], list[Run]] = {}
    for run in runs:
        key = run.kind, run.image_id
        if run.repeat and key in first:
            first[key].append(run)
        else:
            first[key] = [run]
            groups.append(first[key])
    return groups


def unsupported(group: Sequence[Run]) -> tuple[str, ...]:
    """The checks that were tried in every run of the group, and failed.

    None if there is one run only: a single failure may be chance.
    """
    if len(group) < 2:
        return ()
    open_ones = set(unanswered(group))
    return tuple(
        name for name, passed in _passed(group).items() if not any(passed) and name not in open_ones
    )


def unanswered(group: Sequence[Run]) -> tuple[str, ...]:
    """The checks that never passed, and were left out or broken off in some run."""
    passed = _passed(group)
    open_ones = (check.name for run in group for check in run.outcome.checks if not check.answered)
    return tuple(name for name in dict.fromkeys(open_ones) if not any(passed[name]))


def unsteady(group: Sequence[Run]) -> tuple[str, ...]:
    """The checks that passed in some runs of the group and not in others."""
    return tuple(name for name, passed in _passed(group).items() if any(passed) and not all(passed))


def together(group: Sequence[Run]) -> tuple[Check, ...]:
    """The checks of all runs, each as first answered; without a value where a run has another."""
    answers = [{check.name: check for check in run.outcome.checks} for run in group]
    first = {name: check for answer in reversed(answers) for name, check in answer.items()}
    names = dict.fromkeys(name for answer in answers for name in answer)
    return tuple(_steady(first[name], answers) for name in names)


def _steady(check: Check, answers: Sequence[Mapping[str, Check]]) -> Check:
    found = [answer.get(check.name) for answer in answers]
    if all(each is not None and each.value == check.value for each in found):
        return check
    return msgspec.structs.replace(check, value=None)


def compared(groups: Sequence[Sequence[Run]], group: Sequence[Run]) -> tuple[Check, ...]:
    """The checks of a group, with a value where it is known to be the same in each run.

    What a job writes in another environment, in the one run there, is compared only if it wrote
    the same in all runs of the default one.
    """
    checks = together(group)
    if len(group) > 1 or group[0].outcome.ending is not Ending.FINISHED:
        return checks
    steady = {
        check.name
        for each in groups
        if len(each) > 1 and not each[0].environment.settings
        if each[0].image_id == group[0].image_id
        for check in together(each)
        if check.value is not None
    }
    return tuple(
        check if check.name in steady else msgspec.structs.replace(check, value=None)
        for check in checks
    )


def uncompared(groups: Iterable[Sequence[Run]]) -> tuple[str, ...]:
    """What a job leaves in the default environment that tells nothing, being another each time."""
    return tuple(
        check.name
        for group in groups
        if group[0].outcome.ending is Ending.FINISHED and not group[0].environment.settings
        for check in together(group)
        if check.value is None
    )


def lacking(checks: Iterable[Check]) -> str | None:
    """`not tried: 17 checks (no account)`: what a workload was not given; None if nothing."""
    counts = Counter(what for check in checks if (what := check.lacked))
    shown = [f"{count} check{'s' * (count > 1)} ({what})" for what, count in sorted(counts.items())]
    return f"not tried: {', '.join(shown)}" if shown else None


def some(names: Sequence[str]) -> str:
    """At most three of them in words: `a, b, c and 16 more (--json)`."""
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more (--json)"


def _passed(group: Sequence[Run]) -> Mapping[str, list[bool]]:
    """Whether each check passed, run by run; one that a run lacks has failed there."""
    answers = [{check.name: check.passed for check in run.outcome.checks} for run in group]
    names = dict.fromkeys(name for answer in answers for name in answer)
    return {name: [answer.get(name, False) for answer in answers] for name in names}
