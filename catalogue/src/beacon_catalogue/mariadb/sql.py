"""SQL as such: changing and asking for rows, and the types that MariaDB has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

from beacon.workloads.dialogue import Dialogue
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.dialogue import checks
from beacon_catalogue.mariadb.server import Server

_DIALOGUES: Mapping[str, Dialogue] = {
    "SELECT": (
        ("select 1, 'beacon', null, true", [(1, "beacon", None, 1)]),
        ("select 7 / 2, 7 div 2, -7 % 3", [(Decimal("3.5000"), 3, -1)]),
    ),
    "INSERT, UPDATE, DELETE": (
        "create table t (id int primary key auto_increment, word varchar(20) not null)",
        ("insert into t (word) values ('a'), ('b') returning id", [(1,), (2,)]),
        "update t set word = upper(word) where id = 2",
        "insert into t values (2, 'c'), (3, 'd') on duplicate key update word = values(word)",
        "replace into t values (3, 'e')",
        ("delete from t where id = 1 returning *", [(1, "a")]),
        ("select * from t order by id", [(2, "c"), (3, "e")]),
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
            "select a.seq, count(b.seq) from seq_1_to_3 a left join seq_2_to_9 b "
            "on b.seq % a.seq = 0 group by a.seq with rollup",
            [(1, 8), (2, 4), (3, 3), (None, 15)],
        ),
        (
            "select 1 union select 2 except select 1 intersect select 3",
            [(1,), (2,)],
        ),
    ),
    "times and zones": (
        (
            "select convert_tz('2024-07-01 12:00', '+00:00', '+05:45')",
            [(datetime(2024, 7, 1, 17, 45),)],
        ),
        (
            "select date('2024-02-28') + interval 2 day, weekday('2024-02-29')",
            [(date(2024, 3, 1), 3)],
        ),
        ("select from_unixtime(0) is not null, now() <= sysdate()", [(1, 1)]),
    ),
    "JSON": (
        ("""select json_extract('{"a": {"b": [1, 2]}}', '$.a.b[1]')""", [("2",)]),
        ("""select json_set('{"a": 1}', '$.b', 'x')""", [('{"a": 1, "b": "x"}',)]),
        (
            """select v from json_table('[1, 5]', '$[*]' columns (v int path '$')) t""",
            [(1,), (5,)],
        ),
        ("select json_arrayagg(seq) from seq_1_to_3", [("[1,2,3]",)]),
    ),
    "text and collations": (
        ("select 'BEACON' = 'beacon', 'BEACON' = binary 'beacon'", [(1, 0)]),
        (
            "select w from (select 'z' w union select 'ä' union select 'b') t "
            "order by w collate utf8mb4_german2_ci",
            [("ä",), ("b",), ("z",)],
        ),
        (
            "select regexp_replace('beacon', '(e)(a)', '\\\\2\\\\1'), 'abc' rlike '^a.c$'",
            [("baecon", 1)],
        ),
        ("select char_length('añ😀'), hex(convert('ñ' using latin1))", [(3, "F1")]),
    ),
    "other types": (
        "create table t (b bit(8), e enum('x', 'y'), s set('p', 'q'), u uuid, i inet6, "
        "d dec(30, 10))",
        "insert into t values (b'101', 'y', 'p,q', '00000000-0000-0000-0000-000000000001', '::1', "
        "1 / 3.000000)",
        (
            "select b + 0, e, s, cast(u as char), cast(i as char), d from t",
            [
                (
                    5,
                    "y",
                    "p,q",
                    "00000000-0000-0000-0000-000000000001",
                    "::1",
                    Decimal("0.3333333333"),
                )
            ],
        ),
        ("select uuid() <> uuid(), length(random_bytes(16))", [(1, 16)]),
        ("select column_get(column_create('a', 7), 'a' as int)", [(7,)]),
    ),
    "secrets and compression": (
        ("select sha2('beacon', 256)", [(sha256(b"beacon").hexdigest(),)]),
        ("select aes_decrypt(aes_encrypt('secret', 'key'), 'key')", [(b"secret",)]),
        ("select uncompress(compress(repeat('beacon', 1000))) = repeat('beacon', 1000)", [(1,)]),
    ),
    "constraints": (
        "create table parent (id int primary key)",
        "create table child (p int, n int check (n > 0), doubled int as (n * 2) stored, "
        "half int as (n div 2) virtual, foreign key (p) references parent (id) on delete cascade)",
        "insert into parent values (1), (2)",
        "insert into child (p, n) values (1, 5), (2, 7)",
        "delete from parent where id = 2",
        ("select p, n, doubled, half from child", [(1, 5, 10, 2)]),
    ),
    "views and partitions": (
        "create table t (n int, word varchar(9)) partition by range (n) "
        "(partition low values less than (10), partition high values less than maxvalue)",
        "insert into t select seq, 'x' from seq_1_to_30",
        ("select count(*) from t partition (low)", [(9,)]),
        "alter table t reorganize partition high into "
        "(partition mid values less than (20), partition high values less than maxvalue)",
        "alter table t drop partition low",
        "create view v as select n from t where n < 15",
        ("select sum(n) from v", [(60,)]),
    ),
    "full text and places": (
        "create table t (id int, words text, place point not null, fulltext (words), "
        "spatial index (place))",
        "insert into t values (1, 'running foxes', point(1, 1)), (2, 'lazy dogs', point(9, 9))",
        ("select id from t where match (words) against ('+foxes -dogs' in boolean mode)", [(1,)]),
        (
            "select id from t where st_within(place, st_geomfromtext("
            "'polygon((0 0, 0 5, 5 5, 5 0, 0 0))'))",
            [(1,)],
        ),
        (
            "select st_astext(st_centroid(st_geomfromtext('polygon((0 0,0 2,2 2,2 0,0 0))')))",
            [("POINT(1 1)",)],
        ),
    ),
    "changing tables": (
        "create table t (id int auto_increment primary key, a int)",
        "insert into t (a) select seq from seq_1_to_100",
        "alter table t add b varchar(9) default 'x', algorithm = instant",
        "alter table t add index (a), algorithm = inplace, lock = none",
        "alter table t modify a bigint, algorithm = copy",
        "alter table t rename column a to c",
        "rename table t to u",
        ("select sum(c), min(b) from u", [(5050, "x")]),
        "create table w like u",
        "insert into w select * from u",
        ("select count(*) from w", [(100,)]),
        "create sequence s start with 5 increment by 3",
        ("select nextval(s), nextval(s), lastval(s)", [(5, 8, 8)]),
    ),
    "rows with a history": (
        "create table t (n int) with system versioning",
        "insert into t values (1)",
        "update t set n = 2",
        ("select n from t", [(2,)]),
        ("select n from t for system_time all order by n", [(1,), (2,)]),
    ),
}

SUITE: Suite[Server] = Suite.of(checks(_DIALOGUES))
