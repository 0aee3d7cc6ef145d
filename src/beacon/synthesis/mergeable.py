"""Which profiles can become one, and why others cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from beacon.errors import UsageError
from beacon.model.launch import Launch
from beacon.model.profile import Profile
from beacon.model.run import Ending
from beacon.model.script import MOST_SCRIPTS, Script
from beacon.model.text import escape_untrusted

#: How long to wait says nothing of what is started.
_WAITING = ("ready_after", "ready_timeout")
_SHOWN, _LONGEST = 5, 100  # names, and characters of each


def check_mergeable(profiles: Sequence[Profile], *, different_images: bool = False) -> None:
    """UsageError, which says why, for profiles that no single policy could be proved for."""
    for reason in _reasons(profiles, different_images):
        raise UsageError(f"These profiles cannot be merged: {reason}.")


def _reasons(profiles: Sequence[Profile], different_images: bool) -> Iterator[str]:
    images = [origin.image for each in profiles for origin in each.origins()]
    architectures = {image.architecture for image in images}
    if len(architectures) > 1:
        yield (
            f"they are for {_listed(architectures)}, whose system calls differ; make a policy for "
            "each"
        )
    repositories = {repository(image.reference) for image in images}
    if len(repositories) > 1 and len({image.id for image in images}) > 1 and not different_images:
        yield (
            f"they are of different images ({_listed(repositories)}); make a policy for each, or "
            "give --different-images"
        )
    if differing := _differing([each.launch for each in profiles]):
        yield (
            f"they were recorded with different values of {_listed(differing)}, and a policy is "
            "verified with one; profile with the same options"
        )
    if len(set(map(is_job, profiles))) > 1:
        yield "some are of a job that ends by itself, others of a service; make a policy for each"


def repository(reference: str) -> str:
    """An image's name without its tag and digest: `registry:5000/web` of `registry:5000/web:1`."""
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def _differing(launches: Sequence[Launch]) -> set[str]:
    """The options by name, never their values, which may be secrets."""
    return {
        f"--{name.replace('_', '-')}"
        for name in Launch.__struct_fields__
        if name not in _WAITING and len({getattr(each, name) for each in launches}) > 1
    }


def joined_launch(launches: Sequence[Launch]) -> Launch:
    """That of all of them; it waits as long as the most patient one."""
    longest = {name: max(getattr(each, name) for each in launches) for name in _WAITING}
    return msgspec.structs.replace(launches[0], **longest)


def joined_scripts(found: Iterable[tuple[Script, ...]]) -> tuple[Script, ...]:
    """Each once, by name; UsageError where one name stands for two programs, or for too many."""
    scripts = {each for group in found for each in group}
    names = {each.name for each in scripts}
    if len(names) < len(scripts):
        twice = [name for name in names if sum(each.name == name for each in scripts) > 1]
        raise UsageError(
            f"These profiles cannot be merged: {_listed(twice)} is another program in each; give "
            "one of them another name and profile again."
        )
    if len(scripts) > MOST_SCRIPTS:
        raise UsageError(
            f"These profiles cannot be merged: they have {len(scripts)} programs as workloads, and "
            f"a profile has {MOST_SCRIPTS} at most."
        )
    return tuple(sorted(scripts, key=lambda each: each.name))


def is_job(profile: Profile) -> bool:
    """Whether its container did its work and ended in the default environment."""
    ready = [run for run in profile.ready_runs() if not run.environment.settings]
    return bool(ready) and all(run.outcome.ending is Ending.FINISHED for run in ready)


def _listed(names: Iterable[str]) -> str:
    """The first of them, printable and of bounded length."""
    found = sorted(names)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(escape_untrusted(each[:_LONGEST]) for each in found[:_SHOWN]) + more
