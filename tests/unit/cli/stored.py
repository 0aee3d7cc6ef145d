"""A profile and verifications with something in every part that a command shows."""

from __future__ import annotations

import msgspec

from beacon import __version__
from beacon.campaign.certifying import certify
from beacon.data.dimensions import general
from beacon.model.ablation import AblatedEntry, Ablation, Breakage, BreakageKind, Necessity
from beacon.model.certificate import Certificate
from beacon.model.coverage import Coverage
from beacon.model.environment import Environment, EnvironmentSpace
from beacon.model.event import Capability, Phase, Syscall
from beacon.model.healed import Healed
from beacon.model.intent import Intent
from beacon.model.launch import Launch
from beacon.model.listener import Listener
from beacon.model.logged import Logged, LoggedRun
from beacon.model.missing import Missing
from beacon.model.observation import ClassCount, SyscallCount
from beacon.model.policy import Policy
from beacon.model.profile import Estimate, Exploration, Profile
from beacon.model.reach import Caller, Reach, Reachable, Scope, Unresolved
from beacon.model.recall import Lacking, Recall
from beacon.model.recognition import RecognisedService, Recognition, Spoken
from beacon.model.run import Check, Ending, Outcome, Run
from beacon.model.verification import (
    Difference,
    DifferenceKind,
    IntendedDenial,
    LeftOut,
    Shown,
    Starts,
    Verification,
    VerifiedRun,
)
from beacon.synthesis.remedy import remedy
from builders import call, check, profile, run
from fakes import IMAGE

_CHECKS = (Check("page", True, "digest"), Check("upload", False, None, "no answer"))
_PORTS = (Listener(80), Listener(443))


def stored_profile() -> Profile:
    """Four runs, one of them in another environment, and an analysis."""
    socket = SyscallCount(
        call=Syscall("socket"),
        phase=Phase.START,
        count=2,
        denied=0,
        first_ns=5,
        processes=("server",),
        classes=(ClassCount("AF_INET,SOCK_STREAM,0x0", 2, 0, ("server",)),),
    )
    start = (call("execve", Phase.RUNTIME), call("openat", Phase.START), socket)
    alone = run(*start, capabilities=(check("CAP_CHOWN", Phase.START, during="chown"),))
    driven = run(*start, call("read", count=3), call("sendfile"), workload="http", checks=_CHECKS)
    setting = Environment.of((("init", "yes"),))
    varied = msgspec.structs.replace(
        run(*start, call("keyctl"), call("mount", count=0, denied=1), workload="http"),
        environment=setting,
    )
    again = msgspec.structs.replace(driven, repeat=1, started_at=1.0)
    runs = tuple(_listening(each) for each in (alone, driven, again, varied))
    return msgspec.structs.replace(
        profile(*runs, launch=Launch(env=("A=1",))),
        surroundings=EnvironmentSpace(tuple(each for each in general() if each.name == "init")),
        exploration=Exploration(
            strategy="adaptive",
            seed=1,
            finished=True,
            estimate=Estimate(runs=12, rare=1, chance=0.08, low=0.01, high=0.24, unseen=0.5),
            kind=Estimate(runs=54, rare=5, chance=0.09, low=0.03, high=0.18, unseen=2.0),
            repetition=Estimate(runs=4, rare=0, chance=0.0, low=0.0, high=0.4, unseen=0.0),
        ),
        recall=Recall(1, (Lacking(setting, (Syscall("keyctl"),)),)),
        reach=_reach(),
        recognition=Recognition(
            (RecognisedService("server", ("process /usr/sbin/server",)),),
            (Spoken(port=80, workload="http"),),
        ),
        image=msgspec.structs.replace(profile().image, reference=IMAGE.reference, id=IMAGE.id),
    )


def other_profile() -> Profile:
    """That of a later version of the image under another runtime, with a call of its own."""
    one = run(call("execve", Phase.RUNTIME), call("openat", Phase.START), call("fsync"))
    made = stored_profile()
    return msgspec.structs.replace(
        made,
        image=msgspec.structs.replace(made.image, reference=f"{made.image.reference}-2", id="2"),
        host=msgspec.structs.replace(made.host, kernel="6.18.0", runtime="crun 1.8.1"),
        runs=(_listening(msgspec.structs.replace(one, started_at=9.0)),),
        recall=None,
    )


def _listening(one: Run) -> Run:
    driven = _PORTS[:1] if one.workload != "none" else ()
    return msgspec.structs.replace(one, listeners=_PORTS, driven=driven, watched=4.0)


def _reach() -> Reach:
    server = (Caller("/usr/sbin/server", "/lib/libc.so.6", "readv"),)
    return Reach(
        (
            Reachable("read", Scope.RUN, server),
            Reachable("readv", Scope.RUN, server),
            Reachable("ptrace", Scope.BESIDE, (Caller("/usr/bin/shell"),)),
            Reachable("bpf", Scope.IMAGE, (Caller("/usr/bin/tracer"),)),
        ),
        (Unresolved("/usr/sbin/server", "number in a variable", 2, Scope.RUN),),
        {Scope.RUN: 2, Scope.BESIDE: 4, Scope.IMAGE: 9},
    )


def passed(policy: Policy) -> Verification:
    """Nothing differs."""
    runs = (
        VerifiedRun(
            environment=Environment(),
            workload="none",
            outcome=Outcome(ending=Ending.SERVED),
            differences=(),
        ),
        VerifiedRun(
            environment=Environment(),
            workload="http",
            outcome=Outcome(ending=Ending.SERVED, checks=_CHECKS),
            differences=(),
            drove=_PORTS[:1],
        ),
    )
    covered = Coverage((Listener(80),), (Listener(443),), 4, restarted=False)
    made = Verification(image=policy.image, runs=runs, beacon="0.0.0", coverage=covered)
    made = msgspec.structs.replace(made, starts=Starts(count=20), runtime="fake 1", left_out=1)
    return msgspec.structs.replace(made, certificate=_certificate(made, policy))


def _certificate(made: Verification, policy: Policy) -> Certificate:
    found = certify(made, "5" * 64, profile().host, policy.image, policy.recall)
    return msgspec.structs.replace(found, date="2026-01-02T03:04:05Z")


def failed(policy: Policy) -> Verification:
    """Whatever can differ differs."""
    page = Difference(DifferenceKind.CHECK, "page", "answers 500")
    upload = Difference(DifferenceKind.CHECK, "upload", "no answer")
    denied = Difference(DifferenceKind.SYSCALL, "sendfile", "3 x in phase serve by server")
    broken = VerifiedRun(
        environment=Environment(),
        workload="http",
        outcome=Outcome(ending=Ending.SERVED, checks=_CHECKS),
        differences=(page, denied),
        control_differences=(Shown(upload, 1, 1),),
        intended=(
            IntendedDenial(event="kill", phase=Phase.SHUTDOWN, count=1, processes=("server",)),
        ),
        suffered=("page",),
        control=1,
    )
    starts = Starts(
        count=20,
        failed=1,
        reasons=("The container exited with code 1.",),
        differences=(denied,),
        control=Starts(count=3),
    )
    made = msgspec.structs.replace(passed(policy), runs=(broken,), starts=starts)
    init = Environment.of((("init", "yes"),))
    keyctl = Difference(DifferenceKind.SYSCALL, "keyctl", "1 x in phase serve by server")
    without = VerifiedRun(
        environment=init,
        workload="http",
        outcome=Outcome(ending=Ending.SERVED, checks=_CHECKS),
        differences=(keyctl,),
    )
    left_out = (LeftOut(init, (Syscall("keyctl"),), (without,)),)
    made = msgspec.structs.replace(made, uncontrolled=1, leave_one_out=left_out)
    return msgspec.structs.replace(made, certificate=_certificate(made, policy))


def logged(policy: Policy) -> Logged:
    """A run that uses what the policy dropped and what nobody saw; another one differs."""
    default, init = Environment(), Environment.of((("init", "yes"),))
    served = Outcome(ending=Ending.SERVED, checks=_CHECKS[:1])
    lost = Difference(DifferenceKind.CHECK, "page", "no database")
    return Logged(
        image=policy.image,
        runs=(LoggedRun(default, "http", served), LoggedRun(init, "http", served, (lost,))),
        missing=_missing(policy),
        beacon=__version__,
        starts=20,
    )


def healed(policy: Policy) -> Healed:
    """Two events were added, one was not."""
    missing = _missing(policy)
    refused = tuple(each for each in missing if not each.allowed)
    added = tuple(each for each in missing if each.allowed)
    return Healed(
        verification=passed(policy), before=failed(policy), added=added, refused=refused, rounds=1
    )


def _missing(policy: Policy) -> tuple[Missing, ...]:
    capabilities = (check("CAP_KILL", during="kill"), check("CAP_SYS_ADMIN", during="mount"))
    seen = run(call("kill"), call("ptrace"), capabilities=capabilities, workload="http")
    pinned = msgspec.structs.replace(policy, intent=Intent(deny=(Syscall("ptrace"),)))
    return remedy(pinned, pinned, [seen]).missing


def ablated() -> Ablation:
    """An entry of each kind."""
    breaks = (Breakage(BreakageKind.READINESS, "exited", "http@default"),)
    page = (Breakage(BreakageKind.CHECK, "page", "http@default"),)
    needed, unneeded, untested = Necessity
    return Ablation(
        image=stored_profile().image,
        profile="0" * 64,
        environments=(Environment(),),
        entries=(
            AblatedEntry(
                event=Syscall("execve"), necessity=needed, breaks=breaks, broken=1, runs=1
            ),
            AblatedEntry(event=Syscall("keyctl"), necessity=untested, because="kept: why"),
            AblatedEntry(event=Syscall("openat"), necessity=unneeded, denied=True),
            AblatedEntry(
                event=Syscall("sendfile"), necessity=needed, breaks=page, broken=9, runs=2
            ),
            AblatedEntry(event=Capability("CAP_CHOWN"), necessity=unneeded),
        ),
        runs=12,
        complete=False,
        beacon="0.0.0",
        runtime="runc 1",
        starts=Starts(count=20),
    )
