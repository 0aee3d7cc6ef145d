"""How a container is started: what the image needs, by `docker run`'s own names."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

import msgspec
from msgspec.structs import replace

from beacon.model.numbers import Cpus, Integer, Seconds, WholeSeconds
from beacon.model.volume import Volume

#: In the value of a variable: the Pod's address, which nobody knows before it is there.
POD_ADDRESS = "@pod-address@"


class MadeNetwork(StrEnum):
    """Networks that BeaCon makes and removes, by the names that a launch has for them."""

    NEW = "@new"  # for a run
    IPV6 = "@ipv6"  # for a run, with addresses of both kinds
    STACK = "@stack"  # for a stack, each time that it is started
    POD = "@pod"  # for a Pod; all of its containers have it


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What `docker run` can be told; None, False or () leave it to the image and the engine.

    Sizes are spelt as docker does (`64m`); `stop_timeout` is in seconds. The words of `volumes` are
    those of Volume, of `tmpfs` those of Tmpfs; a network may be one of MadeNetwork.
    """

    command: tuple[str, ...] = ()
    entrypoint: str | None = None
    env: tuple[str, ...] = ()  # NAME=VALUE
    volumes: tuple[str, ...] = ()  # SOURCE:TARGET[:OPTIONS]
    tmpfs: tuple[str, ...] = ()  # TARGET[:OPTIONS]
    user: str | None = None
    workdir: str | None = None
    network: str | None = None
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    no_new_privileges: bool = False
    apparmor: str | None = None
    init: bool = False
    read_only: bool = False
    tty: bool = False
    interactive: bool = False
    memory: str | None = None
    memory_swap: str | None = None
    memory_reservation: str | None = None
    memory_swappiness: Integer | None = None
    cpus: Cpus | None = None
    cpuset_cpus: str | None = None
    cpuset_mems: str | None = None
    cpu_period: Integer | None = None  # microseconds, as cpu_quota
    cpu_quota: Integer | None = None
    cpu_shares: Integer | None = None
    pids_limit: Integer | None = None
    ulimit: tuple[str, ...] = ()  # NAME=SOFT[:HARD]
    ipc: str | None = None
    pid: str | None = None
    uts: str | None = None
    userns: str | None = None
    cgroupns: str | None = None
    shm_size: str | None = None
    sysctl: tuple[str, ...] = ()  # NAME=VALUE
    dns: tuple[str, ...] = ()
    dns_option: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    hostname: str | None = None
    domainname: str | None = None
    add_host: tuple[str, ...] = ()  # NAME:ADDRESS
    device: tuple[str, ...] = ()  # SOURCE[:TARGET[:PERMISSIONS]]
    device_cgroup_rule: tuple[str, ...] = ()
    volumes_from: tuple[str, ...] = ()  # CONTAINER[:ro]
    group_add: tuple[str, ...] = ()
    stop_signal: str | None = None
    stop_timeout: WholeSeconds | None = None
    restart: str | None = None
    log_driver: str | None = None
    log_opt: tuple[str, ...] = ()  # NAME=VALUE
    health_cmd: str | None = None
    health_interval: str | None = None  # a time as Go spells it (1m30s), as the next two
    health_timeout: str | None = None
    health_start_period: str | None = None
    health_retries: Integer | None = None
    no_healthcheck: bool = False
    storage_opt: tuple[str, ...] = ()  # NAME=VALUE
    oom_score_adj: Integer | None = None
    oom_kill_disable: bool = False
    network_alias: tuple[str, ...] = ()
    ip: str | None = None
    ip6: str | None = None
    mac_address: str | None = None
    platform: str | None = None

    def mounted(self) -> tuple[Volume, ...]:
        """The volumes."""
        return tuple(map(Volume.parse, self.volumes))

    def with_sources(self, instead: Mapping[str, str]) -> Self:
        """The same with other sources of volumes, by those that they have."""
        volumes = (
            each
            if each.source is None
            else replace(each, source=instead.get(each.source, each.source))
            for each in self.mounted()
        )
        return replace(self, volumes=tuple(map(str, volumes)))

    def takes_away(self, capability: str) -> bool:
        """Whether a container that has the capability loses it by these options."""
        dropped, added = (
            set(map(strip_cap_prefix, words)) for words in (self.cap_drop, self.cap_add)
        )
        name = strip_cap_prefix(capability)
        return name not in added and bool(dropped & {name, "ALL"})


def strip_cap_prefix(capability: str) -> str:
    """What `cap_chown`, `CAP_CHOWN` and `CHOWN` have in common, as `docker run` spells it."""
    return capability.upper().removeprefix("CAP_")


class Launch(Options, frozen=True, kw_only=True):
    """The user's own options for the image; they hold in every run. Times are in seconds.

    `ready_log`, `ready_after` and `ready_timeout` say when it counts as ready (`Readiness`).
    """

    ready_log: str | None = None
    ready_after: Seconds = 3.0
    ready_timeout: Seconds = 60.0
    job: bool = False  # it ends by itself; `ready_timeout` is what it gets
    seccomp: str | None = None  # "unconfined", or the JSON text of the profile to record under
    stdin: str | None = None  # path of the file that is its standard input
    stdin_sha256: str | None = None  # of that file when it was recorded

    @property
    def shares_network(self) -> bool:
        """Whether two containers started so could be in each other's way on a network."""
        own = self.network in ("none", MadeNetwork.NEW, MadeNetwork.IPV6)
        common = self.network in (None, "bridge", "default") and self.mac_address is None
        return not (own or common)

    @property
    def shares_files(self) -> bool:
        """Whether two containers started so could write to the same files."""
        shared = any(each.shared_source is not None for each in self.mounted())
        return shared or any(not each.endswith(":ro") for each in self.volumes_from)


def joined(base: Launch, given: Mapping[str, Any]) -> Launch:
    """The base with what was given: lists are added to its own, other values replace its."""
    changes: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, list | tuple) and name != "command":
            changes[name] = (*getattr(base, name), *value)
        elif value not in (None, False, ()):
            changes[name] = value
    return replace(base, **changes)
