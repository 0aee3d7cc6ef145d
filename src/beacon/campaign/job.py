"""Jobs: containers that do their work and end by themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from beacon.engines.file_copy import budget, left_out
from beacon.engines.interface import Container, Image, Readiness, RefusedError
from beacon.errors import BeaconError
from beacon.model.launch import Launch
from beacon.model.run import Check, Ending, Outcome
from beacon.model.text import escape_untrusted

#: Shells answer from here on for what could not be executed, and for what a signal ended.
_BROKEN = 126
_SHOWN = 3


def may_be_job(image: Image, launch: Launch) -> bool:
    """Whether a container that ends by itself has done its work, not failed to serve."""
    serves = bool(image.ports) or image.has_health_check(launch) or launch.ready_log is not None
    return launch.job or launch.stdin is not None or not serves


def uncopied(launch: Launch) -> Iterator[str]:
    """What the copies of a job's data lack, a note for each folder that it could write to."""
    for source in sorted({each.shared_source or "" for each in launch.mounted()}):
        if not (source.startswith("/") and Path(source).is_dir()):
            continue
        try:
            names = list(left_out(Path(source).resolve(), budget()))
        except (OSError, BeaconError):  # it is told when it is copied
            continue
        if names:
            shown = escape_untrusted(", ".join(names[:_SHOWN])) + (" …" if names[_SHOWN:] else "")
            yield (
                f"each run gets a copy of {escape_untrusted(source)}, without its sockets and "
                "devices "
                f"({shown})"
            )


def until_the_end(readiness: Readiness) -> Readiness:
    """The readiness of a container that is known to be a job: that it lives on shows nothing."""
    return Readiness(timeout=readiness.timeout, stable=math.inf)


def finished(container: Container, launch: Launch) -> Outcome | None:
    """The outcome of a job that ended; None for a code that no job ends with unless it is said."""
    try:
        code = container.exit_code()
        if code is None or (code >= _BROKEN and not launch.job):
            return None
        checks = tuple(_check(name, digest) for name, digest in container.output().items())
        return Outcome(ending=Ending.FINISHED, checks=checks, exit_code=code, log=container.logs())
    except RefusedError:  # somebody removed it
        return None


def _check(name: str, digest: str | None) -> Check:
    detail = None if digest else "it is too much, was not read to its end, or has an echo in it"
    return Check(name, passed=True, value=digest, detail=detail)
