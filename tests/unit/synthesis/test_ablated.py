from __future__ import annotations

import msgspec

from beacon.data.runtimes import shipped
from beacon.model.ablation import AblatedEntry, Ablation, Breakage, BreakageKind, Necessity
from beacon.model.environment import Changes, Dimension, Environment, EnvironmentSpace
from beacon.model.event import Abi, Capability, Event, Phase, Syscall
from beacon.model.intent import PRESETS, Intent
from beacon.model.observation import ClassCount, SyscallCount
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.run import Run
from beacon.synthesis.ablated import ELSEWHERE, INFERRED, of_runtime, units, untestable, without
from beacon.synthesis.explain import explain
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run

DEFAULT = Environment()
OTHER = Environment.of((("init", "yes"),))


def socket(*classes: str) -> SyscallCount:
    counted = tuple(ClassCount(each, 1, 0, ("server",)) for each in classes)
    return SyscallCount(
        call=Syscall("socket"),
        phase=Phase.START,
        count=len(classes),
        denied=0,
        first_ns=5,
        processes=("server",),
        classes=counted,
    )


def elsewhere(*syscalls: SyscallCount) -> Run:
    return msgspec.structs.replace(run(*syscalls), environment=OTHER)


def recorded(*runs: Run) -> Profile:
    init = Dimension(name="init", why="why", values={"yes": Changes(init=True)})
    return msgspec.structs.replace(
        profile(*runs, runtime="runc 1.1.5"), surroundings=EnvironmentSpace((init,))
    )


def ablation(
    *entries: AblatedEntry, environments: tuple[Environment, ...] = (DEFAULT,)
) -> Ablation:
    return Ablation(
        image=profile().image,
        profile=profile().digest(),
        environments=environments,
        entries=entries,
        runs=9,
        complete=True,
        beacon="0",
    )


def needed(event: Event, kind: BreakageKind = BreakageKind.CHECK) -> AblatedEntry:
    breaks = (Breakage(kind, "page", "http@default"),)
    return AblatedEntry(event=event, necessity=Necessity.NEEDED, breaks=breaks, broken=3)


def unneeded(event: Event) -> AblatedEntry:
    return AblatedEntry(event=event, necessity=Necessity.UNNEEDED, denied=True)


def policy(*runs: Run) -> Policy:
    return synthesize(recorded(*runs), Intent(), allow_incomplete=True)


def test_a_policy_without_some_entries_denies_them_as_wanted() -> None:
    whole = policy(run(call("read"), call("uname"), capabilities=(check("CAP_CHOWN"),)))
    gone: frozenset[Event] = frozenset({Syscall("uname"), Capability("CAP_CHOWN")})
    found = without(whole, gone)
    assert found.events() == whole.events() - gone
    assert found.dropped() >= gone


def test_an_abi_goes_with_its_last_call() -> None:
    whole = policy(run(call("read"), call("read", abi=Abi.I386)))
    calls = frozenset(call for call in whole.calls() if call.abi is Abi.I386)
    assert Abi.I386 in whole.abis
    assert without(whole, calls).abis == (Abi.X86_64,)


def test_classes_are_units_unless_the_whole_call_is_allowed() -> None:
    tcp, local = "AF_INET,SOCK_STREAM,0x0", "AF_UNIX,SOCK_STREAM,0x0"
    one = policy(run(socket(tcp, local)))
    assert {frozenset({Syscall("socket", argument=each)}) for each in (tcp, local)} <= {*units(one)}
    both = policy(run(socket(tcp, local)), elsewhere(call("socket")))
    sockets = [unit for unit in units(both) if {"socket"} == {each.name for each in unit}]
    assert len(sockets) == 1


def test_a_call_is_one_unit_on_all_abis() -> None:
    whole = policy(run(call("uname"), call("uname", abi=Abi.I386), call("read", abi=Abi.I386)))
    assert frozenset({Syscall("uname"), Syscall("uname", Abi.I386)}) in units(whole)


def test_what_no_tested_run_used_is_not_tested() -> None:
    whole = policy(run(call("read")), elsewhere(call("read"), call("keyctl")))
    found = untestable(whole, (DEFAULT,))
    assert found[Syscall("keyctl")] == ELSEWHERE
    assert Syscall("read") not in found
    assert INFERRED in found.values()
    assert Syscall("keyctl") not in untestable(whole, (DEFAULT, OTHER))


def test_the_runtime_s_calls_are_known_by_phase_and_by_the_table() -> None:
    whole = policy(
        run(call("uname", Phase.RUNTIME), call("capset"), call("sendfile"), call("exit_group"))
    )
    assert Syscall("exit_group") in of_runtime(whole, shipped())
    found = of_runtime(whole, shipped())
    assert {Syscall("uname"), Syscall("capset")} <= found
    assert Syscall("sendfile") not in found


def test_minimal_drops_what_is_unneeded_and_keeps_what_was_not_tested() -> None:
    used = recorded(run(call("read", Phase.START), call("uname", Phase.START), call("umask")))
    proofs = ablation(needed(Syscall("read")), unneeded(Syscall("uname")))
    minimal = synthesize(used, Intent(minimal=True), allow_incomplete=True, ablation=proofs)
    assert {"read", "umask"} <= set(minimal.names())
    assert "uname" not in minimal.names()
    (dropped,) = (each for each in minimal.entries if each.event == Syscall("uname"))
    assert "ablation removed it" in dropped.because
    assert "uname" in synthesize(used, Intent(), allow_incomplete=True, ablation=proofs).names()


def test_minimal_keeps_what_is_pinned_what_others_use_and_what_the_runtime_makes() -> None:
    used = recorded(run(call("uname"), call("keyctl"), call("capset")), elsewhere(call("keyctl")))
    proofs = ablation(*map(unneeded, map(Syscall, ("uname", "keyctl", "capset"))))
    intent = Intent(minimal=True, allow=(Syscall("uname"),))
    minimal = synthesize(used, intent, allow_incomplete=True, ablation=proofs)
    assert {"uname", "keyctl", "capset"} <= set(minimal.names())
    everywhere = msgspec.structs.replace(proofs, environments=(DEFAULT, OTHER))
    found = synthesize(used, Intent(minimal=True), allow_incomplete=True, ablation=everywhere)
    assert "keyctl" not in found.names()


def test_a_proof_is_functionality_and_is_explained() -> None:
    used = recorded(run(call("ptrace", Phase.START), call("keyctl"), workload="http"))
    proofs = ablation(needed(Syscall("keyctl")), unneeded(Syscall("ptrace")))
    found = synthesize(used, PRESETS["availability"], allow_incomplete=True, ablation=proofs)
    (proven,) = explain(found, Syscall("keyctl"), [])
    assert proven.functionality.value == 1
    said = "proven: without it check page fails, and 2 more"
    assert said in {reason.text for reason in proven.functionality.reasons}
    (idle,) = explain(found, Syscall("ptrace"), [])
    assert idle.functionality.value == 0
    # It was seen before the container was ready, and is not needed for that.
    strict = synthesize(used, PRESETS["strict"], allow_incomplete=True, ablation=proofs)
    assert "ptrace" not in strict.names()
    assert "ptrace" in synthesize(used, PRESETS["strict"], allow_incomplete=True).names()


def test_what_is_proven_to_be_needed_for_readiness_is_never_dropped() -> None:
    used = recorded(run(call("ptrace"), workload="http"))
    proofs = ablation(needed(Syscall("ptrace"), BreakageKind.READINESS))
    strict = synthesize(used, PRESETS["strict"], allow_incomplete=True, ablation=proofs)
    assert "ptrace" in strict.names()
