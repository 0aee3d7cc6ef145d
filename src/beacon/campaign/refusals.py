"""What was asked for and cannot come true, said before anything is run."""

from __future__ import annotations

from collections.abc import Iterator

from beacon.campaign.job import may_be_job, uncopied
from beacon.campaign.recognising import reachable
from beacon.campaign.request import ProfileRequest
from beacon.engines.interface import Image
from beacon.errors import UsageError
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted
from beacon.workloads.discovery import is_known
from beacon.workloads.none import NoWorkload

#: Options that only exploring strategies follow, with the value that says nothing.
_EXPLORING = ("dimensions", "max_runs", "time_budget")


def check_possible(launch: Launch, image: Image, workload: str | None) -> None:
    """UsageError for a launch that no container can become ready in, or be driven in."""
    line = launch.ready_log
    if line is not None and (not line or "\n" in line or "\r" in line):
        raise UsageError(
            "--ready-log takes a part of one line: give it some text without a line's end."
        )
    if _waits(launch, image) and launch.ready_after > launch.ready_timeout:
        raise UsageError(
            f"The container is to live for {launch.ready_after:g} s before it counts as ready, but "
            f"is given up after {launch.ready_timeout:g} s: raise --ready-timeout, or lower "
            "--ready-after."
        )
    needs_client = workload not in (None, NoWorkload.name) and is_known(workload or "")
    if needs_client and not reachable(launch):
        raise UsageError(
            "No client reaches a container with --network "
            f"{escape_untrusted(launch.network or '')}: "
            "leave out --workload, or give it another network."
        )


def without_effect(request: ProfileRequest, image: Image) -> Iterator[str]:
    """What was asked for and changes nothing here, or not all that it could, a sentence each."""
    launch = request.launch
    yield from _unheeded(launch, image)
    if may_be_job(image, launch):
        yield from uncopied(launch)
    if request.strategy == "baseline":
        for name in _EXPLORING:
            if getattr(request, name) is not None:
                flag = "--" + name.replace("_", "-")
                yield f"{flag} has no effect with --strategy baseline, which explores nothing"


def _unheeded(launch: Launch, image: Image) -> Iterator[str]:
    """What was said of when it is ready, and does not count."""
    after = None if launch.ready_after == Launch().ready_after else launch.ready_after
    if launch.job:
        for flag, given in (("log", launch.ready_log), ("after", after)):
            if given is not None:
                yield f"--ready-{flag} has no effect: a job (--job) is never ready"
    elif after is not None and not _waits(launch, image):
        decides = _deciding(launch, image)
        yield f"--ready-after has no effect: {decides} says when the container is ready"


def _waits(launch: Launch, image: Image) -> bool:
    """Whether being alive long enough makes it ready."""
    decided = (
        launch.job or launch.ready_log is not None or image.ports or image.has_health_check(launch)
    )
    return not decided


def _deciding(launch: Launch, image: Image) -> str:
    if launch.ready_log is not None:
        return "its log (--ready-log)"
    return "its health check" if image.has_health_check(launch) else "a port that the image exposes"
