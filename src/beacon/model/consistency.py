"""Whether the parts of a document fit together, which its types alone do not say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from beacon.model.coverage import coverage
from beacon.model.environment import Environment, EnvironmentSpace
from beacon.model.origin import ImageIdentity, Origin
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.recall import Recall
from beacon.model.run import RunKind
from beacon.model.script import MOST_SCRIPTS, Script

_MOST_RUNTIMES = 128
_Named = tuple[RunKind, int | str]


def check_profile(profile: Profile) -> None:
    """ValueError if it names an environment that it does not describe, or a run twice.

    Also if its coverage is not what its runs show, if its recall is of environments without a run,
    if a run comes from none of its sources, for a script that it names twice, and for an image with
    the name of an option.
    """
    _check_scripts(profile.scripts)
    _check_names([profile.image, *(source.origin.image for source in profile.sources)])
    _check((each.kind, each.repeat) for each in profile.runs)
    environments = {each.environment for each in profile.runs}
    _check_settings(environments, profile.surroundings)
    if not _left_out(profile.recall) <= environments:
        raise ValueError("its recall names an environment that no run had")
    found = coverage(profile.runs, profile.surroundings)
    if profile.coverage not in (None, found):
        raise ValueError("its coverage is not that of its runs")
    origins: set[Origin | None] = {source.origin for source in profile.sources}
    if not {run.origin for run in profile.runs} <= (origins or {None}):
        raise ValueError("a run comes from none of its sources")


def check_policy(policy: Policy) -> None:
    """ValueError if it names an environment that it does not describe, or a replay twice.

    Also for more container runtimes than there are, for an event or a script that comes twice, and
    for an image with the name of an option.
    """
    _check_scripts(policy.scripts)
    _check_names([policy.image, *(each.image for each in policy.replays if each.image)])
    if len({each.event for each in policy.entries}) < len(policy.entries):
        raise ValueError("it decides one event twice")
    if len(policy.runtimes) > _MOST_RUNTIMES:
        raise ValueError(f"it is for {len(policy.runtimes)} container runtimes")
    _check((each.kind, each.image.id if each.image else "") for each in policy.replays)
    environments = {each.environment for each in policy.replays}
    _check_settings(environments | _left_out(policy.recall), policy.surroundings)


def _left_out(recall: Recall | None) -> set[Environment]:
    return {each.environment for each in recall.lacking} if recall else set()


def _check(runs: Iterable[_Named]) -> None:
    seen: set[_Named] = set()
    for run in runs:
        if run in seen:
            raise ValueError(f"it has the run {run[0]} twice")
        seen.add(run)


def _check_names(images: Iterable[ImageIdentity]) -> None:
    """Names stand in commands that are suggested to users, as no engine calls an image."""
    if any(image.reference.startswith("-") for image in images):
        raise ValueError("it calls an image by the name of an option")


def _check_scripts(scripts: Sequence[Script]) -> None:
    if len(scripts) > MOST_SCRIPTS or len({each.name for each in scripts}) < len(scripts):
        raise ValueError(f"it names more than {MOST_SCRIPTS} scripts, or one twice")


def _check_settings(environments: Iterable[Environment], surroundings: EnvironmentSpace) -> None:
    known = {each.name: each.values for each in surroundings.dimensions}
    for name, value in {setting for each in environments for setting in each.settings}:
        if value not in known.get(name, {}):
            raise ValueError(f"it does not describe the environment {name}={value}")
