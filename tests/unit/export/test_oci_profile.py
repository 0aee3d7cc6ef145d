"""What profiles mean, in libseccomp's words and in ours."""

from __future__ import annotations

import errno
import json
import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from beacon.export.oci_profile import Answer, UnreadableProfileError, read_profile
from beacon.export.seccomp import SeccompExporter
from unit.export.filters import compiled, errno_of
from unit.export.policies import POLICIES

CALLS = ("socket", "lseek", "read")
WORDS = st.sampled_from([0, 1, 2, 3, 4, 6, 7, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**64 - 1])
OPERATORS = ("EQ", "MASKED_EQ")
ANSWERS = st.sampled_from(
    [("SCMP_ACT_ALLOW", None), ("SCMP_ACT_ERRNO", errno.ENOSYS), ("SCMP_ACT_ERRNO", errno.EPERM)]
)


@st.composite
def arguments(draw: st.DrawFn) -> list[dict[str, Any]]:
    indices = draw(st.lists(st.integers(0, 2), max_size=2, unique=True))
    found = []
    for index in indices:
        op, value, two = draw(st.sampled_from(OPERATORS)), draw(WORDS), draw(WORDS)
        masked = {"valueTwo": two & value} if op == "MASKED_EQ" else {}
        found.append({"index": index, "op": f"SCMP_CMP_{op}", "value": value, **masked})
    return found


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    rules = []
    for _ in range(draw(st.integers(0, 5))):
        action, number = draw(ANSWERS)
        names = draw(st.lists(st.sampled_from(CALLS), min_size=1, max_size=2, unique=True))
        rule = {"names": names, "action": action, "args": draw(arguments())}
        rules.append(rule if number is None else {**rule, "errnoRet": number})
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.EPERM,
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": rules,
    }


def as_runc_adds(profile: dict[str, Any]) -> dict[str, Any]:
    """runc leaves out rules that say what the default does."""
    kept = [rule for rule in profile["syscalls"] if rule.get("errnoRet") != errno.EPERM]
    return {**profile, "syscalls": kept}


@given(profiles(), st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=5, max_size=20))
def test_as_libseccomp_has_it(profile: dict[str, Any], probes: list[tuple[int, int, int]]) -> None:
    meaning = read_profile(json.dumps(profile))
    try:
        program = compiled(as_runc_adds(profile))
    except (OSError, ValueError):
        assume(False)
    for call in CALLS:
        ruling = meaning.ruling(call)
        actions = {answer.action for _, answer in ruling.parts}
        for values in probes:
            number = sum(value << 64 * index for index, value in enumerate(values))
            ours = any((number ^ c.value) & c.mask == 0 for c in ruling.permitted())
            theirs = errno_of(program, call, *values) is None
            # Where rules contradict each other, libseccomp's order decides; we take the wider.
            assert ours == theirs or (ours and len(actions) > 1)


@pytest.mark.parametrize("name", POLICIES)
def test_what_we_write_is_read(name: str) -> None:
    policy = POLICIES[name]()
    found = read_profile(SeccompExporter().render(policy).decode())
    assert found.default == Answer("SCMP_ACT_ERRNO", errno.EPERM)
    assert {call for call, ruling in found.calls.items() if ruling.permitted()} == set(
        policy.names()
    )


def with_rules(*rules: dict[str, Any], **fields: Any) -> str:
    return json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": rules, **fields})


ALLOW = {"names": ["read"], "action": "SCMP_ACT_ALLOW"}


def test_two_conditions_on_one_argument_are_two_rules_to_runc() -> None:
    either = [{"index": 0, "op": "SCMP_CMP_EQ", "value": value} for value in (1, 2)]
    ruling = read_profile(with_rules({**ALLOW, "args": either})).ruling("read")
    assert len(ruling.permitted()) == 2


def test_a_rule_that_says_what_the_default_does_is_no_rule() -> None:
    denied = {"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM}
    assert read_profile(with_rules(denied, ALLOW)).ruling("read").rest.permits
    denied["errnoRet"] = errno.ENOSYS
    assert not read_profile(with_rules(denied, ALLOW)).ruling("read").rest.permits


@pytest.mark.parametrize("action", ["LOG", "TRACE", "NOTIFY", "ALLOW"])
def test_what_may_let_a_call_through_permits_it(action: str) -> None:
    found = read_profile(with_rules({"names": ["read"], "action": f"SCMP_ACT_{action}"}))
    assert found.ruling("read").rest.permits


@pytest.mark.parametrize("action", ["TRAP", "KILL", "KILL_THREAD", "KILL_PROCESS"])
def test_what_ends_a_thread_does_not(action: str) -> None:
    found = read_profile(with_rules({"names": ["read"], "action": f"SCMP_ACT_{action}"}))
    assert not found.ruling("read").permitted()


def test_the_native_architecture_is_always_there() -> None:
    for listed in ([], ["SCMP_ARCH_X86"], ["SCMP_ARCH_ARM"]):
        found = read_profile(with_rules(architectures=listed)).architectures
        assert found == {"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64", *listed}


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "null", "1", "[" * 100_000, '{"defaultAction": "SCMP_ACT_ERRNO",}',
        "{}",
        # Go takes names of fields whatever their case, and the last of two.
        '{"defaultAction": "SCMP_ACT_ERRNO", "DefaultAction": "SCMP_ACT_ALLOW"}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "defaultAction": "SCMP_ACT_ERRNO"}',
        with_rules({**ALLOW, "Action": "SCMP_ACT_ERRNO"}),
        # What Docker's own format, and newer specifications, have besides.
        with_rules({**ALLOW, "includes": {"caps": ["CAP_SYS_ADMIN"]}}),
        with_rules({**ALLOW, "excludes": {"arches": ["arm"]}}),
        with_rules({"name": "read", "action": "SCMP_ACT_ALLOW"}),
        with_rules(archMap=[]),
        with_rules(listenerPath="/run/agent"),
        with_rules(listenerMetadata="x"),
        with_rules(flags=["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]),
        with_rules(architectures=["SCMP_ARCH_PPC64LE"]),
        with_rules({**ALLOW, "action": "SCMP_ACT_SOMETHING"}),
        with_rules({**ALLOW, "action": "ALLOW"}),
        with_rules({**ALLOW, "errnoRet": -1}),
        with_rules({**ALLOW, "args": [{"index": 6, "op": "SCMP_CMP_EQ", "value": 0}]}),
        *(
            with_rules({**ALLOW, "args": [{"index": 0, "op": f"SCMP_CMP_{op}", "value": 0}]})
            for op in ("NE", "LT", "LE", "GT", "GE", "LIKE")
        ),
        with_rules({**ALLOW, "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 2**64}]}),
        with_rules(
            {
                **ALLOW,
                "args": [{"index": 0, "op": "SCMP_CMP_MASKED_EQ", "value": 1, "valueTwo": 2}],
            }
        ),
        with_rules({**ALLOW, "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": "0"}]}),
        # On i386 this is a condition on 32 bits, so another one.
        with_rules(
            {**ALLOW, "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 2**32}]},
            architectures=["SCMP_ARCH_X86"],
        ),
    ],
    ids=range(33),
)  # fmt: skip
def test_what_beacon_does_not_write_is_not_guessed_at(text: str) -> None:
    with pytest.raises(UnreadableProfileError) as failure:
        read_profile(text)
    assert len(str(failure.value)) < 500


def test_an_error_moves_no_cursor() -> None:
    with pytest.raises(UnreadableProfileError) as failure:
        read_profile('{"defaultAction": "SCMP_ACT_ERRNO", "\\u001b[2J\\u202e": 1}')
    assert str(failure.value).isprintable()


@pytest.mark.parametrize(
    ("names", "conditions"), [(["read"] * 1000, 1000), (list(map(str, range(3000))), 10)]
)
def test_a_small_file_with_a_large_meaning_is_refused_at_once(
    names: list[str], conditions: int
) -> None:
    arguments = [{"index": 0, "value": n, "op": "SCMP_CMP_EQ"} for n in range(conditions)]
    rule = {"names": names, "action": "SCMP_ACT_ALLOW", "args": arguments}
    document = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [rule] * 40}
    began = time.process_time()
    with pytest.raises(UnreadableProfileError, match="more than 10000 rules"):
        read_profile(json.dumps(document))
    assert time.process_time() - began < 20
