from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from beacon.data.kernel import tables
from beacon.errors import UsageError
from beacon.export.seccomp import SeccompExporter
from beacon.model.architecture import Architecture
from beacon.model.entry import Basis, Entry
from beacon.model.event import Abi, Syscall, parse_event
from beacon.model.intent import PRESETS, Intent
from beacon.model.observation import SyscallCount
from beacon.model.origin import ImageIdentity
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.synthesis.architectures import architecture_notes, architectures, not_for, unrecorded
from beacon.synthesis.explain import explain
from beacon.synthesis.heal import healed
from beacon.synthesis.remedy import remedy
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run
from classic_bpf import (
    ALLOW,
    AUDIT_ARCH_AARCH64,
    AUDIT_ARCH_X86_64,
    ERRNO,
    KILL_THREAD,
    decode,
    judge,
)
from unit.export.filters import compiled

AMD64, ARM64 = Architecture.AMD64, Architecture.ARM64
BOTH = Intent(architectures=(ARM64,))


def event(text: str) -> Syscall:
    found = parse_event(text)
    assert isinstance(found, Syscall)
    return found


def on_arm64(*calls: SyscallCount) -> Profile:
    recorded = profile(run(*calls))
    return replace(recorded, image=replace(recorded.image, architecture="arm64"))


def policy(*names: str, intent: Intent = BOTH) -> Policy:
    return synthesize(profile(run(*map(call, names))), intent)


def entry(found: Policy, text: str) -> Entry:
    return next(each for each in found.entries if each.event == event(text))


def answer(found: Policy, architecture: int, name: str) -> int:
    abi = Abi.AARCH64 if architecture == AUDIT_ARCH_AARCH64 else Abi.X86_64
    document: dict[str, Any] = json.loads(SeccompExporter().render(found))
    number = tables().syscalls[abi][name]
    return judge(decode(compiled(document)), number, architecture=architecture)


def test_without_being_asked_a_policy_is_for_one() -> None:
    found = policy("open", "read", intent=Intent())
    assert found.abis == (Abi.X86_64,)
    assert architectures(found) == (AMD64,)
    assert list(architecture_notes(found)) == []


def test_each_call_is_there_by_its_name_on_the_other() -> None:
    found = policy("open", "read", "poll")
    assert found.abis == (Abi.AARCH64, Abi.X86_64)
    assert architectures(found) == (AMD64, ARM64)
    assert unrecorded(found) == (ARM64,)
    there = {str(call) for call in found.calls() if call.abi is Abi.AARCH64}
    assert there >= {"aarch64:openat", "aarch64:ppoll", "aarch64:read"}
    assert "aarch64:open" not in there


def test_it_says_from_what_and_why() -> None:
    found = policy("open", "read")
    opened, read = entry(found, "aarch64:openat"), entry(found, "aarch64:read")
    assert opened.count == read.count == 0
    assert opened.source is not None
    assert opened.source.startswith("not seen on arm64: open of amd64; arm64 opens files")
    assert read.source == "not seen on arm64: read of amd64, by the same name"
    assert entry(found, "open").basis is Basis.SEEN
    assert opened.basis is read.basis is Basis.INFERRED
    (told,) = explain(found, event("aarch64:openat"), ())
    assert told.source == opened.source
    assert told.because == "allowed as open is"


def test_the_filter_answers_on_each_architecture() -> None:
    found = policy("open", "read", "exit_group")
    for name in ("read", "openat"):
        assert answer(found, AUDIT_ARCH_AARCH64, name) == ALLOW
    assert answer(found, AUDIT_ARCH_X86_64, "open") == ALLOW
    for architecture in (AUDIT_ARCH_AARCH64, AUDIT_ARCH_X86_64):
        assert answer(found, architecture, "ptrace") == ERRNO | 1
        assert answer(found, architecture, "clone3") == ERRNO | 38
    alone = policy("open", "read", intent=Intent())
    assert answer(alone, AUDIT_ARCH_AARCH64, "read") == KILL_THREAD


def test_what_is_denied_here_is_not_carried_over() -> None:
    strict = replace(PRESETS["strict"], architectures=(ARM64,), floor=False)
    found = policy("open", "read", "keyctl", intent=strict)
    denied = {each.event for each in found.entries if not each.allowed}
    assert event("keyctl") in denied
    assert event("aarch64:keyctl") not in {*found.events(), *denied}


def test_a_pin_holds_on_both() -> None:
    denied = event("aarch64:openat")
    found = policy("open", "read", intent=replace(BOTH, deny=(denied,)))
    assert denied not in found.events()
    assert "pinned" in entry(found, "aarch64:openat").because
    with pytest.raises(UsageError, match="aarch64:read cannot be denied while read is allowed"):
        policy("open", "read", intent=replace(BOTH, deny=(event("aarch64:read"),)))


def test_a_denial_that_the_other_needs_is_refused() -> None:
    with pytest.raises(UsageError, match="openat cannot be denied while aarch64:openat"):
        policy("open", "openat", intent=replace(BOTH, deny=(event("openat"),)))


def test_notes_say_what_is_inferred_and_what_is_wider() -> None:
    (seen, wider, gone) = architecture_notes(policy("open", "read", "arch_prctl"))
    assert "nothing was recorded on arm64" in seen
    assert wider.endswith("as well: openat.")
    assert gone.startswith("arm64 has nothing in the place of arch_prctl (arm64 keeps")


def test_from_arm64_to_amd64() -> None:
    recorded = on_arm64(call("openat", abi=Abi.AARCH64), call("execve", abi=Abi.AARCH64))
    alone = synthesize(recorded)
    assert alone.abis == (Abi.AARCH64,)
    assert answer(alone, AUDIT_ARCH_AARCH64, "openat") == ALLOW
    found = synthesize(recorded, Intent(architectures=(AMD64, ARM64)))
    assert unrecorded(found) == (AMD64,)
    assert {event("open"), event("arch_prctl"), event("aarch64:exit_group")} <= found.events()


def test_a_recording_on_arm64_has_pins_and_runtimes_of_its_own() -> None:
    recorded = on_arm64(call("openat", abi=Abi.AARCH64), call("ptrace", abi=Abi.AARCH64))
    intent = Intent(allow=(Syscall("chdir"),), deny=(Syscall("ptrace"),), runtimes=("runc",))
    found = synthesize(recorded, intent)
    assert found.abis == (Abi.AARCH64,)
    assert event("aarch64:chdir") in found.events()
    assert event("aarch64:ptrace") not in found.events()
    # Of runc's own calls, with the reason.
    assert "runc" in (entry(found, "aarch64:capget").source or "")


def test_programs_of_further_abis_are_for_their_architecture() -> None:
    found = synthesize(profile(run(call("read"), call("getuid32", abi=Abi.I386))), BOTH)
    assert Abi.ARM not in found.abis
    assert event("i386:getuid32") in found.events()


def test_an_architecture_without_tables_is_refused() -> None:
    recorded = profile(run(call("read")))
    strange = replace(recorded, image=replace(recorded.image, architecture="s390x\x1b"))
    with pytest.raises(UsageError, match=r"s390x.*no table of") as refused:
        synthesize(strange)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("amd64", None),
        ("", None),
        ("arm64", "all that the policy allows is inferred"),
        ("s390x", "whose system calls BeaCon has no table of"),
    ],
)
def test_verifying_on_another_says_so(now: str, said: str | None) -> None:
    found = not_for(policy("open", "read"), now)
    assert found is None if said is None else said in (found or "")


def test_one_that_it_is_not_for() -> None:
    found = not_for(policy("read", intent=Intent()), "arm64")
    assert found is not None
    assert "`beacon policy --architecture arm64` adds it" in found
    assert "`beacon policy" not in (not_for(policy("read", intent=Intent()), "s390x") or "")


def test_an_image_that_does_not_say_is_of_amd64() -> None:
    found = policy("read", intent=Intent())
    elsewhere = replace(found, image=replace(found.image, architecture="arm64"))
    assert "recorded on arm64, verified on amd64, " in (not_for(elsewhere, "") or "")


def test_an_older_document_is_of_amd64() -> None:
    recorded = profile(run(call("read")))
    old = replace(recorded, image=ImageIdentity("example/server:1", "sha256:0", ""))
    assert synthesize(old).abis == (Abi.X86_64,)


def test_what_is_healed_is_there_on_the_other_too() -> None:
    found = policy("open", "read")
    seen = run(*map(call, ("open", "read", "poll")))
    after = healed(found, found, remedy(found, found, [seen]), image="sha256:1", at="now")
    assert {event("poll"), event("aarch64:ppoll")} <= after.events()
    (journal,) = after.healed
    assert event("aarch64:ppoll") in journal.events
