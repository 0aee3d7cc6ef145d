from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from beacon.model.cve import Need, Path, Way
from cve_table.paths import merged


def routes(paths: tuple[Path, ...]) -> set[tuple[str, ...]]:
    """Every choice of calls, in full."""
    return {
        tuple(str((way.call, way.where)) for way in choice)
        for path in paths
        for choice in product(*(need.ways for need in path))
    }


def needs() -> st.SearchStrategy[Need]:
    calls = st.sampled_from(["read", "write", "splice"])
    where = st.sampled_from([{}, {"flags": ("X",)}])
    others = st.lists(st.builds(Way, calls, where), max_size=2).map(tuple)
    return st.builds(lambda call, also: Need(call, others=also), calls, others)


@given(st.lists(st.lists(needs(), min_size=1, max_size=3).map(tuple), max_size=8).map(tuple))
def test_merging_changes_no_route(paths: tuple[Path, ...]) -> None:
    found = merged(paths)
    assert routes(found) == routes(paths)
    assert len(found) <= len(paths)


def test_paths_that_differ_in_one_need_are_one() -> None:
    one, other = (Need("socket"), Need("write")), (Need("socket"), Need("sendto"))
    assert merged([one, other]) == ((Need("socket"), Need("write", others=(Way("sendto"),))),)
    assert merged([one, (Need("pipe"), Need("sendto"))]) == (one, (Need("pipe"), Need("sendto")))


def test_conditions_make_another_way() -> None:
    where: dict[str, tuple[str, ...]] = {"domain": ("AF_ALG",)}
    (path,) = merged([(Need("socket", where),), (Need("socket"),)])
    assert path == (Need("socket", where, others=(Way("socket"),)),)
