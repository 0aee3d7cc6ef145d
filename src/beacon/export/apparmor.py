"""apparmor.profile: capabilities and socket families for AppArmor, beside seccomp.json.

apparmor.d(5). AppArmor judges files, capabilities and sockets, and no system call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from beacon.export.interface import OptionalExporter
from beacon.export.launched import capabilities, origin
from beacon.export.names import resource_name
from beacon.export.plain_words import plain_words
from beacon.export.socket_families import socket_families
from beacon.model.policy import Policy
from beacon.model.text import escape_untrusted

#: Both calls pass the same check of AppArmor (socket_create).
_CALLS = ("socket", "socketpair")
_NO_FAMILY = "AF_UNSPEC"  # no kernel makes such a socket
#: The one type without a name in apparmor.d(5): its family is allowed as a whole.
_NAMELESS = "SOCK_DCCP"
_MOUNT = frozenset({"mount", "move_mount", "fsmount", "mount_setattr"})
_UNMOUNT = frozenset({"umount", "umount2"})

#: What engines' default profiles deny in /proc and /sys, since this profile takes their place.
_DENIED = (
    "deny /proc/* w,",
    "deny /proc/{acpi,bus,driver,fs,irq,scsi,sys,tty}/** w,",
    "deny /proc/{kcore,kmem,mem,sysrq-trigger} rwklx,",
    "deny /sys/{devices/virtual/powercap,firmware,kernel/security}/** rwklx,",
    "deny /sys/{block,bus,class,dev,devices,hypervisor,kernel,module,power}/** wkl,",
    "deny /sys/fs/[^c]*/** wkl,",
)


class AppArmorExporter(OptionalExporter):
    """A profile by the name `beacon-NAME`, to be loaded on the host."""

    name = "apparmor"
    file = "apparmor.profile"
    about = "an AppArmor profile with the capabilities and socket families"

    def render(self, policy: Policy) -> bytes:
        """The profile; `docker run --security-opt apparmor=beacon-NAME` uses it once loaded."""
        profile = f"beacon-{resource_name(policy.image.reference)}"
        lines = [f"# {escape_untrusted(comment)}" for comment in self._comments(policy, profile)]
        lines += ["abi <abi/3.0>,", ""]
        lines += [f"profile {profile} flags=(attach_disconnected,mediate_deleted) {{"]
        lines += [f"  {rule}" for rule in _rules(policy, profile)]
        return ("\n".join([*lines, "}"]) + "\n").encode()

    def _comments(self, policy: Policy, profile: str) -> Iterator[str]:
        yield origin(policy)
        yield "Load it with `apparmor_parser -r FILE`; use it beside seccomp.json:"
        yield f"docker run --security-opt apparmor={profile}"
        yield from (f"Wider than the policy: {what}." for what in self.wider(policy))

    def wider(self, policy: Policy) -> Iterator[str]:
        """All that AppArmor does not judge, or that BeaCon does not record."""
        yield "AppArmor filters no system calls: seccomp.json has to be used as well"
        yield "it allows all files that the container has, but for parts of /proc and /sys"
        families = socket_families(policy, *_CALLS)
        if families:
            yield "it allows a socket of an allowed family and type with any protocol"
        if families and any(_NAMELESS in types for types in families.values()):
            yield f"it allows all types of a family of which {_NAMELESS} is allowed"


def _rules(policy: Policy, profile: str) -> Iterator[str]:
    added = plain_words(capabilities(policy), AppArmorExporter.file)
    yield from (f"capability {name.lower()}," for name in added)
    yield from _sockets(policy)
    yield "file,"
    yield from _DENIED
    # The engine, its runtime and `docker exec` signal the container from outside.
    yield "signal (receive),"
    yield f"signal (send) peer={profile},"
    yield f"ptrace (trace, read, tracedby, readby) peer={profile},"
    called = set(policy.names())
    if called & _MOUNT:
        yield "mount,"
    if called & _UNMOUNT:
        yield "umount,"
    if "pivot_root" in called:
        yield "pivot_root,"


def _sockets(policy: Policy) -> Iterator[str]:
    families = socket_families(policy, *_CALLS)
    if families is None:
        yield "network,"
        yield "unix,"
        return
    for family, types in families.items():
        if family != _NO_FAMILY:
            yield from (f"network {words}," for words in _sorts(family, types))
    if "AF_UNIX" in families:
        yield "unix,"


def _sorts(family: str, types: Iterable[str]) -> Iterator[str]:
    word = family.removeprefix("AF_").lower()
    if _NAMELESS in types:
        yield word
    else:
        yield from (f"{word} {each.removeprefix('SOCK_').lower()}" for each in sorted(types))
