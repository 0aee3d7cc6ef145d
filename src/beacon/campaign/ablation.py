"""Removes a policy's entries in groups, proves those that stay, and runs the rest as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from beacon.campaign.ablation_journal import Removal
from beacon.campaign.ablation_runs import AblationRuns, Question
from beacon.campaign.blame import REPEATS
from beacon.campaign.starts import start_again
from beacon.errors import BeaconError
from beacon.exploration.group_testing import Answer, shrink
from beacon.model.ablation import MOST_BREAKAGES, AblatedEntry, BreakageKind, Necessity
from beacon.model.event import Event, sort_key
from beacon.model.policy import Replay
from beacon.model.verification import Starts
from beacon.synthesis.ablated import Unit, without

#: Rounds of the check as a whole, each after what it put back; then all that is in doubt stays.
_ROUNDS = 4
_NAMED = 3  # entries in a line of the progress

#: What may differ under the whole policy: it is then no proof of anything.
_NOISE = (BreakageKind.CHECK, BreakageKind.PRIVILEGES)

BY_CHANCE = "kept: nothing broke without it, but the container runtime may make it by chance"
PRIVILEGES = "kept: nothing broke without it, but it gives up privileges, or asks which there are"
SOMETIMES = "kept: without it something broke in some runs"
NOT_REACHED = "kept: the budget ended before it was tested"
NOT_STARTING = "kept: without all that is unneeded the container does not start each time"


@dataclass(kw_only=True)
class Ablator:
    """Tests `units`; those that are `protected`, each for a reason, are proven but never removed.

    `replays` are all that count; the search asks the `telling` ones alone, and those that turn out
    to be. The answer is in `entries` once `run` has ended.
    """

    runs: AblationRuns
    units: Sequence[Unit]
    protected: Mapping[Unit, str]
    replays: Sequence[Replay]
    starts: int
    telling: tuple[Replay, ...] = ()
    removed: frozenset[Unit] = frozenset()
    proofs: dict[Unit, Removal] = field(default_factory=dict)
    sometimes: set[Unit] = field(default_factory=set)
    open: set[Unit] = field(default_factory=set)
    asked_for: set[Event] = field(default_factory=set)
    _harmless: frozenset[Unit] = frozenset()
    started: Starts | None = None
    unsteady: bool = False

    def run(self) -> None:
        """Do it all; BeaconError where the container differs under the whole policy."""
        self._baseline()
        self.telling = tuple(_telling(self.replays))
        self._settle([unit for unit in self.units if unit not in self.protected])
        self._prove([unit for unit in self.units if unit in self.protected])
        self._check_whole()

    @property
    def complete(self) -> bool:
        """Whether everything was tested."""
        return not self.open

    def entries(self) -> tuple[AblatedEntry, ...]:
        """What was found, entry by entry."""
        found = ((event, unit) for unit in self.units for event in unit)
        return tuple(
            self._entry(event, unit) for event, unit in sorted(found, key=lambda x: sort_key(x[0]))
        )

    def _entry(self, event: Event, unit: Unit) -> AblatedEntry:
        proof = self.proofs.get(unit)
        runs = 0 if proof is None else proof.runs
        if unit in self.removed and not self.unsteady:
            return AblatedEntry(
                event=event, necessity=Necessity.UNNEEDED, denied=event in self.asked_for
            )
        if proof is not None and proof.breaks:
            return AblatedEntry(
                event=event,
                necessity=Necessity.NEEDED,
                breaks=proof.breaks[:MOST_BREAKAGES],
                broken=len(proof.breaks),
                denied=bool(unit & set(proof.denied)),
                runs=runs,
            )
        return AblatedEntry(
            event=event, necessity=Necessity.UNTESTED, runs=runs, because=self._why(unit)
        )

    def _why(self, unit: Unit) -> str:
        if unit in self.removed:
            return NOT_STARTING
        if unit in self.sometimes:
            return SOMETIMES
        return self.protected.get(unit, NOT_REACHED) if unit in self.proofs else NOT_REACHED

    @property
    def _reserve(self) -> int:
        """Runs that the check as a whole takes, at most."""
        return sum(each.most_runs for each in self._whole(0))

    def _baseline(self) -> None:
        """What differs under the whole policy, too, says nothing of any entry."""
        questions = [_one(each, frozenset(), "the whole policy") for each in self.replays]
        for replay, found in zip(self.replays, self.runs.ask(questions), strict=True):
            if found is None:
                raise BeaconError("The budget is too small for one run of each kind: raise it.")
            breaks = [each for each in found.breaks if each.kind not in _NOISE]
            if breaks and not replay.environment.settings:
                raise BeaconError(
                    f"Under the whole policy {breaks[0].words()}, so nothing can be tested: see "
                    "what `beacon verify` says."
                )
            name = str(replay.kind)
            self.runs.noise[name] = frozenset(found.breaks)

    def _settle(self, units: Sequence[Unit]) -> None:
        """Remove of these what can go; the others are proven by the question that kept them."""
        harmful: list[tuple[frozenset[Unit], Removal]] = []

        def ask(removals: Sequence[frozenset[Unit]]) -> list[Answer[Unit] | None]:
            found = self._ask(removals)
            pairs = zip(removals, found, strict=True)
            harmful.extend((removed, each) for removed, each in pairs if each and each.breaks)
            return [
                None if each is None else Answer(bool(each.breaks), _units(removed, each.denied))
                for removed, each in zip(removals, found, strict=True)
            ]

        found = shrink(units, ask, self.runs.jobs, self.removed)
        self.removed = found.removed
        self.open |= {*found.open}
        for unit in found.needed:
            self.proofs[unit] = next(
                removal for removed, removal in harmful if removed - found.removed == {unit}
            )

    def _ask(self, removals: Sequence[frozenset[Unit]]) -> list[Removal | None]:
        questions = [
            Question(self._label(removed), _events(removed), self.telling) for removed in removals
        ]
        answers = self.runs.ask(questions, reserve=self._reserve)
        for removed, found in zip(removals, answers, strict=True):
            if found is not None and not found.breaks:
                self._harmless |= removed
        return answers

    def _label(self, removed: frozenset[Unit]) -> str:
        fresh = removed - self._harmless
        names = sorted((event for unit in fresh for event in unit), key=sort_key)
        if 0 < len(names) <= _NAMED:
            return f"without {', '.join(map(str, names))}"
        return f"without {len(_events(removed))} entries"

    def _prove(self, units: Sequence[Unit]) -> None:
        """Try what is left without each of these alone."""
        removals = [self.removed | {unit} for unit in units]
        for unit, found in zip(units, self._ask(removals), strict=True):
            if found is None:
                self.open.add(unit)
            else:
                self.proofs[unit] = found

    def _check_whole(self) -> None:
        """Run what is left in every way that counts, several times; what breaks is put back."""
        for number in range(_ROUNDS):
            if not (suspects := self._broken_whole(number)):
                break
            back = [unit for unit in self.units if unit in suspects]
            self.removed -= suspects
            if number == _ROUNDS - 2:  # whatever is in doubt now stays
                self.sometimes |= suspects
            else:
                self._settle(back)
        else:
            self.sometimes |= self.removed
            self.removed = frozenset()
        self._start()

    def _whole(self, number: int) -> list[Question]:
        removed = _events(self.removed)
        return [
            _one(each, removed, f"without all {len(removed)}", number * REPEATS + time)
            for each in self.replays
            for time in range(1 if each.environment.settings else REPEATS)
        ]

    def _broken_whole(self, number: int) -> frozenset[Unit]:
        """What may be at fault where it breaks; empty where it does not."""
        questions = self._whole(number)
        suspects: frozenset[Unit] = frozenset()
        self.asked_for.clear()
        for question, found in zip(questions, self.runs.ask(questions), strict=True):
            if found is None:  # the budget was too small for another round
                return self.removed
            self.asked_for |= {*found.denied}
            if found.breaks:
                self.telling = tuple(dict.fromkeys((*self.telling, *question.replays)))
                suspects |= _units(self.removed, found.denied) or self.removed
        return suspects

    def _start(self) -> None:
        removed = _events(self.removed)
        policy = without(self.runs.policy, removed)
        conditions = self.runs.under(policy)
        self.started = start_again(
            self.runs.context, conditions, policy, self.starts, self.runs.jobs
        )
        self.unsteady = self.started is not None and self.started.blames_policy


def _telling(replays: Sequence[Replay]) -> Iterable[Replay]:
    """Those of the default environment; one without a workload only where nothing is driven."""
    default = [each for each in replays if not each.environment.settings]
    driven = [each for each in default if each.kind.driven]
    return driven or default


def _one(replay: Replay, removed: frozenset[Event], label: str, number: int = 0) -> Question:
    return Question(label, removed, (replay,), round=number)


def _events(units: Iterable[Unit]) -> frozenset[Event]:
    return frozenset().union(*units)


def _units(units: Iterable[Unit], events: Collection[Event]) -> frozenset[Unit]:
    """Those of the units that hold one of the events."""
    return frozenset(unit for unit in units if not unit.isdisjoint(events))
