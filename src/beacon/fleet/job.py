"""What a worker is given, and what it gives back: JSON, so that neither unpickles the other's."""

from __future__ import annotations

import msgspec

from beacon.fleet.image import Unit
from beacon.fleet.result import Result


class Job(msgspec.Struct, frozen=True):
    """A campaign, or a part of one.

    `directory` is where its files go; None: they come back with the result, as this host's paths
    mean nothing to the coordinator. `resume`: continue after the runs that are there. `jobs` runs
    at a time. With the files of a `profile` nothing is recorded, a policy is derived from it and
    verified; with `record_only` that is left out.
    """

    unit: Unit
    jobs: int
    directory: str | None = None
    resume: bool = False
    record_only: bool = False
    profile: dict[str, bytes] | None = None


class Told(msgspec.Struct, frozen=True, tag=True):
    """A line of progress."""

    text: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """The end. `files` by their path in the image's directory, where the job has none."""

    result: Result
    files: dict[str, bytes] = {}


#: What a campaign's process writes, one a line.
Message = Told | Done
