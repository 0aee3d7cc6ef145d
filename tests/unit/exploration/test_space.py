from __future__ import annotations

from beacon.exploration.space import Space
from beacon.model.environment import Changes, Dimension, Environment

A = Dimension(name="a", why="why", values={"1": Changes(), "2": Changes()}, conflicts=("c",))
B = Dimension(name="b", why="why", values={"x": Changes()})
C = Dimension(name="c", why="why", values={"y": Changes()})


def names(environments: object) -> list[str]:
    assert not isinstance(environments, str)
    return [environment.name for environment in environments]  # type: ignore[attr-defined]


def test_singles_and_pairs() -> None:
    space = Space((A, B, C))
    assert names(space.singles()) == ["a=1", "a=2", "b=x", "c=y"]
    # Never two values of one dimension, never what conflicts, whichever of the two says so.
    assert names(space.pairs()) == ["a=1,b=x", "a=2,b=x", "b=x,c=y"]


def test_one_value_may_conflict() -> None:
    b = Dimension(name="b", why="why", values={"x": Changes()}, conflicts=("a=2",))
    assert names(Space((A, b)).pairs()) == ["a=1,b=x"]


def test_every_combination_once() -> None:
    found = list(Space((A, B, C)).all())
    assert len(set(found)) == len(found) == 8
    assert Environment() in found
    assert "a=1,b=x,c=y" not in names(found)
