"""Checks of images, one for each thing that can come of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beacon.model.coverage import Coverage
from beacon.model.deviation import Deviation, DeviationKind
from beacon.model.entry import Evidence
from beacon.model.environment import Environment
from beacon.model.event import Capability, Event, Phase, Syscall
from beacon.model.image_check import ImageCheck, Need
from beacon.model.listener import Listener
from beacon.model.logged import LoggedRun
from beacon.model.missing import Missing
from beacon.model.origin import ImageIdentity
from beacon.model.run import Check, Ending, Outcome
from beacon.model.score import Score
from beacon.model.verification import (
    Difference,
    DifferenceKind,
    Shown,
    Starts,
    Verification,
    VerifiedRun,
)

OLD = ImageIdentity("web:1", f"sha256:{'1' * 64}", "amd64")
NEW = ImageIdentity("web:2", f"sha256:{'2' * 64}", "amd64")
#: A process may call itself anything that is printable.
HOSTILE = "`|</td><script>@all [x](http://evil.example) *_~ \\|``&amp;{0}"

_STARTS = Starts(count=5)


def need(
    event: Event,
    security: float = 0.0,
    opens: tuple[str, ...] = (),
    *,
    process: str = "server",
    intended: bool = False,
    allowed: bool = True,
) -> Need:
    missing = Missing(
        event=event,
        allowed=allowed,
        because="functionality 1 * 1.00 >= security 0 * 0.00",
        security=Score(security),
        count=3,
        evidence=Evidence((Phase.SERVE,), (process,), ("http@default",)),
        intended=intended,
    )
    return Need(missing, opens)


def checked(
    *needs: Need,
    differences: tuple[Difference, ...] = (),
    control: tuple[Shown, ...] = (),
    starts: Starts | None = _STARTS,
    files: tuple[Deviation, ...] = (),
    image: ImageIdentity = NEW,
    alone: tuple[LoggedRun, ...] = (),
) -> ImageCheck:
    checks = (Check("page", not differences, "digest"),)
    run = VerifiedRun(
        environment=Environment(),
        workload="http",
        outcome=Outcome(ending=Ending.SERVED, checks=checks),
        differences=differences,
        control_differences=control,
    )
    verification = Verification(
        image=image,
        runs=(run,),
        beacon="0.0.0",
        left_out=3,
        files=files,
        starts=starts,
        coverage=Coverage((Listener(80),), (), 6),
    )
    return ImageCheck(
        image=image,
        recorded=OLD,
        directory="web.policy",
        needs=needs,
        alone=alone,
        verification=verification,
        beacon="0.0.0",
    )


def _three() -> ImageCheck:
    page = Difference(DifferenceKind.CHECK, "page", "answers 500")
    denied = Difference(DifferenceKind.SYSCALL, "fsync", "3 x in phase serve by server")
    return checked(
        need(Syscall("keyctl"), 0.98, tuple(f"CVE-2016-000{n}" for n in range(7)), allowed=False),
        need(Capability("CAP_SYS_NICE"), 0.1),
        need(Syscall("fsync")),
        differences=(page, denied),
        starts=Starts(
            count=5,
            failed=1,
            reasons=("exited: The container exited with code 1.",),
            differences=(denied,),
        ),
    )


def _environment() -> ImageCheck:
    page = Difference(DifferenceKind.CHECK, "page", "answers 500")
    return checked(control=(Shown(page, 1, 1),), starts=None)


def _hostile() -> ImageCheck:
    detail = Difference(DifferenceKind.CHECK, HOSTILE, HOSTILE)
    image = ImageIdentity(f"web:{HOSTILE}", NEW.id, "amd64")
    return checked(need(Syscall("fsync"), process=HOSTILE), differences=(detail,), image=image)


def _edited() -> ImageCheck:
    wider = Deviation("seccomp.json", DeviationKind.WIDER, ("ptrace",))
    narrower = Deviation("compose.yaml", DeviationKind.NARROWER, ("read",))
    return checked(files=(wider, narrower))


def _changed(*, passes: bool) -> ImageCheck:
    checks = (Check("page", passes, "other"),)
    page = Difference(DifferenceKind.CHECK, "page", "answered other, recorded: digest")
    run = LoggedRun(Environment(), "http", Outcome(ending=Ending.SERVED, checks=checks), (page,))
    return checked(alone=(run,))


CHECKS: Mapping[str, Callable[[], ImageCheck]] = {
    "holds": checked,
    "three": _three,
    "as-asked": lambda: checked(need(Syscall("kill"), intended=True)),
    "environment": _environment,
    "edited": _edited,
    "answers-otherwise": lambda: _changed(passes=True),
    "broken": lambda: _changed(passes=False),
    "hostile": _hostile,
}
