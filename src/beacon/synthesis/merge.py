"""Joins profiles of several hosts, test suites, versions of an image, or runtimes.

A merged profile is a function of two sets, its sources and its runs: so the order of merging, and
what is merged twice, make no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from beacon.errors import UsageError
from beacon.model.coverage import coverage
from beacon.model.environment import Changes, Dimension, EnvironmentSpace
from beacon.model.origin import Origin
from beacon.model.profile import Profile, Source
from beacon.model.recall import Recall
from beacon.model.run import Run, RunKind
from beacon.model.text import escape_untrusted
from beacon.synthesis.joined_reach import joined_reach
from beacon.synthesis.leave_out import LeaveOut, recall
from beacon.synthesis.mergeable import check_mergeable, joined_launch, joined_scripts

_ENCODER = msgspec.json.Encoder(order="deterministic")
_LONGEST = 100  # characters of a setting's name

_Part = TypeVar("_Part", Source, Run)


def merge(profiles: Sequence[Profile], *, different_images: bool = False) -> Profile:
    """One profile with the runs of all; UsageError for those that cannot be one.

    Equal runs are one run, whatever their place. Image, host and BeaCon's version are those of the
    latest run. An estimate of what is unseen speaks of one campaign, so each source keeps its own.
    """
    check_mergeable(profiles, different_images=different_images)
    sources = _distinct(source for each in profiles for source in sources_of(each))
    runs = _distinct(run for each in profiles for run in _own_runs(each))
    latest = _latest(sources, runs)
    surroundings = _surroundings(profiles)
    scripts = {source.script for source in sources}
    merged = Profile(
        image=latest.origin.image,
        host=latest.origin.host,
        launch=joined_launch([each.launch for each in profiles]),
        runs=_numbered(sorted(runs, key=lambda run: _place(run, latest.origin))),
        beacon=latest.origin.beacon,
        surroundings=surroundings,
        exploration=sources[0].exploration if len(sources) == 1 else None,
        # Of two scripts a seal would cover neither by this digest: consent asks for both again.
        script=latest.script if len(scripts) == 1 else None,
        coverage=coverage(runs, surroundings),
        reach=joined_reach(source.reach for source in sources),
        recognition=latest.recognition,
        sources=sources,
        scripts=joined_scripts(source.scripts for source in sources),
    )
    return msgspec.structs.replace(merged, recall=_recall(merged))


def _recall(merged: Profile) -> Recall | None:
    """Each environment left out in turn, of all that any source ran."""
    left = LeaveOut(merged) if _has_default(merged) else None
    return recall(left) if left and left.environments() else None


def _has_default(merged: Profile) -> bool:
    return any(not run.environment.settings for run in merged.ready_runs())


def sources_of(profile: Profile) -> tuple[Source, ...]:
    """The recordings that it was merged from, or itself as the only one."""
    return profile.sources or (
        Source(
            origin=profile.origin(),
            script=profile.script,
            exploration=profile.exploration,
            reach=profile.reach,
            recognition=profile.recognition,
            scripts=profile.scripts,
        ),
    )


def _own_runs(profile: Profile) -> Iterable[Run]:
    """The runs, each with its origin, and without the number that it has among the others."""
    own = profile.origin()
    for run in profile.runs:
        yield msgspec.structs.replace(run, origin=run.origin or own, repeat=0)


def _distinct(found: Iterable[_Part]) -> tuple[_Part, ...]:
    """Each once, by its content; sorted by it."""
    by_content = {_ENCODER.encode(each): each for each in found}
    return tuple(by_content[content] for content in sorted(by_content))


def _latest(sources: Sequence[Source], runs: Iterable[Run]) -> Source:
    """The source that recorded the last run."""
    last: dict[Origin | None, float] = defaultdict(float)
    for run in runs:
        last[run.origin] = max(last[run.origin], run.started_at)
    return max(sources, key=lambda source: (last[source.origin], _ENCODER.encode(source)))


def _place(run: Run, latest: Origin) -> tuple[object, ...]:
    """Where a run stands: the default environment and the latest image first, as in a recording.

    Of the runs of one kind the best comes first: it says what can be expected.
    """
    image = run.image_id
    return (
        bool(run.environment.settings),
        run.environment.settings,
        run.kind.driven,
        run.workload,
        image != latest.image.id,
        image,
        not run.outcome.passed,
        not run.outcome.ready,
        run.started_at,
        _ENCODER.encode(run),
    )


def _numbered(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The runs, with how many of the same workload in the same environment come before each."""
    seen: dict[RunKind, int] = defaultdict(int)
    found = []
    for run in runs:
        found.append(msgspec.structs.replace(run, repeat=seen[run.kind]))
        seen[run.kind] += 1
    return tuple(found)


def _surroundings(profiles: Iterable[Profile]) -> EnvironmentSpace:
    """What the runs' settings refer to, and nothing else; UsageError where one has two meanings."""
    found: dict[str, list[Dimension]] = defaultdict(list)
    for profile in profiles:
        used = {setting for run in profile.runs for setting in run.environment.settings}
        for each in profile.surroundings.dimensions:
            values = {k: v for k, v in each.values.items() if (each.name, k) in used}
            if values:
                found[each.name].append(msgspec.structs.replace(each, values=values))
    writable = {path for profile in profiles for path in profile.surroundings.writable}
    return EnvironmentSpace(
        tuple(_dimension(found[name]) for name in sorted(found)), tuple(sorted(writable))
    )


def _dimension(found: Sequence[Dimension]) -> Dimension:
    """All values; what only describes the dimension is of whichever comes first by its content."""
    values: dict[str, Changes] = {}
    kinds = {(each.kind, each.isolated) for each in found}
    for each in found:
        for name, changes in each.values.items():
            if values.setdefault(name, changes) != changes or len(kinds) > 1:
                setting = escape_untrusted(f"{each.name}={name}"[:_LONGEST])
                raise UsageError(
                    f"These profiles cannot be merged: the environment {setting} changes one thing "
                    "in one of them and another in another; profile with the same settings and the "
                    "same version of BeaCon."
                )
    first = min((msgspec.structs.replace(each, values={}) for each in found), key=_ENCODER.encode)
    return msgspec.structs.replace(first, values=dict(sorted(values.items())))
