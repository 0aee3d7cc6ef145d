"""Small observations, runs and profiles for tests."""

from __future__ import annotations

from beacon.model.environment import Environment
from beacon.model.event import Abi, Capability, Phase, Syscall
from beacon.model.launch import Launch
from beacon.model.observation import CapabilityCheck, Loss, Observation, SyscallCount
from beacon.model.origin import Host, ImageIdentity
from beacon.model.profile import Profile
from beacon.model.run import Check, Ending, Outcome, Run


def call(
    name: str,
    phase: Phase = Phase.SERVE,
    *,
    abi: Abi = Abi.X86_64,
    count: int = 1,
    denied: int = 0,
    process: str = "server",
    killed: int = 0,
    trapped: int = 0,
    failed: int = 0,
) -> SyscallCount:
    return SyscallCount(
        call=Syscall(name, abi),
        phase=phase,
        count=count,
        denied=denied,
        first_ns=1000,
        processes=(process,),
        killed=killed,
        trapped=trapped,
        failed=failed,
    )


def check(
    name: str,
    phase: Phase = Phase.SERVE,
    *,
    granted: bool = True,
    decisive: bool = True,
    foreign: bool = False,
    during: str = "bind",
) -> CapabilityCheck:
    return CapabilityCheck(
        capability=Capability(name),
        phase=phase,
        granted=granted,
        decisive=decisive,
        foreign=foreign,
        call=during,
        callers=("asker",),
        count=1,
        first_ns=1000,
        processes=("server",),
    )


def run(
    *syscalls: SyscallCount,
    capabilities: tuple[CapabilityCheck, ...] = (),
    workload: str = "none",
    checks: tuple[Check, ...] = (),
    ending: Ending = Ending.SERVED,
    exit_code: int | None = 0,
    losses: tuple[Loss, ...] = (),
) -> Run:
    observation = Observation(syscalls=tuple(syscalls), capabilities=capabilities, losses=losses)
    outcome = Outcome(ending=ending, checks=checks, exit_code=exit_code)
    return Run(
        environment=Environment(),
        workload=workload,
        outcome=outcome,
        observation=observation,
        started_at=0.0,
        duration=1.0,
    )


def profile(*runs: Run, launch: Launch | None = None, runtime: str = "fake 1") -> Profile:
    return Profile(
        image=ImageIdentity("example/server:1", "sha256:" + "0" * 64, "amd64"),
        host=Host(
            kernel="6.1.0",
            monitor="kprobe",
            cgroup_version=2,
            engine="docker 20.10",
            runtime=runtime,
        ),
        launch=launch or Launch(),
        runs=runs,
        beacon="0.0.0",
    )
