"""systemd.conf: the policy as a drop-in for a service that runs the program without a container.

systemd.exec(5): SystemCallFilter=, CapabilityBoundingSet=, RestrictAddressFamilies=
"""

from __future__ import annotations

from collections.abc import Iterator

from beacon.export.interface import OptionalExporter
from beacon.export.launched import capabilities, origin
from beacon.export.not_said import without_conditions
from beacon.export.plain_words import plain_words
from beacon.export.socket_families import socket_families
from beacon.model.event import Abi
from beacon.model.policy import Policy
from beacon.model.text import escape_untrusted

#: systemd.unit(5), ConditionArchitecture=
_ARCHITECTURES = {
    Abi.X86_64: "x86-64",
    Abi.I386: "x86",
    Abi.X32: "x32",
    Abi.AARCH64: "arm64",
    Abi.ARM: "arm",
}
#: Its call fails in any case: no kernel has sockets of this family.
_NO_FAMILY = "AF_UNSPEC"


class SystemdExporter(OptionalExporter):
    """A drop-in; it takes the place of what the unit says of the same settings."""

    name = "systemd"
    file = "systemd.conf"
    about = "a drop-in for a systemd service"

    def render(self, policy: Policy) -> bytes:
        """The file. An empty assignment resets what the unit has, for lists are joined."""
        policy = policy.hardened()
        comments = (escape_untrusted(each) for each in self._comments(policy))
        lines = [*(f"# {comment}" for comment in comments), "[Service]", *_settings(policy)]
        return ("\n".join(lines) + "\n").encode()

    def _comments(self, policy: Policy) -> Iterator[str]:
        yield origin(policy)
        yield "A drop-in: /etc/systemd/system/NAME.service.d/beacon.conf"
        yield "It has the calls of the container runtime, too, which no service needs."
        yield from (f"Wider than the policy: {what}." for what in self.wider(policy))

    def wider(self, policy: Policy) -> Iterator[str]:
        """Conditions on arguments, but for the family of a socket."""
        yield "systemd lets through what it calls @default (exits, sleeps, the clock)"
        yield from without_conditions(policy, kept=("socket",))
        families = socket_families(policy, "socket")
        if families is not None and families.keys() - {_NO_FAMILY}:
            yield "it allows a socket of an allowed family with any type and protocol"
        if families is not None and Abi.I386 in policy.abis:
            yield "RestrictAddressFamilies= has no effect on calls by the i386 ABI"


def _settings(policy: Policy) -> Iterator[str]:
    if policy.launch.no_new_privileges:
        yield "NoNewPrivileges=yes"
    yield f"SystemCallArchitectures={' '.join(_ARCHITECTURES[abi] for abi in policy.abis)}"
    yield "SystemCallErrorNumber=EPERM"
    yield "SystemCallFilter="
    yield f"SystemCallFilter={' '.join(plain_words(policy.names(), SystemdExporter.file))}"
    if missing := plain_words(policy.not_implemented, SystemdExporter.file):
        # After an allow list, a denied call keeps the errno that it names.
        yield f"SystemCallFilter=~{' '.join(f'{name}:ENOSYS' for name in missing)}"
    yield "CapabilityBoundingSet="
    if added := plain_words(capabilities(policy), SystemdExporter.file):
        yield f"CapabilityBoundingSet={' '.join(f'CAP_{name}' for name in added)}"
    families = socket_families(policy, "socket")
    yield "RestrictAddressFamilies="
    if families is not None:
        named = " ".join(sorted(families.keys() - {_NO_FAMILY}))
        yield f"RestrictAddressFamilies={named or 'none'}"
