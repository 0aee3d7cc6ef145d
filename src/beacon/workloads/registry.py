"""Finds a workload by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from beacon.model.text import printable
from beacon.workloads.amqp.workload import AmqpWorkload
from beacon.workloads.app.workload import AppWorkload
from beacon.workloads.combination import Combination, parse
from beacon.workloads.confined import ConfinedWorkload
from beacon.workloads.http.workload import HttpWorkload
from beacon.workloads.interface import UnknownWorkloadError, Workload
from beacon.workloads.memcached.workload import MemcachedWorkload
from beacon.workloads.mqtt.workload import MqttWorkload
from beacon.workloads.mysql.workload import MysqlWorkload
from beacon.workloads.none import NoWorkload
from beacon.workloads.php.workload import PhpWorkload
from beacon.workloads.postgres.workload import PostgresWorkload
from beacon.workloads.redis.workload import RedisWorkload
from beacon.workloads.registry_v2.workload import RegistryWorkload
from beacon.workloads.script import ScriptWorkload
from beacon.workloads.zookeeper.workload import ZookeeperWorkload

_KNOWN: Mapping[str, Callable[[], Workload]] = {
    NoWorkload.name: NoWorkload,
    HttpWorkload.name: HttpWorkload,
    AppWorkload.name: AppWorkload,
    PhpWorkload.name: PhpWorkload,
    RedisWorkload.name: RedisWorkload,
    PostgresWorkload.name: PostgresWorkload,
    MysqlWorkload.name: MysqlWorkload,
    AmqpWorkload.name: AmqpWorkload,
    MqttWorkload.name: MqttWorkload,
    MemcachedWorkload.name: MemcachedWorkload,
    ZookeeperWorkload.name: ZookeeperWorkload,
    RegistryWorkload.name: RegistryWorkload,
}
#: What can be part of a combination.
_DRIVING = frozenset(_KNOWN) - {NoWorkload.name}


def is_known(name: str) -> bool:
    """Whether a workload has this name; any other name stands for a program of the host."""
    return name in _KNOWN or parse(name, _DRIVING) is not None


def find(name: str) -> Workload:
    """The workload of this name, or the one that runs the executable at this path.

    A combination's name holds several (`http+redis:6380`).

    Either drives from a process of its own.

    UnknownWorkloadError if there is neither, MissingClientError if its library is missing.
    """
    if name in _KNOWN:
        workload = unconfined(name)
        return workload if name == NoWorkload.name else ConfinedWorkload(workload.name)
    if parts := parse(name, _DRIVING):
        return Combination(parts, find)
    # NUL cannot be part of a path, and asking the kernel about one raises.
    if "\0" not in name and ("/" in name or (name and Path(name).exists())):
        return ScriptWorkload(name)
    raise UnknownWorkloadError(
        f"there is no workload {printable(name)!r}: "
        f"give one of {', '.join(_KNOWN)}, or the path of an executable file"
    )


def unconfined(name: str) -> Workload:
    """The workload of this name, which drives from whatever process calls it.

    Its clients take all the memory that a container fills: for a process that is limited.
    MissingClientError if its library is missing; KeyError if there is no such workload.
    """
    return _KNOWN[name]()
