"""What runs inside of the server: procedures, functions, triggers, events, prepared text."""

from __future__ import annotations

from collections.abc import Mapping

from beacon.workloads.answers import expect
from beacon.workloads.dialogue import Dialogue
from beacon.workloads.suite import Suite
from beacon_catalogue.mariadb.dialogue import checks
from beacon_catalogue.mariadb.server import Server, ask, one, refuses, tell

_FIBONACCI = """
create function fibonacci(n int) returns int deterministic
begin
    declare a, b, c, i int default 0;
    set b = 1;
    while i < n do
        set c = a + b, a = b, b = c, i = i + 1;
    end while;
    return a;
end
"""
_SUMMING = """
create procedure summing(in least int, out total int)
begin
    declare done int default 0;
    declare each_n int;
    declare walk cursor for select seq from seq_1_to_100 where seq >= least;
    declare continue handler for not found set done = 1;
    set total = 0;
    open walk;
    adding: loop
        fetch walk into each_n;
        if done then leave adding; end if;
        set total = total + each_n;
    end loop;
    close walk;
end
"""
_CATCHING = """
create procedure catching()
begin
    declare exit handler for sqlexception
    begin
        get diagnostics condition 1 @state = returned_sqlstate;
        select concat('caught ', @state) as said;
    end;
    signal sqlstate '45000' set message_text = 'beacon';
end
"""

_DIALOGUES: Mapping[str, Dialogue] = {
    "functions and procedures": (
        _FIBONACCI,
        _SUMMING,
        _CATCHING,
        ("select fibonacci(30)", [(832040,)]),
        "call summing(91, @total)",
        ("select @total", [(955,)]),
        ("call catching()", [("caught 45000",)]),
    ),
    "triggers": (
        "create table t (n int)",
        "create table log (entry varchar(20))",
        "create trigger a after insert on t for each row insert into log values (new.n)",
        "create trigger b before update on t for each row set new.n = new.n + 100",
        "create trigger c after delete on t for each row insert into log values (old.n)",
        "insert into t values (1)",
        "update t set n = 2",
        "delete from t",
        ("select * from log", [("1",), ("102",)]),
    ),
    "events": (
        "create event later on schedule every 1 day starts now() + interval 1 day do select 1",
        ("select event_name, status from information_schema.events", [("later", "ENABLED")]),
        "drop event later",
    ),
    "prepared text": (
        "prepare p from 'select ? * 2, ?'",
        "set @a = 21, @b = 'x'",
        ("execute p using @a, @b", [(42, "x")]),
        "deallocate prepare p",
        ("execute immediate 'select 1'", [(1,)]),
    ),
}


def _errors(server: Server) -> str:
    with server.session() as session:
        refuses(lambda: ask(session, "selec 1"), "1064", "a misspelt statement")
        refuses(lambda: ask(session, "select * from nowhere"), "1146", "an unknown table")
        refuses(lambda: tell(session, "signal sqlstate '45000'"), "1644", "SIGNAL")
        tell(session, "select 1 / 0")
        warnings = ask(session, "show warnings")
        expect([row[1] for row in warnings], [1365], "warnings")
        expect(one(session, "select 1"), 1, "a question after errors")
    return "3 refused"


def _called(server: Server) -> str:
    with server.session() as session, session.cursor() as cursor:
        tell(session, "drop procedure if exists twice")
        tell(session, "create procedure twice(n int) begin select n; select n * 2; end")
        cursor.callproc("twice", (21,))
        answers = [cursor.fetchall()]
        while cursor.nextset():
            answers.append(cursor.fetchall())
    expect(answers[:2], [((21,),), ((42,),)], "the answers of a procedure")
    return "2 answers"


SUITE: Suite[Server] = Suite.of(
    {
        **checks(_DIALOGUES),
        "errors and warnings": _errors,
        "answers of a procedure": _called,
    }
)
