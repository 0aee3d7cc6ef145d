"""The logging copy of a policy's seccomp profile: it denies nothing, and the kernel logs the rest.

https://docs.kernel.org/userspace-api/seccomp_filter.html, SECCOMP_RET_LOG
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from beacon.export.seccomp import ARCHITECTURES, plain, rules
from beacon.model.architecture import Architecture
from beacon.model.event import Abi
from beacon.model.policy import Policy

#: Its name in a policy's directory.
AUDIT_FILE = "seccomp.audit.json"
#: What happens to a call that the policy would deny: the kernel logs it, and it is made.
AUDIT_ACTION = "SCMP_ACT_LOG"

_ALLOW = "SCMP_ACT_ALLOW"


def audit_copy(policy: Policy) -> bytes:
    """The profile as indented JSON, to lie beside seccomp.json.

    A call that the policy denies, also one by its arguments or one that would get ENOSYS, is made
    and logged. Callers by an ABI that the policy lacks are not killed. A rule holds on every ABI,
    so of their calls those are logged that the policy does not allow by name.

    It is wider than the engine's default profile, for it refuses nothing.
    """
    document: dict[str, Any] = {
        "defaultAction": AUDIT_ACTION,
        "architectures": [ARCHITECTURES[abi] for abi in _abis(policy)],
        "syscalls": [plain(rule) for rule in rules(policy) if rule.action == _ALLOW],
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def _abis(policy: Policy) -> Iterator[Abi]:
    """All of the architectures that the policy is for."""
    for architecture in Architecture:
        if not {*architecture.abis}.isdisjoint(policy.abis):
            yield from architecture.abis
