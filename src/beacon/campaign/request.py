"""What a caller asks of BeaCon, in one frozen object for each thing that it does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from beacon.campaign.consent import Consent
from beacon.campaign.settings import Settings
from beacon.campaign.starts import STARTS
from beacon.compose.interface import Stack
from beacon.engines.choose import EngineChoice
from beacon.engines.interface import Pull
from beacon.model.environment import Changes, Setting
from beacon.model.launch import Launch
from beacon.pod.interface import Pod


def default_jobs() -> int:
    """Runs at a time: four fifths of a run are waiting, so four times the processors."""
    return min(16, 4 * (os.cpu_count() or 1))


@dataclass(frozen=True)
class ProfileRequest:
    """Profile an image.

    `launch` is how it is started in every run. `workload` is the name of what drives it, or the
    path of an executable, or several with a `+` between them, one after the other; None: chosen by
    its sockets. `settings` holds environments that only it has. `services` are taken for
    recognised; None: recognised by what it runs. `as_configured`: no environments of services are
    explored.

    `dimensions` are those to explore (`NAME` or `NAME=VALUE`); None: all that give the image no
    part of the host. `max_runs` counts all runs, no run begins after `time_budget` seconds;
    `target` is the chance of something new, at the upper end of its interval, at which exploration
    ends.

    `stack_service` of `stack` is what is profiled, if given: what it needs is started, too. So is
    `pod_container` of `pod`, with those before and beside it.

    `directory` is where the journal is, so that `resume` can continue an interrupted campaign, and
    where workloads that are the user's own programs are kept; None: neither.
    """

    image: str
    _: KW_ONLY
    launch: Launch = field(default_factory=Launch)
    workload: str | None = None
    pull: Pull = Pull.MISSING
    settings: Settings = field(default_factory=Settings)
    services: tuple[str, ...] | None = None
    as_configured: bool = False
    strategy: str = "adaptive"
    dimensions: tuple[str, ...] | None = None
    max_runs: int | None = None
    time_budget: float | None = None
    target: float = 0.1
    seed: int = 1
    jobs: int = field(default_factory=default_jobs)
    directory: Path | None = None
    resume: bool = False
    stack: Stack | None = None
    stack_service: str | None = None
    pod: Pod | None = None
    pod_container: str | None = None
    engine: EngineChoice = field(default_factory=EngineChoice)


@dataclass(frozen=True)
class RecordRequest:
    """Start the stack of a compose file and run `command` against it.

    A service is given up that is not ready after `ready_timeout` seconds. `trust`: its policies may
    ask for more than the file gives it.
    """

    compose: Path
    command: tuple[str, ...]
    ready_timeout: float = Launch().ready_timeout
    trust: bool = False
    engine: EngineChoice = field(default_factory=EngineChoice)


@dataclass(frozen=True)
class VerifyRequest:
    """Verify the policy in a directory, by the image that was profiled, or by another `image`.

    `workloads`, by name or path, drive the container beside those that were recorded. `quick`:
    only the runs in the default environment are repeated. The container is started `starts` times
    more without a workload. `consent` is what the caller agrees to of all that the policy's files
    ask of this host; `granted` are environments that may ask for more. `leave_one_out`: each
    environment that the policy from all others would not cover is run under the policy without what
    it alone used. `stack` has the service that was profiled, `pod` the container.
    """

    policy: Path
    _: KW_ONLY
    quick: bool = False
    starts: int = STARTS
    jobs: int = field(default_factory=default_jobs)
    consent: Consent = field(default_factory=Consent)
    granted: Mapping[Setting, Changes] = field(default_factory=dict)
    leave_one_out: bool = False
    image: str | None = None
    workloads: tuple[str, ...] = ()
    stack: Stack | None = None
    pod: Pod | None = None
    engine: EngineChoice = field(default_factory=EngineChoice)


@dataclass(frozen=True)
class AblateRequest:
    """Find out what of the policy of the profile in a directory is needed.

    Beside the default environment the container is run in those recorded ones that consist of
    `environments` (`init=yes`, or `init` for all its values; `*` for all). `max_runs` bounds all
    runs but the starts; after `time_budget` seconds nothing but the final check begins. `starts`
    and the consent are those of VerifyRequest, as are `stack` and `pod`; `resume` is that of
    ProfileRequest.
    """

    profile: Path
    _: KW_ONLY
    environments: tuple[str, ...] = ()
    max_runs: int | None = None
    time_budget: float | None = None
    starts: int = STARTS
    jobs: int = field(default_factory=default_jobs)
    resume: bool = False
    consent: Consent = field(default_factory=Consent)
    granted: Mapping[Setting, Changes] = field(default_factory=dict)
    stack: Stack | None = None
    pod: Pod | None = None
    engine: EngineChoice = field(default_factory=EngineChoice)
