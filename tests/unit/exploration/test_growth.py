from __future__ import annotations

import msgspec

from beacon.exploration.growth import growth
from beacon.model.environment import Changes, Dimension, Environment, EnvironmentSpace, Kind
from beacon.model.event import Syscall, without_argument
from beacon.model.run import Ending, Run
from builders import call, check, profile, run

SURROUNDINGS = EnvironmentSpace(
    (
        Dimension(name="user", why="why", values={"nobody": Changes()}),
        Dimension(name="life", why="why", values={"kill": Changes()}, kind=Kind.LIFE_CYCLE),
    )
)


def varied(each: Run, **chosen: str) -> Run:
    return msgspec.structs.replace(each, environment=Environment.of(chosen.items()))


def test_every_event_is_counted_where_it_came_from() -> None:
    recorded = profile(
        run(call("read"), call("close")),
        run(call("read"), call("write"), workload="http"),
        varied(run(call("read"), call("write"), call("chown"), workload="http"), user="nobody"),
        varied(
            run(call("kill"), call("chown"), capabilities=(check("CAP_KILL"),), workload="http"),
            life="kill",
            user="nobody",
        ),
        varied(run(call("reboot"), ending=Ending.EXITED), life="kill"),
    )
    grown = growth(msgspec.structs.replace(recorded, surroundings=SURROUNDINGS))
    parts = (grown.baseline, grown.workload, grown.options, grown.life, grown.total)
    assert parts == (2, 1, 1, 2, 6)
    calls = growth(
        msgspec.structs.replace(recorded, surroundings=SURROUNDINGS),
        lambda event: without_argument(event) if isinstance(event, Syscall) else None,
    )
    assert (calls.baseline, calls.workload, calls.options, calls.life) == (2, 1, 1, 1)
    assert [new.event.name for new in calls.newcomers] == ["chown", "kill"]
    assert {(new.event.name, new.run) for new in grown.newcomers} == {
        ("chown", "http@user=nobody"),
        ("kill", "http@life=kill,user=nobody"),
        ("CAP_KILL", "http@life=kill,user=nobody"),
    }
