"""seccomp.json: the profile as Docker, Podman and the OCI runtimes read it.

https://docs.docker.com/engine/security/seccomp/
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from beacon.data.arguments import Condition, conditions
from beacon.export.interface import Exporter
from beacon.model.event import Abi
from beacon.model.policy import Policy

#: What happens to a call that no rule lets through.
DEFAULT_ACTION = "SCMP_ACT_ERRNO"

_ALLOW = "SCMP_ACT_ALLOW"
#: The ABIs by libseccomp's names.
ARCHITECTURES = {
    Abi.X86_64: "SCMP_ARCH_X86_64",
    Abi.I386: "SCMP_ARCH_X86",
    Abi.X32: "SCMP_ARCH_X32",
    Abi.AARCH64: "SCMP_ARCH_AARCH64",
    Abi.ARM: "SCMP_ARCH_ARM",
}


class Argument(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A condition on one argument of a call, by libseccomp's operators (`SCMP_CMP_EQ`).

    For `SCMP_CMP_MASKED_EQ`, `value` is the mask and `value_two` what must be left under it.
    https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp
    """

    index: int
    value: int
    op: str
    value_two: int | None = None


class Rule(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What happens to calls of these names when all of `args` hold."""

    names: tuple[str, ...]
    action: str
    errno_ret: int | None = None
    args: tuple[Argument, ...] = ()


def rules(policy: Policy) -> Iterator[Rule]:
    """The policy's rules: whatever format tells the kernel about calls takes them from here.

    A call that is allowed by argument classes has rules of its own, of which one has to hold. It
    has none where they are all the classes that there are, for the kernel runs the filter for
    every call with a condition and answers the others from a bitmap.
    """
    asked = {name: conditions(name, allowed) for name, allowed in _classes(policy).items()}
    conditional = {name: groups for name, groups in asked.items() if all(groups)}
    if plain_names := tuple(name for name in policy.names() if name not in conditional):
        yield Rule(plain_names, _ALLOW)
    for name, groups in sorted(conditional.items()):
        for together in groups:
            yield allowing(name, together)
    if policy.not_implemented:
        yield Rule(policy.not_implemented, "SCMP_ACT_ERRNO", errno.ENOSYS)


def allowing(name: str, together: Iterable[Condition]) -> Rule:
    """The rule that allows a call where all of these conditions hold."""
    return Rule((name,), _ALLOW, args=tuple(map(_argument, together)))


def _classes(policy: Policy) -> dict[str, set[str]]:
    """The calls that are allowed by argument classes only, on whatever ABI."""
    found: dict[str, set[str]] = {}
    whole = {call.name for call in policy.calls() if call.argument is None}
    for call in policy.calls():
        if call.argument is not None and call.name not in whole:
            found.setdefault(call.name, set()).add(call.argument)
    return found


def _argument(condition: Condition) -> Argument:
    return Argument(condition.index, condition.mask, "SCMP_CMP_MASKED_EQ", condition.value)


def architectures(policy: Policy) -> list[str]:
    """The observed ABIs by libseccomp's names."""
    return [ARCHITECTURES[abi] for abi in policy.abis]


def plain(rule: Rule) -> dict[str, Any]:
    """The rule as JSON and YAML write it, by the names of the OCI's fields."""
    fields: dict[str, Any] = msgspec.to_builtins(rule)
    return fields


class SeccompExporter(Exporter):
    """Everything is denied with EPERM but for the allowed calls, on the observed ABIs only.

    Callers by another ABI are killed: libseccomp does so for architectures that are not named
    (SCMP_FLTATR_ACT_BADARCH), and the format has no word for another answer.
    """

    file = "seccomp.json"

    def render(self, policy: Policy) -> bytes:
        """The profile as indented JSON."""
        document = {
            "defaultAction": DEFAULT_ACTION,
            "defaultErrnoRet": errno.EPERM,
            "architectures": architectures(policy),
            "syscalls": [plain(rule) for rule in rules(policy)],
        }
        return (json.dumps(document, indent=1) + "\n").encode()
