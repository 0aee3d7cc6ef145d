"""A policy: what a container may do, why, and how to prove it."""

from __future__ import annotations

import msgspec

from beacon.model.coverage import Coverage
from beacon.model.entry import Entry
from beacon.model.environment import Environment, EnvironmentSpace
from beacon.model.event import Abi, Capability, Event, Syscall
from beacon.model.hardening import Hardening
from beacon.model.intent import Intent
from beacon.model.launch import Launch
from beacon.model.listener import Port
from beacon.model.numbers import Count, Integer
from beacon.model.origin import ImageIdentity, Origin
from beacon.model.reach import Scope
from beacon.model.recall import Recall
from beacon.model.run import Check, Ending, RunKind
from beacon.model.script import Script

#: Of policy.json; a reader refuses a newer one, and converts an older one (policy_v1.py).
POLICY_VERSION = 2

_BIND = "CAP_NET_BIND_SERVICE"
#: The classes of socket(2) that open an ICMP socket, which asks for no capability.
_PING = frozenset({"AF_INET,SOCK_DGRAM,IPPROTO_ICMP", "AF_INET6,SOCK_DGRAM,IPPROTO_ICMPV6"})
_UNPRIVILEGED = 1024  # the first port that needs no right, unless a sysctl says so


class ReachSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The system calls that the programs of a scope can make, by name: how many of them were seen.

    The others are allowed by the reserve, or for a reason of their own (`inferred`, a pin), or
    denied. `unresolved` counts the places whose calls nobody could tell.
    """

    scope: Scope
    calls: Count
    seen: Count
    reserve: Count
    denied: Count
    unresolved: Count

    def sentence(self) -> str:
        """The numbers, in words."""
        gaps = f", and further ones in {self.unresolved} places that were not resolved"
        return (
            f"programs can make {self.calls} calls: {_are(self.seen, 'were')} seen, "
            f"{_are(self.reserve)} in the reserve, {_are(self.denied)} denied"
            + (gaps if self.unresolved else "")
        )


def _are(count: int, verb: str = "are") -> str:
    return f"{count} {verb}" if count != 1 else f"1 {'was' if verb == 'were' else 'is'}"


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded run as verification repeats it: the same end, no denial beyond these.

    Of several runs of one workload in one environment it is what they have in common; checks that
    are `unsteady` passed in some of them only, and are not compared. In each of them it `listens`
    on these TCP ports; a document of an older version names none. `image` is None where it is the
    policy's own.
    """

    environment: Environment
    workload: str
    ending: Ending
    exit_code: Integer | None
    checks: tuple[Check, ...]
    denied: tuple[Syscall, ...]
    refused: tuple[str, ...]  # capabilities that were asked for and not granted
    signalled: tuple[Syscall, ...] = ()  # the filter killed or trapped those who made them
    unsteady: tuple[str, ...] = ()
    image: ImageIdentity | None = None
    listens: tuple[Port, ...] = ()

    @property
    def kind(self) -> RunKind:
        """What it has in common with the runs that it stands for."""
        return RunKind(self.workload, self.environment)


class Recorded(msgspec.Struct, frozen=True):
    """The runs of a merged profile, by name, that have one origin."""

    origin: Origin
    runs: tuple[str, ...]


class RuntimeFloor(msgspec.Struct, frozen=True):
    """A container runtime whose own calls a policy has, as recorded or as the user named it.

    `measured` is the runtime that was measured: the same, or its nearest version where not `exact`.
    None: nobody measured it, and only what the recording saw of it is there.
    """

    runtime: str
    measured: str | None = None
    exact: bool = False


class Healing(msgspec.Struct, frozen=True):
    """What one `verify --heal` added: events that runs of this image used and the intent allows.

    Their entries in the policy say by whom, how often and in which runs. `at` is UTC, RFC 3339.
    """

    events: tuple[Event, ...]
    image: str  # its id
    at: str
    beacon: str


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `verify` and the exporters need. `gaps` is empty for a complete profile.

    `entries` has each event once, in the order of `ordered`. `script` and `scripts` are the
    profile's. The first of `runtimes`, and of `engines`, recorded it; in an older document there is
    none. `recorded` says where the runs of a merged profile come from. `coverage` is that of the
    runs that count; None in a document of an older version. `reach` is None when nobody analysed
    the image. `healed` is the journal of `verify --heal`, `recall` the profile's. `hardening` is
    what --harden added to the launch in the files that start a container; verification replays the
    launch without it.
    """

    image: ImageIdentity
    launch: Launch
    abis: tuple[Abi, ...]
    entries: tuple[Entry, ...]
    not_implemented: tuple[str, ...]  # denied with ENOSYS instead of EPERM
    replays: tuple[Replay, ...]
    gaps: tuple[str, ...]
    beacon: str
    surroundings: EnvironmentSpace = EnvironmentSpace()
    intent: Intent = Intent()
    version: Integer = POLICY_VERSION
    script: str | None = None
    seal: str | None = None  # campaign/seal.py
    runtimes: tuple[RuntimeFloor, ...] = ()
    coverage: Coverage | None = None
    reach: ReachSummary | None = None
    healed: tuple[Healing, ...] = ()
    recall: Recall | None = None
    scripts: tuple[Script, ...] = ()
    recorded: tuple[Recorded, ...] = ()
    hardening: Hardening | None = None
    engines: tuple[str, ...] = ()

    def hardened(self) -> Policy:
        """The policy with the launch that the files start the container with."""
        if self.hardening is None:
            return self
        return msgspec.structs.replace(self, launch=self.hardening.on(self.launch))

    def replays_of(self, image: str) -> tuple[Replay, ...]:
        """Those recorded with this image (its name or id); with an unknown one the policy's own."""
        identities = dict.fromkeys((None, *(each.image for each in self.replays)))
        named = (each or self.image for each in identities)
        known = zip(identities, named, strict=True)
        found = next((each for each, one in known if image in (one.reference, one.id)), None)
        return tuple(each for each in self.replays if each.image == found)

    def image_ids(self) -> frozenset[str]:
        """The ids of all images that were recorded."""
        return frozenset({self.image.id, *(each.image.id for each in self.replays if each.image)})

    def other_images(self, image: str) -> tuple[str, ...]:
        """The names of the recorded images whose replays are not those of this one."""
        chosen = {each.image for each in self.replays_of(image)}
        others = (each.image or self.image for each in self.replays if each.image not in chosen)
        return tuple(sorted({each.reference for each in others}))

    def events(self) -> frozenset[Event]:
        """Everything that is allowed."""
        return frozenset(each.event for each in self.entries if each.allowed)

    def dropped(self) -> frozenset[Event]:
        """Everything that is denied as the intent wants it."""
        return frozenset(each.event for each in self.entries if each.dropped)

    def calls(self) -> tuple[Syscall, ...]:
        """The allowed system calls, those of the reserve last."""
        allowed = (each.event for each in self.entries if each.allowed)
        return tuple(event for event in allowed if isinstance(event, Syscall))

    def capabilities(self) -> tuple[str, ...]:
        """The names of the capabilities that it keeps, those of the reserve last."""
        allowed = (each.event for each in self.entries if each.allowed)
        return tuple(event.name for event in allowed if isinstance(event, Capability))

    def low_ports(self) -> tuple[int, ...]:
        """The ports below 1024 that it listens on without CAP_NET_BIND_SERVICE.

        Docker opens them to everybody in a container's own network; other runtimes may not.
        """
        used = {each.event for each in self.entries if each.allowed and not each.reserve}
        if self.coverage is None or Capability(_BIND) in used:
            return ()
        listeners = (*self.coverage.driven, *self.coverage.not_exercised)
        return tuple(sorted({each.port for each in listeners if 0 < each.port < _UNPRIVILEGED}))

    def opens_ping_sockets(self) -> bool:
        """Whether it pings by ICMP sockets that are not raw.

        Docker opens them to everybody in a container's own network; other runtimes may not.
        """
        return any(call.name == "socket" and call.argument in _PING for call in self.calls())

    def ends_by_itself(self) -> bool:
        """Whether it is a job: recorded, it did its work and ended."""
        default = [each.ending for each in self.replays if not each.environment.settings]
        return bool(default) and all(ending is Ending.FINISHED for ending in default)

    def never_ends(self) -> bool:
        """Whether it is a service: in no recorded run it ended as a job does."""
        return not any(each.ending is Ending.FINISHED for each in self.replays)

    def listens(self) -> tuple[int, ...]:
        """The TCP ports that it listens on in the default environment."""
        default = [{*each.listens} for each in self.replays if not each.environment.settings]
        return tuple(sorted(set.intersection(*default))) if default else ()

    def names(self) -> tuple[str, ...]:
        """The allowed calls' names, sorted."""
        return tuple(sorted({call.name for call in self.calls()}))
