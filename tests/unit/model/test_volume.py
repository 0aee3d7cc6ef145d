from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.launch import Launch
from beacon.model.volume import Tmpfs, Volume

WORDS = st.text(st.sampled_from("a/:,@ro"), max_size=12)


@given(WORDS)
def test_any_word_is_a_volume_and_is_written_as_it_was(word: str) -> None:
    assert str(Volume.parse(word)) == word


@given(st.text(st.sampled_from("a/,="), max_size=9), st.text(st.sampled_from("a/:,="), max_size=9))
def test_a_file_system_in_memory_is_written_as_it_was(target: str, options: str) -> None:
    found = Tmpfs.parse(f"{target}:{options}")
    assert found == Tmpfs(target, options)
    assert Tmpfs.parse(str(found)) == found


@pytest.mark.parametrize(
    ("word", "is_new", "of_host", "shared"),
    [
        ("/data", True, False, None),
        ("@new:/data:ro", True, False, None),
        ("data:/data", False, False, "data"),
        ("data:/data:ro", False, False, None),
        ("/srv:/data:nocopy,ro", False, True, None),
        ("/srv:/data:rw,z", False, True, "/srv"),
        ("/srv:", False, True, None),
    ],
)
def test_whose_a_volume_is(word: str, is_new: bool, of_host: bool, shared: str | None) -> None:
    volume = Volume.parse(word)
    assert (volume.is_new, volume.of_host, volume.shared_source) == (is_new, of_host, shared)


def test_sources_can_be_others() -> None:
    launch = Launch(volumes=("a:/a:ro", "b:/b", "/a"))
    assert launch.with_sources({"a": "/srv/a"}).volumes == ("/srv/a:/a:ro", "b:/b", "/a")
