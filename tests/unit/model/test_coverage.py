from __future__ import annotations

import msgspec
import pytest

from beacon.model.consistency import check_profile
from beacon.model.coverage import Coverage, coverage
from beacon.model.environment import Action, Changes, Dimension, Environment, EnvironmentSpace, Step
from beacon.model.listener import Listener
from beacon.model.run import Ending, Run
from builders import call, profile, run

HTTP, TLS, ADMIN = Listener(80), Listener(443), Listener(6060, loopback=True)
DNS = Listener(5353, "udp")


def heard(*listeners: Listener, driven: tuple[Listener, ...] = (), watched: float = 5.9) -> Run:
    return msgspec.structs.replace(
        run(call("read")), listeners=listeners, driven=driven, watched=watched
    )


def test_what_no_run_drove_is_named_with_the_longest_watch() -> None:
    alone = heard(HTTP, TLS, ADMIN, DNS, watched=3.2)
    served = heard(HTTP, TLS, ADMIN, DNS, driven=(HTTP,), watched=41.9)
    found = coverage((alone, served), EnvironmentSpace())
    assert found == Coverage((HTTP,), (TLS, DNS, ADMIN), 41)
    assert found.sentence() == f"exercised: 80/tcp; {found.unseen()}"
    assert found.unseen() == (
        "not exercised: 443/tcp, 5353/udp, 6060/tcp (loopback only); watched for 41 s, "
        "no second start over the same data"
    )


def test_where_all_is_driven_nothing_is_left_to_name() -> None:
    assert coverage((heard(HTTP, driven=(HTTP,)),), EnvironmentSpace()).sentence() == (
        "exercised: 80/tcp; watched for 5 s, no second start over the same data"
    )


def test_a_run_that_was_never_ready_covers_nothing() -> None:
    lost = msgspec.structs.replace(
        run(ending=Ending.EXITED), listeners=(HTTP,), driven=(HTTP,), watched=9.0
    )
    assert coverage((lost,), EnvironmentSpace()) == Coverage()


def test_a_port_that_other_runs_lack_was_chosen_by_the_kernel() -> None:
    runs = heard(Listener(40001), Listener(40002, "udp")), heard(Listener(40003), DNS)
    assert coverage(runs, EnvironmentSpace()).not_exercised == (Listener(0), DNS)
    assert str(Listener(0)) == "a random port/tcp"
    same = heard(Listener(51820, "udp")), heard(Listener(51820, "udp"))
    assert coverage(same, EnvironmentSpace()).not_exercised == (Listener(51820, "udp"),)
    assert coverage(same[:1], EnvironmentSpace()).not_exercised == (Listener(51820, "udp"),)


def test_a_port_that_is_once_open_to_all_is_not_for_loopback_only() -> None:
    runs = heard(Listener(80, loopback=True)), heard(HTTP)
    assert coverage(runs, EnvironmentSpace()).not_exercised == (HTTP,)


@pytest.mark.parametrize("action", [Action.RESTART, Action.KILL])
def test_a_second_start_is_seen_in_the_environment(action: Action) -> None:
    life = Dimension(name="life", why="why", values={"again": Changes(steps=(Step(do=action),))})
    again = msgspec.structs.replace(
        heard(HTTP), environment=Environment.of((("life", "again"),)), watched=7.0
    )
    found = coverage((heard(HTTP), again), EnvironmentSpace((life,)))
    assert found.restarted
    assert found.sentence() == "not exercised: 80/tcp; watched for 7 s"


def test_many_sockets_are_counted_and_not_listed() -> None:
    ports = tuple(Listener(port) for port in range(1000, 1020))
    for driven, where in ((), "not exercised"), (ports, "exercised"):
        said = coverage((heard(*ports, driven=driven),), EnvironmentSpace()).sentence()
        assert said.startswith(f"{where}: 1000/tcp, ")
        assert "1007/tcp, 12 more (--json); watched" in said
        assert "1008" not in said


def test_an_older_document_was_watched_as_long_as_its_runs_took() -> None:
    assert coverage((heard(HTTP, watched=0.0),), EnvironmentSpace()).watched == 1


def test_a_coverage_that_the_runs_do_not_show_is_damage() -> None:
    whole = msgspec.structs.replace(
        profile(heard(HTTP)), coverage=Coverage(not_exercised=(HTTP,), watched=5)
    )
    check_profile(whole)
    check_profile(msgspec.structs.replace(whole, coverage=None))
    with pytest.raises(ValueError, match="its coverage is not that of its runs"):
        check_profile(msgspec.structs.replace(whole, coverage=Coverage((HTTP,), watched=5)))


@pytest.mark.parametrize("text", ['{"port":-1}', '{"port":65536}', '{"port":1,"protocol":"x"}'])
def test_a_document_has_no_impossible_port(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Listener)


def test_that_nothing_listens_is_said() -> None:
    assert coverage((heard(),), EnvironmentSpace()).sentence() == (
        "nothing listens; watched for 5 s, no second start over the same data"
    )
