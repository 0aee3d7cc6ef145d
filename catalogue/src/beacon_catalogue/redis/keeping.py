"""How Redis keeps data: snapshots and the append-only file, in the foreground and by fork."""

from __future__ import annotations

from redis import Redis

from beacon.workloads.suite import Suite
from beacon_catalogue.redis.server import Server, call, changed, expect, facts, key, until

SUITE = Suite[Server]()

_BUSY = ("rdb_bgsave_in_progress", "aof_rewrite_in_progress", "aof_rewrite_scheduled")


def _settled(client: Redis, server: Server, what: str) -> dict[str, str]:
    """INFO persistence once no child of the server is writing."""

    def idle() -> bool:
        state = facts(client, "persistence")
        return all(state.get(name, "0") == "0" for name in _BUSY)

    until(idle, server, what)
    return facts(client, "persistence")


@SUITE.check("SAVE")
def _save(server: Server) -> str:
    with server.client() as client:
        _settled(client, server, "an earlier save")
        call(client, "SET", key("saved"), "x")
        expect(call(client, "SAVE"), b"OK", "SAVE")
        expect(facts(client, "persistence")["rdb_changes_since_last_save"], "0", "unsaved changes")
    return "saved"


@SUITE.check("BGSAVE")
def _background_save(server: Server) -> str:
    with server.client() as client:
        _settled(client, server, "an earlier save")
        call(client, "BGSAVE")
        state = _settled(client, server, "BGSAVE")
        expect(state["rdb_last_bgsave_status"], "ok", "the state of BGSAVE")
    return "ok"


@SUITE.check("append-only file")
def _append_only(server: Server) -> str:
    with server.client() as client, changed(client, "appendonly", "yes"):
        state = _settled(client, server, "turning the append-only file on")
        expect(state["aof_last_bgrewrite_status"], "ok", "the state of the first rewrite")
        for number in range(100):
            call(client, "RPUSH", key("appended"), str(number))
        state = facts(client, "persistence")
        expect(state["aof_last_write_status"], "ok", "the state of the append-only file")
        expect(state["aof_enabled"], "1", "aof_enabled")
    return "written"


@SUITE.check("BGREWRITEAOF")
def _rewrite(server: Server) -> str:
    with server.client() as client:
        _settled(client, server, "an earlier save")
        call(client, "BGREWRITEAOF")
        state = _settled(client, server, "BGREWRITEAOF")
        expect(state["aof_last_bgrewrite_status"], "ok", "the state of BGREWRITEAOF")
    return "ok"
