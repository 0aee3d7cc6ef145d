"""The logging copy of seccomp.json, in libseccomp's hands and as BeaCon reads it."""

from __future__ import annotations

import json

import pytest

from beacon.data.kernel import tables
from beacon.export.audit import audit_copy
from beacon.export.oci_profile import read_profile
from beacon.export.seccomp import SeccompExporter
from beacon.model.event import Abi
from classic_bpf import ALLOW, AUDIT_ARCH_I386, decode, judge
from unit.export.filters import compiled
from unit.export.policies import POLICIES, by_classes, plain

LOG = 0x7FFC0000
AF_INET, AF_ALG, SOCK_STREAM, IPPROTO_TCP = 2, 38, 1, 6


def test_what_the_policy_denies_is_logged_and_the_rest_passes() -> None:
    program = decode(compiled(json.loads(audit_copy(plain()))))
    numbers, old = tables().syscalls[Abi.X86_64], tables().syscalls[Abi.I386]
    assert judge(program, numbers["read"], ()) == ALLOW
    assert judge(program, numbers["mount"], ()) == LOG
    assert judge(program, numbers["clone3"], ()) == LOG  # ENOSYS in the policy
    assert judge(program, old["mount"], (), AUDIT_ARCH_I386) == LOG


def test_denied_arguments_are_logged() -> None:
    policy = by_classes(("socket", "AF_INET,SOCK_STREAM,IPPROTO_TCP"))
    program = decode(compiled(json.loads(audit_copy(policy))))
    socket = tables().syscalls[Abi.X86_64]["socket"]
    assert judge(program, socket, (AF_INET, SOCK_STREAM, IPPROTO_TCP)) == ALLOW
    assert judge(program, socket, (AF_ALG, SOCK_STREAM, 0)) == LOG


@pytest.mark.parametrize("name", POLICIES)
def test_it_refuses_nothing_and_allows_the_same(name: str) -> None:
    policy = POLICIES[name]()
    copy = read_profile(audit_copy(policy).decode())
    profile = read_profile(SeccompExporter().render(policy).decode())
    assert copy.default.permits
    for call, ruling in copy.calls.items():
        assert ruling.parts == profile.ruling(call).parts
        assert all(answer.permits for answer in (ruling.rest, *(part[1] for part in ruling.parts)))
