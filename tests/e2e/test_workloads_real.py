"""The workloads against real servers in containers, healthy and with a call denied.

Needs the images that script/images builds and a Docker daemon; without them it fails, it does not
skip.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
import pytest

from beacon.model.run import Check
from beacon.workloads.checks import Deadline
from beacon.workloads.discovery import find
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_catalogue.redis.server import PREFIX, Server, call, ours, setting

_PORTS = {"http": 80, "redis": 6379}


@contextmanager
def _container(image: str, port: int, **options: Any) -> Iterator[Endpoint]:
    client = docker.from_env()
    try:
        container = client.containers.run(
            image, detach=True, labels={"beacon.test": "1"}, **options
        )
        try:
            yield _ready(container, port)
        finally:
            container.remove(force=True, v=True)
    finally:
        client.close()


def _ready(container: Any, port: int) -> Endpoint:
    for _ in range(100):
        container.reload()
        address = container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        try:
            Peer(address, port, Deadline(1)).connect().close()
        except OSError:
            time.sleep(0.1)
        else:
            return Endpoint(container=container.id, address=address, ports=(port,))
    raise AssertionError(f"not ready: {container.logs(tail=20)!r}")


def _drive(workload: str, image: str, **options: Any) -> dict[str, Check]:
    with _container(image, _PORTS[workload], **options) as endpoint:
        return {check.name: check for check in find(workload).drive(endpoint, 60)}


def _without(*calls: str) -> list[str]:
    rules = [{"names": list(calls), "action": "SCMP_ACT_ERRNO"}]
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules}
    return [f"seccomp={json.dumps(profile)}"]


@pytest.mark.parametrize(("workload", "image"), [("http", "nginx"), ("redis", "redis")])
def test_two_healthy_containers_give_the_same_checks(workload: str, image: str) -> None:
    first = _drive(workload, f"beacon/{image}")
    assert [check for check in first.values() if not check.passed] == []
    assert _drive(workload, f"beacon/{image}") == first


def test_nginx_without_sendfile_fails_on_content() -> None:
    checks = _drive("http", "beacon/nginx", security_opt=_without("sendfile"))
    assert not checks["body of /"].passed
    assert not checks["keep-alive"].passed


def test_redis_that_cannot_rename_fails_on_keeping_alone() -> None:
    checks = _drive("redis", "beacon/redis", security_opt=_without("rename", "renameat"))
    failed = {name for name, check in checks.items() if not check.passed}
    others = {"append-only file", "BGREWRITEAOF", "MIGRATE"} | {
        f"replica {how}" for how in ("by file", "by socket", "of nobody")
    }
    assert {"SAVE", "BGSAVE"} <= failed <= {"SAVE", "BGSAVE", *others}


def test_redis_is_left_as_it_was_found() -> None:
    settings = ("appendonly", "maxmemory", "maxmemory-policy", "slowlog-log-slower-than")
    with _container("beacon/redis", 6379) as endpoint:
        server = Server(Peer(str(endpoint.address), 6379, Deadline(60)))
        with server.client() as client, server.client(database=1) as other:
            call(client, "SET", "the user's", "own")
            call(other, "SET", "the user's", "other")
            call(client, "SET", f"{PREFIX}list", "left by a killed run")
            before = [setting(client, name) for name in settings]
            checks = {check.name: check for check in find("redis").drive(endpoint, 60)}
            assert [setting(client, name) for name in settings] == before
            assert ours(client) == []
            assert call(client, "GET", "the user's") == b"own"
            assert call(other, "GET", "the user's") == b"other"
    assert [check for check in checks.values() if not check.passed] == []
    assert checks["flush"].value == "database 1 is in use"
