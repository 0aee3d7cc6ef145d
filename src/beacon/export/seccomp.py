"""seccomp.json: the profile as Docker, Podman and the OCI runtimes read it.

https://docs.docker.com/engine/security/seccomp/
"""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

from beacon.export.interface import Exporter
from beacon.model.event import Abi
from beacon.model.policy import Policy

_ARCHITECTURES = {
    Abi.X86_64: "SCMP_ARCH_X86_64",
    Abi.I386: "SCMP_ARCH_X86",
    Abi.X32: "SCMP_ARCH_X32",
}


class SeccompExporter(Exporter):
    """Everything is denied with EPERM but for the allowed calls, on the observed ABIs only."""

    file = "seccomp.json"

    def render(self, policy: Policy, directory: Path) -> bytes:
        """The profile as indented JSON."""
        rules: list[dict[str, Any]] = [
            {"names": list(policy.names()), "action": "SCMP_ACT_ALLOW"},
        ]
        if policy.not_implemented:
            rules.append(
                {
                    "names": list(policy.not_implemented),
                    "action": "SCMP_ACT_ERRNO",
                    "errnoRet": errno.ENOSYS,
                }
            )
        document = {
            "defaultAction": "SCMP_ACT_ERRNO",
            "defaultErrnoRet": errno.EPERM,
            "architectures": [_ARCHITECTURES[abi] for abi in policy.abis],
            "syscalls": rules,
        }
        return (json.dumps(document, indent=1) + "\n").encode()
