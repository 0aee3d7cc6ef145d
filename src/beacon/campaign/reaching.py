"""What an image's programs can call, from the engine's copy of its files and from what ran."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from beacon.engines.interface import Engine, Image
from beacon.model.launch import Launch
from beacon.model.profile import Profile
from beacon.model.reach import Reach
from beacon.model.run import Run
from beacon.reach.analysis import of_image
from beacon.reach.cache import Cache
from beacon.reach.closure import EndlessError
from beacon.reach.inspection import UnreadableError, inspect
from beacon.reach.settings import DEFAULT_PATH, Settings

#: The architecture, as engines name it, whose programs can be analysed.
_ANALYSED = "amd64"


def reach_of(
    engine: Engine, image: Image, launch: Launch, executed: Iterable[str], cache: Cache
) -> Reach:
    """Of an image that is started so; `executed` are the paths that runs executed.

    UnreadableError for files that cannot be analysed; nothing of the image is run.
    """
    if image.architecture not in (_ANALYSED, ""):
        raise UnreadableError(
            f"Programs for {image.architecture} are not analysed, only those for {_ANALYSED}: "
            "the image's reach is unknown."
        )
    listing, facts = inspect(lambda: engine.files(image), image.id, cache)
    try:
        return of_image(listing, facts, settings(image, launch), executed)
    except EndlessError as error:
        raise UnreadableError(
            f"The image's files cannot be analysed, for {error}: its reach is unknown."
        ) from None


def with_reach(profile: Profile, engine: Engine, image: Image, cache: Cache) -> Profile:
    """The profile with what its image's programs can call; UnreadableError as above."""
    found = reach_of(engine, image, profile.launch, executed(profile.runs), cache)
    return msgspec.structs.replace(profile, reach=found)


def executed(runs: Iterable[Run]) -> tuple[str, ...]:
    """The paths that runs executed, in the order in which they came, each once."""
    programs = (program for run in runs for program in run.observation.programs)
    return tuple(dict.fromkeys(program.path for program in programs))


def settings(image: Image, launch: Launch) -> Settings:
    """What the container is started with, as far as it says which programs run.

    As `docker run` has it: an entry point of the launch takes the image's command away.
    """
    own = image.command[: len(image.command) - len(image.arguments)]
    entry = own if launch.entrypoint is None else (launch.entrypoint,)
    arguments = image.arguments if launch.entrypoint is None else ()
    health = image.health_command if launch.health_cmd is None else (launch.health_cmd,)
    health = () if launch.no_healthcheck else health
    named = (word.partition("=") for word in launch.env)
    path = next((value for name, _, value in named if name == "PATH"), image.path)
    return Settings(
        words=(*entry, *(launch.command or arguments)),
        health=health,
        path=path or DEFAULT_PATH,
        folder=launch.workdir or image.folder,
    )
