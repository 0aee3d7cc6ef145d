"""What came of the campaigns of a fleet."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from beacon.errors import ExitCode
from beacon.model.numbers import Count, Seconds


class Status(StrEnum):
    """What came of one image: a verification's verdict, or why there is none."""

    VERIFIED = "verified"
    POLICY = "policy"
    ENVIRONMENT = "environment"
    RECORDED = "recorded"  # by one of several hosts; the policy is made of all their profiles
    FAILED = "failed"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one image.

    `reason` says why it failed, or what the verification found. `syscalls` counts those that the
    policy allows, by name; it stops `cves_stopped` of `cves` known ones. `seconds` are those of the
    campaign, `hosts` those that did it, in `attempts` of which all but the last lost their worker.
    """

    name: str
    image: str
    status: Status
    reason: str | None = None
    runs: Count = 0
    syscalls: Count = 0
    capabilities: tuple[str, ...] = ()
    cves_stopped: Count = 0
    cves: Count = 0
    seconds: Seconds = 0.0
    hosts: tuple[str, ...] = ()
    attempts: Count = 1


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What came of all images, in the order of the file."""

    images: tuple[Result, ...]

    @property
    def exit_code(self) -> ExitCode:
        """That of the worst: an image without an answer, then a policy that fails."""
        found = {each.status for each in self.images}
        return next((code for status, code in _CODES if status in found), ExitCode.DONE)


_CODES = (
    (Status.FAILED, ExitCode.ERROR),
    (Status.POLICY, ExitCode.DIFFERENCE),
    (Status.ENVIRONMENT, ExitCode.ENVIRONMENT),
)
_SEVERITY = (Status.POLICY, Status.ENVIRONMENT, Status.VERIFIED)


def of_all_hosts(results: Sequence[Result]) -> Result:
    """One result of those of several hosts under one policy: the worst of their verdicts."""
    worst = min(results, key=lambda each: _SEVERITY.index(each.status))
    return msgspec.structs.replace(
        worst,
        hosts=tuple(dict.fromkeys(host for each in results for host in each.hosts)),
        attempts=max(each.attempts for each in results),
    )
