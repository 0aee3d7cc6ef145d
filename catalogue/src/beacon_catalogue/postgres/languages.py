"""What runs inside of the server: functions, triggers, extensions, rules of who may see what."""

from __future__ import annotations

from collections.abc import Mapping

from beacon.workloads.answers import expect
from beacon.workloads.dialogue import Dialogue
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.dialogue import checks
from beacon_catalogue.postgres.server import OURS, Server, ask, fresh, one, refuses, tell

_FIBONACCI = """
create function fibonacci(n int) returns int language plpgsql as $$
declare a int := 0; b int := 1;
begin
    for i in 1..n loop
        select b, a + b into a, b;
    end loop;
    return a;
end $$
"""
_CATCHING = """
create function divide(a int, b int) returns text language plpgsql as $$
begin
    return a / b;
exception when division_by_zero then
    return 'caught ' || sqlstate;
end $$
"""
_LOGGING = """
create function note() returns trigger language plpgsql as $$
begin
    insert into log values (tg_op || ' ' || coalesce(new.n, old.n));
    return coalesce(new, old);
end $$
"""
_STEPPING = """
create procedure fill(n int) language plpgsql as $$
begin
    for i in 1..n loop
        insert into t values (i);
        if i % 2 = 0 then commit; else rollback; end if;
    end loop;
end $$
"""

_DIALOGUES: Mapping[str, Dialogue] = {
    "PL/pgSQL": (
        _FIBONACCI,
        _CATCHING,
        ("select fibonacci(30), divide(7, 2), divide(7, 0)", [(832040, "3", "caught 22012")]),
    ),
    "SQL functions": (
        "create function add(a int, b int default 5) returns int language sql return a + b",
        ("select add(1), add(1, b => 1)", [(6, 2)]),
        "create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '0')",
        ("select total(i) from generate_series(1, 4) i", [(10,)]),
    ),
    "triggers": (
        "create table t (n int)",
        "create table log (entry text)",
        _LOGGING,
        "create trigger noting after insert or update or delete on t for each row "
        "execute function note()",
        "insert into t values (1)",
        "update t set n = 2",
        "delete from t",
        ("select * from log", [("INSERT 1",), ("UPDATE 2",), ("DELETE 2",)]),
    ),
    "procedures that commit": (
        "create table t (n int)",
        _STEPPING,
        "call fill(6)",
        ("select n from t order by n", [(2,), (4,), (6,)]),
    ),
}


def _extension(server: Server) -> str:
    """An extension is a library that the server loads."""
    with server.connect() as session:
        if not one(session, "select count(*) from pg_available_extensions where name = 'pgcrypto'"):
            return "the server has no extensions to load"
        tell(session, "create extension pgcrypto")
        secret = one(session, "select pgp_sym_encrypt('secret', 'key')")
        expect(one(session, "select pgp_sym_decrypt(%s, 'key')", secret), "secret", "decrypting")
        expect(len(one(session, "select gen_random_bytes(16)")), 16, "random bytes")
        tell(session, "drop extension pgcrypto")
    return "loaded"


def _rights(server: Server) -> str:
    with server.connect() as session:
        fresh(session, "guarded", "owner text, n int")
        tell(
            session,
            f"create role {OURS}",
            "insert into guarded values ('beacon_check', 1), ('other', 2)",
            f"grant select on guarded to {OURS}",
            "alter table guarded enable row level security",
            "create policy own on guarded using (owner = current_user)",
            f"set role {OURS}",
        )
        expect(ask(session, "select n from guarded"), [(1,)], "rows under a row policy")
        refuses(lambda: ask(session, "delete from guarded"), "42501", "a forbidden DELETE")
        tell(session, "reset role", "drop table guarded", f"drop role {OURS}")
    return "kept"


SUITE: Suite[Server] = Suite.of(
    {
        **checks(_DIALOGUES),
        "extension": _extension,
        "rights": _rights,
    }
)
