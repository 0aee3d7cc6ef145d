"""What a narrowed seccomp.json still lets through of its policy."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from beacon.export.enforced_part import enforced_part
from beacon.export.seccomp import SeccompExporter
from beacon.model.policy import Policy
from unit.export.policies import POLICIES, classed, plain, restricted


def part(policy: Policy, edit: Callable[[dict[str, Any]], None], *capabilities: str) -> Policy:
    document = json.loads(SeccompExporter().render(policy))
    edit(document)
    return enforced_part(policy, json.dumps(document), capabilities)


def nothing(_: dict[str, Any]) -> None:
    pass


@pytest.mark.parametrize("name", POLICIES)
def test_files_as_written_let_all_of_it_through(name: str) -> None:
    policy = POLICIES[name]()
    names = [name.removeprefix("CAP_") for name in policy.capabilities()]
    assert part(policy, nothing, *names) == policy


def test_a_call_and_a_capability_that_are_gone() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["syscalls"][0]["names"].remove("futex")

    policy = plain()
    found = part(policy, edit, "SETUID")
    assert {str(each) for each in policy.events() - found.events()} == {
        "futex",
        "CAP_NET_BIND_SERVICE",
    }


def test_an_argument_class_that_is_gone() -> None:
    def edit(document: dict[str, Any]) -> None:
        del document["syscalls"][-1]

    policy = classed()
    gone = policy.events() - part(policy, edit).events()
    assert len(gone) == 1


def test_an_abi_that_is_gone() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["architectures"] = ["SCMP_ARCH_X86_64"]

    assert {call.abi for call in part(restricted(), edit).calls()} <= {"x86_64"}
