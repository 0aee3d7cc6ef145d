"""SQL as such: changing and asking for rows, and the types that PostgreSQL has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from beacon.workloads.dialogue import Dialogue
from beacon.workloads.suite import Suite
from beacon_catalogue.postgres.dialogue import checks
from beacon_catalogue.postgres.server import Server

_DIALOGUES: Mapping[str, Dialogue] = {
    "SELECT": (
        ("select 1, 'beacon', null, true", [(1, "beacon", None, True)]),
        ("values (1, 'a'), (2, 'b')", [(1, "a"), (2, "b")]),
    ),
    "INSERT, UPDATE, DELETE": (
        "create table t (id int primary key, word text not null)",
        ("insert into t values (1, 'a'), (2, 'b') returning id", [(1,), (2,)]),
        ("update t set word = upper(word) where id = 2 returning word", [("B",)]),
        (
            "insert into t values (2, 'c'), (3, 'd') on conflict (id) "
            "do update set word = excluded.word returning id, word",
            [(2, "c"), (3, "d")],
        ),
        ("delete from t where id = 1 returning *", [(1, "a")]),
        "merge into t using (values (3), (4)) as v (id) on t.id = v.id "
        "when matched then delete when not matched then insert values (v.id, 'm')",
        ("select * from t order by id", [(2, "c"), (4, "m")]),
        "truncate t",
        ("select count(*) from t", [(0,)]),
    ),
    "joins, CTEs and windows": (
        (
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < 5) "
            "select i, sum(i) over (order by i), lag(i) over (order by i) from n",
            [(1, 1, None), (2, 3, 1), (3, 6, 2), (4, 10, 3), (5, 15, 4)],
        ),
        (
            "select a, count(b) from generate_series(1, 3) a left join generate_series(2, 9) b "
            "on b % a = 0 group by grouping sets ((a), ()) order by a nulls last",
            [(1, 8), (2, 4), (3, 3), (None, 15)],
        ),
    ),
    "numbers": (
        (
            "select 2 ^ 0.5::numeric(20, 10), 7 / 2, -7 % 3",
            [(Decimal("1.4142135623730950"), 3, -1)],
        ),
        ("select 1e100::numeric * 10, 'NaN'::float8 = 'NaN'", [(Decimal(10) ** 101, True)]),
        ("select round(2.5), factorial(20), gcd(12, 18)", [(3, 2432902008176640000, 6)]),
    ),
    "times and zones": (
        (
            "select timestamptz '2024-03-31 12:00+00' at time zone 'Europe/Paris'",
            [(datetime(2024, 3, 31, 14, 0),)],
        ),
        (
            "select timestamptz '2024-07-01 12:00 Asia/Kathmandu' at time zone 'America/New_York'",
            [(datetime(2024, 7, 1, 2, 15),)],
        ),
        (
            "select date '2024-02-28' + 2, extract(isodow from date '2024-02-29')",
            [(date(2024, 3, 1), 4)],
        ),
        ("select (now() between now() - interval '1 s' and clock_timestamp())", [(True,)]),
    ),
    "arrays and ranges": (
        ("select array[1, 2] || 3, array[[1, 2], [3, 4]]", [([1, 2, 3], [[1, 2], [3, 4]])]),
        ("select unnest(array['b', 'a']) u order by u", [("a",), ("b",)]),
        (
            "select int4range(1, 5) * int4range(3, 9) = int4range(3, 5), 3 <@ int4range(1, 3)",
            [(True, False)],
        ),
    ),
    "JSON": (
        ("""select '{"a": {"b": [1, 2]}}'::jsonb #> '{a,b,1}'""", [(2,)]),
        ("""select jsonb_set('{"a": 1}', '{b}', '"x"')""", [({"a": 1, "b": "x"},)]),
        ("""select jsonb_path_query('[1, 5, 9]', '$[*] ? (@ > 3)')""", [(5,), (9,)]),
        ("select json_agg(i) from generate_series(1, 3) i", [([1, 2, 3],)]),
    ),
    "full text": (
        "create table t (id int, words tsvector)",
        "insert into t values (1, to_tsvector('english', 'The running foxes')), "
        "(2, to_tsvector('english', 'a lazy dog'))",
        "create index on t using gin (words)",
        ("select id from t where words @@ to_tsquery('english', 'fox & run')", [(1,)]),
        (
            "select ts_headline('english', 'The running foxes', to_tsquery('english', 'fox'))",
            [("The running <b>foxes</b>",)],
        ),
    ),
    "text and collations": (
        (
            "select w from unnest(array['z', 'ä', 'a']) w order by w collate \"de-x-icu\"",
            [("a",), ("ä",), ("z",)],
        ),
        (
            "select w from unnest(array['b', 'a', 'C']) w order by w collate \"C\"",
            [("C",), ("a",), ("b",)],
        ),
        (
            "select regexp_replace('beacon', '(e)(a)', '\\2\\1'), 'abc' ~ '^a.c$'",
            [("baecon", True)],
        ),
        ("select 'beacon' like 'b%n', length('añ😀'), normalize('e\u0301', nfc)", [(True, 3, "é")]),
        (
            "select convert_to('ñ', 'LATIN1'), md5('beacon')",
            [(b"\xf1", "41b89d10619cdd3e30fb6c401c17c7d9")],
        ),
    ),
    "other types": (
        (
            "select inet '10.0.0.1/8' << inet '10.0.0.0/7', macaddr '08002b010203' is null",
            [(True, False)],
        ),
        ("select uuid '00000000-0000-0000-0000-000000000001'", [(UUID(int=1),)]),
        ("select gen_random_uuid() <> gen_random_uuid()", [(True,)]),
        ("select point(0, 0) <-> point(3, 4), bit '101' | bit '010'", [(5.0, "111")]),
        ("select xpath('/a/b/text()', '<a><b>x</b></a>')::text", [("{x}",)]),
        ("select sha256('beacon')", [(sha256(b"beacon").digest(),)]),
    ),
    "constraints": (
        "create type mood as enum ('sad', 'happy')",
        "create domain positive as int check (value > 0)",
        "create table parent (id int generated always as identity primary key, m mood)",
        "create table child (p int references parent on delete cascade, n positive, "
        "doubled int generated always as (n * 2) stored, during int4range, "
        "exclude using gist (during with &&))",
        "insert into parent (m) values ('happy'), ('sad')",
        "insert into child values (1, 5, default, '[1,3)'), (2, 7, default, '[3,5)')",
        "delete from parent where m < 'happy'",
        ("select p, n, doubled from child", [(1, 5, 10)]),
    ),
    "views and partitions": (
        "create table t (day date, n int) partition by range (day)",
        "create table t1 partition of t for values from ('2024-01-01') to ('2024-02-01')",
        "create table t2 partition of t default",
        "insert into t select date '2024-01-30' + i, i from generate_series(0, 3) i",
        (
            "select tableoid::regclass::text, sum(n) from t group by 1 order by 1",
            [("t1", 1), ("t2", 5)],
        ),
        "create view v as select n from t where n > 1",
        "create materialized view m as select sum(n) s from v",
        "insert into t values ('2025-01-01', 10)",
        ("select s from m", [(5,)]),
        "refresh materialized view m",
        ("select s from m", [(15,)]),
    ),
    "changing tables": (
        "create table t (id serial primary key, a int)",
        "insert into t (a) select i from generate_series(1, 100) i",
        "alter table t add b text default 'x', alter a type bigint using a * 2",
        "alter table t add check (a > 0) not valid",
        "alter table t rename a to c",
        "comment on table t is 'ours'",
        ("select sum(c), min(b), obj_description('t'::regclass) from t", [(10100, "x", "ours")]),
        (
            "select nextval('t_id_seq'), setval('t_id_seq', 500), nextval('t_id_seq')",
            [(101, 500, 501)],
        ),
    ),
}

SUITE: Suite[Server] = Suite.of(checks(_DIALOGUES))
