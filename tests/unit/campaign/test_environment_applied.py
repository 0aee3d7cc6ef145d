from __future__ import annotations

import dataclasses

import pytest

from beacon.campaign.environment_applied import applicable, apply
from beacon.data.dimensions import general, select
from beacon.errors import UsageError
from beacon.model.environment import (
    Action,
    Changes,
    Dimension,
    Environment,
    EnvironmentSpace,
    Need,
    Step,
)
from beacon.model.launch import Launch
from fakes import IMAGE

STORE = dataclasses.replace(IMAGE, volumes=("/a", "/b"), arguments=("serve",), user="")


def placed(effect: Changes, launch: Launch | None = None) -> Launch:
    surroundings = EnvironmentSpace(
        (Dimension(name="d", why="why", values={"v": effect}),), ("/run", "/tmp")
    )
    return apply(surroundings, Environment.of((("d", "v"),)), STORE, launch or Launch()).launch


def test_the_default_environment_is_the_user_s_own_launch() -> None:
    launch = Launch(env=("A=1",), user="7")
    assert apply(EnvironmentSpace(), Environment(), STORE, launch).launch == launch


def test_lists_are_added_and_the_rest_is_replaced() -> None:
    launch = placed(
        Changes(env=("B=2",), workdir="/w", read_only=True), Launch(env=("A=1",), user="7")
    )
    assert launch == Launch(env=("A=1", "B=2"), user="7", workdir="/w", read_only=True)


@pytest.mark.parametrize(
    ("effect", "launch", "command"),
    [
        (Changes(arguments=("-x",)), Launch(), ("serve", "-x")),
        (Changes(arguments=("-x",)), Launch(command=("mine",)), ("mine", "-x")),
        (Changes(arguments=("-x",)), Launch(entrypoint="/e"), ("-x",)),
        (Changes(command=("other",)), Launch(command=("mine",)), ("other",)),
        (Changes(), Launch(command=("mine",)), ("mine",)),
        (Changes(), Launch(), ()),
    ],
)
def test_the_command(effect: Changes, launch: Launch, command: tuple[str, ...]) -> None:
    assert placed(effect, launch).command == command


def test_marks_stand_for_every_volume_and_writable_path() -> None:
    effect = Changes(volumes=("@new:{volume}:ro",), tmpfs=("{writable}:size=1m",))
    launch = placed(effect)
    assert launch.volumes == ("@new:/a:ro", "@new:/b:ro")
    assert launch.tmpfs == ("/run:size=1m", "/tmp:size=1m")
    step = Step(do=Action.FILL, path="{volume}")
    surroundings = EnvironmentSpace(
        (Dimension(name="d", why="why", values={"v": Changes(steps=(step,))}),)
    )
    steps = apply(surroundings, Environment.of((("d", "v"),)), STORE, Launch()).steps
    assert [step.path for step in steps] == ["/a", "/b"]


def test_the_user_s_own_options_are_not_varied() -> None:
    user = Dimension(name="user", why="why", values={"a": Changes(user="a"), "none": Changes()})
    (kept,) = applicable((user,), STORE, Launch(user="7"))
    assert list(kept.values) == ["none"]
    assert applicable((user,), STORE, Launch()) == (user,)


@pytest.mark.parametrize(
    ("need", "poor", "launch"),
    [
        (Need.VOLUMES, dataclasses.replace(STORE, volumes=()), Launch()),
        (Need.PORTS, dataclasses.replace(STORE, ports=()), Launch()),
        (Need.ROOT, dataclasses.replace(STORE, user="www:www"), Launch()),
        (Need.ROOT, STORE, Launch(user="7")),
        (Need.CLIENT, STORE, Launch(network="none")),
    ],
)
def test_needs(need: Need, poor: object, launch: Launch) -> None:
    dimension = Dimension(name="d", why="why", values={"v": Changes()}, needs=(need,))
    rich = dataclasses.replace(STORE, ports=(80,))
    assert applicable((dimension,), rich, Launch()) == (dimension,)
    assert applicable((dimension,), poor, launch) == ()  # type: ignore[arg-type]


def test_the_table_has_forty_dimensions_and_a_reason_for_each() -> None:
    assert len(general()) >= 40
    names = {dimension.name for dimension in general()}
    assert len(names) == len(general())
    for dimension in general():
        assert dimension.values
        assert dimension.why.endswith(".")
        assert select(general(), dimension.conflicts or None)


def test_nothing_of_the_host_is_given_unasked() -> None:
    chosen = select(general(), None)
    assert not any(dimension.host_access for dimension in chosen)
    for dimension in chosen:
        for effect in dimension.values.values():
            assert not effect.device
            assert "host" not in (effect.network, effect.pid, effect.ipc, effect.uts)
            ours = ("@new:", "@serviceaccount:")
            assert all(volume.startswith(ours) for volume in effect.volumes)
            assert set(effect.cap_add) <= {"SYS_NICE", "IPC_LOCK", "SYS_RESOURCE"}


def test_dimensions_by_name() -> None:
    own = Dimension(name="user", why="mine", values={"v": Changes()})
    assert select((*general(), own), ("user",)) == (own,)
    assert select(general(), ("network-host",))[0].host_access
    (one,) = select(general(), ("dns=rotate", "dns=unreachable"))
    assert list(one.values) == ["rotate", "unreachable"]
    (whole,) = select(general(), ("dns=rotate", "dns"))
    assert sorted(whole.values) == ["rotate", "unreachable"]
    with pytest.raises(UsageError, match="no value 'maybe': give yes"):
        select(general(), ("init=maybe",))
    with pytest.raises(UsageError, match="no dimension"):
        select(general(), ("nothing",))
