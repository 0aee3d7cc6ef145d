"""A profile: all runs of one image, the data that policies are derived from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from beacon.model.coverage import Coverage
from beacon.model.environment import EnvironmentSpace
from beacon.model.event import Event
from beacon.model.launch import Launch
from beacon.model.numbers import Count, Integer
from beacon.model.origin import Host, ImageIdentity, Origin
from beacon.model.reach import Reach
from beacon.model.recall import Recall
from beacon.model.recognition import Recognition
from beacon.model.run import Ending, Run
from beacon.model.script import Script
from beacon.model.support import Support, repeated, some, support, unanswered, unsupported

#: Of profile.json; a reader refuses a newer one.
PROFILE_VERSION = 1


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """The chance that one more of some equal things shows an event that the policy lacks.

    Of the `runs` (or dimensions) that were judged, `rare` showed an event that the policy from all
    others lacks; `low` and `high` bound the chance (90 %). `unseen` is Chao's lower bound of how
    many such events nothing has shown yet.
    """

    runs: Count
    rare: Count
    chance: float
    low: float
    high: float
    unseen: float

    def sentence(self, things: str) -> str:
        """`8% (1% to 24%; 1 of 12 combinations)`; `things` are what was judged."""
        if not self.runs:
            return "no estimate, for none was run"
        return (
            f"{self.chance:.0%} ({self.low:.0%} to {self.high:.0%}; "
            f"{self.rare} of {self.runs} {things})"
        )


class Exploration(msgspec.Struct, frozen=True, kw_only=True):
    """How the environments were chosen. `finished`: no budget ended it early.

    `estimate` is of another combination of the same settings, `kind` of another kind of setting
    (each dimension left out in turn), `repetition` of the default environment once more, which is
    what chance alone shows. An older document has the first only, judged by events, not by policy.
    """

    strategy: str
    seed: Integer
    finished: bool
    estimate: Estimate
    kind: Estimate | None = None
    repetition: Estimate | None = None

    def chances(self) -> Iterator[tuple[str, str]]:
        """What one more run could be, each with the chance that it shows something, in words."""
        if not self.estimate.runs and self.kind is None:
            return
        parts = (
            ("another combination of these settings", self.estimate, "combinations"),
            ("another kind of setting", self.kind, "dimensions"),
            ("the default environment once more (chance alone)", self.repetition, "equal runs"),
        )
        for what, estimate, things in parts:
            if estimate is not None:
                yield what, estimate.sentence(things)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A recording whose runs a merged profile has, and what its own profile said of them."""

    origin: Origin
    script: str | None = None
    exploration: Exploration | None = None
    reach: Reach | None = None
    recognition: Recognition | None = None
    scripts: tuple[Script, ...] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Every run of one image, with what it ran on. `beacon` is the version that recorded it.

    `scripts` are the workloads that are the user's own programs, kept beside the document; one of
    an older version has the SHA-256 of one in `script`, and its path as the workload's name.
    `coverage` follows from the runs; None in a document of an older version. `reach` is what the
    image's programs can call; None when nobody analysed it. `recognition`: what it was taken for.
    `recall`: each environment left out in turn; None where nothing but the default one was run.

    `sources` are the recordings of a merged profile, whose runs name their origin; image and host
    are then those of the latest run. Without sources all runs are of this image on this host.
    """

    image: ImageIdentity
    host: Host
    launch: Launch
    runs: tuple[Run, ...]
    beacon: str
    surroundings: EnvironmentSpace = EnvironmentSpace()
    exploration: Exploration | None = None
    version: Integer = PROFILE_VERSION
    script: str | None = None
    seal: str | None = None  # campaign/seal.py
    coverage: Coverage | None = None
    reach: Reach | None = None
    recognition: Recognition | None = None
    recall: Recall | None = None
    scripts: tuple[Script, ...] = ()
    sources: tuple[Source, ...] = ()

    def digest(self) -> str:
        """The SHA-256 of all that it says; the seal does not count."""
        content = msgspec.json.encode(msgspec.structs.replace(self, seal=None))
        return hashlib.sha256(content).hexdigest()

    def origin(self) -> Origin:
        """Its own image on its own host."""
        return Origin(self.image, self.host, self.beacon)

    def origins(self) -> tuple[Origin, ...]:
        """Where its runs come from, each once."""
        found = (source.origin for source in self.sources)
        return tuple(dict.fromkeys(found)) or (self.origin(),)

    def runtimes(self) -> tuple[str, ...]:
        """The container runtimes that its runs were recorded under, its own host's first."""
        others = {origin.host.runtime for origin in self.origins()} - {self.host.runtime}
        return (self.host.runtime, *sorted(others))

    def engines(self) -> tuple[str, ...]:
        """The engines that its runs were recorded under, its own host's first."""
        others = {origin.host.engine for origin in self.origins()} - {self.host.engine}
        return (self.host.engine, *sorted(others))

    def ready_runs(self) -> tuple[Run, ...]:
        """The runs whose events count: the others' stay apart."""
        return tuple(run for run in self.runs if run.outcome.ready)

    def events(self) -> frozenset[Event]:
        """Whatever a ready run used."""
        return frozenset[Event]().union(*(run.observation.events() for run in self.ready_runs()))

    def gaps(self) -> tuple[str, ...]:
        """Why this profile cannot be called complete, a sentence each; empty when it can."""
        return tuple(gap for group in repeated(self.runs) for gap in _gaps(group))

    def support(self) -> Support:
        """What the service answers to the checks of the default environment."""
        return support([each for each in repeated(self.runs) if not each[0].environment.settings])


def _gaps(group: Sequence[Run]) -> Iterator[str]:
    where = f"the run with workload {group[0].workload} in environment {group[0].environment.name}"
    # In other environments an image may well fail: that is an answer.
    if not group[0].environment.settings:
        yield from (f"{where} {why}" for why in _failures(group))
    for run in group:
        if run.joined:
            yield f"{where} was watched while it ran already: its start was not seen"
        for loss in run.observation.losses:
            yield f"{where} lost {loss.count} {loss.what}"


def _failures(group: Sequence[Run]) -> Iterator[str]:
    """Why the runs in the default environment do not show all that the container can do."""
    proper = (Ending.SERVED, Ending.FINISHED)
    endings = [run.outcome.ending for run in group if run.outcome.ending not in proper]
    checks = group[0].outcome.checks
    failed = [check.name for check in checks if not check.passed]
    if endings or (len(group) == 1 and failed):
        said = f", {len(failed)} of {len(checks)} checks failed: {some(failed)}" if failed else ""
        yield f"{(*endings, Ending.SERVED)[0]}{said}"
    elif untried := unanswered(group):
        yield f"did not come to an end with {len(untried)} checks: {some(untried)}"
    elif failed and len(failed) == len(checks) == len(unsupported(group)):
        yield f"passed none of its {len(checks)} checks"
