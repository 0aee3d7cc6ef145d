"""A certificate: what a verification proved, of which image and files, where and when."""

from __future__ import annotations

import msgspec

from beacon.model.architecture import Architecture
from beacon.model.listener import Listener
from beacon.model.numbers import Count
from beacon.model.origin import Host, ImageIdentity
from beacon.model.recall import Recall


class PassedChecks(msgspec.Struct, frozen=True):
    """How many checks of a workload passed at these sockets, of so many."""

    workload: str
    sockets: tuple[Listener, ...]
    passed: Count
    count: Count


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification came to; it holds for this image under these files only.

    `policy` is the SHA-256 of the files that were enforced (what `sha256sum docker.args
    seccomp.json | sha256sum` says in their directory). `profiled`: the image is the one that the
    policy was derived from. `date` is the end of the verification, in UTC by RFC 3339; `beacon` the
    version that verified.

    `starts` of `started` succeeded, without a workload. `checks` are those in the default
    environment. `runs` were repeated, in so many different `environments`; a container was
    `watched` for so many seconds at most. `denied_as_asked` are events that the intent dropped,
    `denied` all others that were denied under the policy and when it was recorded were not.
    `recall` is the profile's: what the policy from all other environments covers of each.

    The policy was `recorded_on` this architecture (empty in a document of an older version): on
    another it is inferred. `elsewhere` are those that it is for and that were not verified.
    """

    image: ImageIdentity
    profiled: bool
    policy: str
    host: Host
    date: str
    beacon: str
    starts: Count
    started: Count
    checks: tuple[PassedChecks, ...]
    runs: Count
    environments: Count
    watched: Count
    not_exercised: tuple[Listener, ...] = ()
    denied_as_asked: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    recall: Recall | None = None
    recorded_on: str = ""
    elsewhere: tuple[Architecture, ...] = ()
