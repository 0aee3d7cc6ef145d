from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.environment import Environment, Setting

SETTINGS = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4)


def environment(settings: dict[str, str]) -> Environment:
    return Environment.of(settings.items())


@given(SETTINGS, SETTINGS)
def test_ids_tell_environments_apart(one: dict[str, str], other: dict[str, str]) -> None:
    first, second = environment(one), environment(other)
    assert (first.id == second.id) == (first == second)
    assert (hash(first) == hash(second)) or first != second


def test_the_default_has_a_name() -> None:
    assert Environment().id == "default"


def test_ids_are_stable_over_versions() -> None:
    assert environment({"user": "1000", "read-only": "yes"}).id == "fa285dca0aca"


def test_unsorted_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        Environment((Setting("b", "1"), Setting("a", "1")))
