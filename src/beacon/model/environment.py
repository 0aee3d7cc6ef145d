"""Environments: what can vary around a container, and one choice of it."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from enum import StrEnum
from typing import NamedTuple

import msgspec

from beacon.model.launch import Options, strip_cap_prefix
from beacon.model.numbers import Repetitions, Seconds


class Setting(NamedTuple):
    """A dimension that differs from its default, and its value."""

    dimension: str
    value: str

    def __str__(self) -> str:
        """`init=yes`."""
        return f"{self.dimension}={self.value}"

    def is_among(self, names: Container[str]) -> bool:
        """Whether one of these is its dimension or itself: `init`, `init=yes`."""
        return self.dimension in names or str(self) in names


class Environment(msgspec.Struct, frozen=True):
    """The dimensions that differ from their default; sorted, so that ids are stable."""

    settings: tuple[Setting, ...] = ()

    def __post_init__(self) -> None:
        if tuple(sorted(dict(self.settings).items())) != self.settings:
            raise ValueError("the settings of an environment are sorted, one value a dimension")

    @classmethod
    def of(cls, settings: Iterable[tuple[str, str]]) -> Environment:
        """The environment with these settings, in whatever order."""
        return cls(tuple(sorted(Setting(*each) for each in settings)))

    @property
    def id(self) -> str:
        """`default`, or twelve hexadecimal digits that depend on the settings only."""
        if not self.settings:
            return "default"
        return hashlib.sha256(msgspec.json.encode(self.settings)).hexdigest()[:12]

    @property
    def name(self) -> str:
        """`default`, or its settings in words: `init=yes,user=nobody`."""
        return ",".join(map(str, self.settings)) or "default"


class Action(StrEnum):
    """What can be done to a running container."""

    SIGNAL = "signal"  # `signal` to its first process
    EXEC = "exec"  # `command` inside, as `user`
    RESTART = "restart"  # stopped by its stop signal, then started with its data
    KILL = "kill"  # killed, then started with its data
    PAUSE = "pause"  # frozen for `seconds`
    KILL_CHILD = "kill-child"  # SIGKILL to a child of its first process
    IDLE = "idle"  # left alone for `seconds`
    FILL = "fill"  # the file system at `path` filled to its last byte
    CONNECTIONS = "connections"  # `count` connections held open for `seconds`
    RESETS = "resets"  # `count` connections broken off
    JUNK = "junk"  # `count` KiB of random bytes on one connection
    DRIP = "drip"  # a byte at a time for `seconds`
    DISCONNECT = "disconnect"  # its network taken away for `seconds`
    SHAPE = "shape"  # its network slowed down (`command`: words of tc's qdisc)


class When(StrEnum):
    """When a step is done."""

    BEFORE = "before"  # the workload's first drive
    DURING = "during"  # beside it
    AFTER = "after"  # it; then the workload drives once more
    STOP = "stop"  # before it is stopped, as a preStop hook is


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing done to a running container; which fields count depends on `do`."""

    do: Action
    when: When = When.AFTER
    signal: str | None = None
    command: tuple[str, ...] = ()
    user: str | None = None
    path: str | None = None
    seconds: Seconds = 1.0
    count: Repetitions = 1

    def __post_init__(self) -> None:
        if self.do in (Action.EXEC, Action.SHAPE) and not self.command:
            raise ValueError(f"the step {self.do} needs a command")
        if self.do is Action.SIGNAL and self.signal is None:
            raise ValueError("the step signal needs a signal")


class Changes(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a value of a dimension changes: options, further `arguments` of the command, steps.

    In texts `{volume}` stands for each volume that the image declares, `{writable}` for each
    path that it writes to: a list gets an entry for every one of them.
    """

    arguments: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


class Kind(StrEnum):
    """What sort of a dimension it is; results are told apart by it."""

    OPTION = "option"
    LIFE_CYCLE = "life-cycle"
    FAULT = "fault"  # may fail in another way each time: verification compares no checks


class Need(StrEnum):
    """What an image must have for a dimension to mean anything."""

    VOLUMES = "volumes"
    PORTS = "ports"
    ROOT = "root"
    CLIENT = "client"  # the workload can reach it: it has a private network
    POD = "pod"  # it is in a Pod: the engine is cri


class Dimension(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing about the environment that can vary, with all its values but the default.

    `why` says how it can matter to system calls. `conflicts` names dimensions (or one
    value: `NAME=VALUE`) that cannot be combined with it. `host_access`: it gives the image a part
    of the host, so it is used only if the user names it. `isolated`: without a client, so the
    workload is left out.
    """

    name: str
    why: str
    values: dict[str, Changes]
    kind: Kind = Kind.OPTION
    needs: tuple[Need, ...] = ()
    conflicts: tuple[str, ...] = ()
    host_access: bool = msgspec.field(default=False, name="ask")  # its name in documents
    isolated: bool = False


class EnvironmentSpace(msgspec.Struct, frozen=True):
    """All that an environment's settings refer to: kept with a profile and its policy.

    `writable` holds paths outside its volumes that the image writes to.
    """

    dimensions: tuple[Dimension, ...] = ()
    writable: tuple[str, ...] = ()

    def effects(self, environment: Environment) -> tuple[Changes, ...]:
        """What its settings change; KeyError for a setting that nothing here defines."""
        known = {dimension.name: dimension for dimension in self.dimensions}
        return tuple(known[name].values[value] for name, value in environment.settings)

    def added_capabilities(self, environment: Environment) -> frozenset[str]:
        """Names of the capabilities that its settings grant; `CAP_ALL` for every one."""
        words = (word for effect in self.effects(environment) for word in effect.cap_add)
        return frozenset(f"CAP_{strip_cap_prefix(word)}" for word in words)

    def kinds(self, environment: Environment) -> frozenset[Kind]:
        """The sorts of dimensions that differ in it."""
        chosen = dict(environment.settings)
        return frozenset(each.kind for each in self.dimensions if each.name in chosen)

    def isolated(self, environment: Environment) -> bool:
        """Whether no client reaches a container in it."""
        chosen = dict(environment.settings)
        return any(each.isolated for each in self.dimensions if each.name in chosen)
