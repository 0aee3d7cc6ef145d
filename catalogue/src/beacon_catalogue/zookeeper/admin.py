"""The admin server: commands over HTTP, whose answers are JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from beacon.workloads.checks import AnswerError, shown
from beacon.workloads.net import Peer, exchange
from beacon.workloads.suite import Suite
from beacon_catalogue.zookeeper.server import Server, expect

_PORT = 8080

#: Commands and the field that must be in their answers.
_COMMANDS: Mapping[str, str] = {
    "configuration": "data_dir",
    "connections": "connections",
    "connection_stat_reset": "error",
    "dirs": "datadir_size",
    "dump": "session_id_to_ephemeral_paths",
    "environment": "java.version",
    "get_trace_mask": "tracemask",
    "hash": "digests",
    "initial_configuration": "initial_configuration",
    "is_read_only": "read_only",
    "last_snapshot": "zxid",
    "monitor": "znode_count",
    "ruok": "error",
    "server_stats": "server_stats",
    "stat_reset": "error",
    "stats": "server_stats",
    "system_properties": "java.vm.name",
    "watch_summary": "num_total_watches",
    "watches": "session_id_to_watched_paths",
    "watches_by_path": "path_to_session_ids",
}
#: The server itself fails at these if no port is without TLS.
_WITHOUT_TLS = frozenset({"connection_stat_reset"})


def _off(server: Server) -> bool:
    wanted = server.environment.get("ZOO_ADMINSERVER_ENABLED", "true") != "false"
    return not wanted or _PORT not in server.ports


def _get(server: Server, path: str) -> tuple[str, bytes]:
    request = f"GET {path} HTTP/1.0\r\nHost: beacon\r\n\r\n".encode()
    peer = Peer(server.peer.address, _PORT, server.peer.deadline)
    head, _, body = exchange(peer, [request]).content.partition(b"\r\n\r\n")
    return head.decode("latin-1").partition("\r\n")[0], body


def _command(name: str, field: str, server: Server) -> str:
    if _off(server) or (server.tls and name in _WITHOUT_TLS):
        return "switched off"
    status, body = _get(server, f"/commands/{name}")
    answer = _object(body)
    if answer.get("command") != name or answer.get("error") is not None or field not in answer:
        raise AnswerError(f"{shown(status)!r} and no {field}: {shown(body[:100])!r}")
    return "answered"


def _object(body: bytes) -> dict[str, Any]:
    answer = json.loads(body)
    if not isinstance(answer, dict):
        raise AnswerError("the answer is no JSON object")
    return answer


def _others(server: Server) -> str:
    if _off(server):
        return "switched off"
    index = _get(server, "/commands")[1]
    expect(b'<a href="/commands/monitor">' in index, True, "a link in the list of commands")
    expect(bool(_object(_get(server, "/commands/beacon")[1]).get("error")), True, "an error")
    expect(_get(server, "/beacon")[0].split(" ")[1], "404", "the status of another path")
    return "refused"


SUITE: Suite[Server] = Suite.of(
    {
        **{f"admin {name}": partial(_command, name, field) for name, field in _COMMANDS.items()},
        "admin refusals": _others,
    }
)
