from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.engines.docker_words import Option, read_words
from beacon.errors import UsageError


@pytest.mark.parametrize(
    ("line", "options", "image"),
    [
        ("web:1", [], "web:1"),
        ("web:1 --privileged", [], "web:1"),
        ("-d -p 80:80 web:1 -c x", [("detach", None), ("publish", "80:80")], "web:1"),
        ("-ditp80:80 web:1", [("detach", None), ("interactive", None), ("tty", None),
         ("publish", "80:80")], "web:1"),
        ("-e=A=1 --env=B=2 --env C=3 web", [("env", "A=1"), ("env", "B=2"), ("env", "C=3")], "web"),
        ("--privileged=false web", [("privileged", "false")], "web"),
        ("-d=false web", [("detach", "false")], "web"),
        ("--name --privileged web", [("name", "--privileged")], "web"),
        ("--rm -- web --name x", [("rm", None)], "web"),
        ("--net host web", [("net", "host")], "web"),
    ],
)  # fmt: skip
def test_words_are_read_as_docker_does(
    line: str, options: list[tuple[str, str | None]], image: str
) -> None:
    found = read_words(shlex.split(line))
    assert found.image == image
    assert [(each.name, each.value) for each in found.options] == options


@pytest.mark.parametrize(
    "line", ["", "-d", "--rm --", "--name", "-e", "--unknown web", "-dx web", "--priv web", "''"]
)
def test_what_nobody_can_read_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        read_words(shlex.split(line))


@given(
    st.lists(
        st.sampled_from(
            ["--privileged", "--rm", "-d", "--cap-add", "ALL", "-e", "A=1", "--", "web"]
        )
    )
)
def test_no_option_hides_before_the_image(words: list[str]) -> None:
    try:
        found = read_words(words)
    except UsageError:
        return
    spelt = [word for each in found.options for word in _spelt(each)]
    rest = words[len(spelt) :]
    assert words[: len(spelt)] == spelt
    assert found.image == (rest[1] if rest[0] == "--" else rest[0])


def _spelt(option: Option) -> list[str]:
    name = {"detach": "-d", "env": "-e"}.get(option.name, f"--{option.name}")
    return [name] if option.value is None else [name, option.value]


@pytest.mark.parametrize(
    ("line", "is_set"),
    [
        ("--privileged web", True),
        ("--privileged=false web", False),
        ("--privileged --privileged=0 web", False),
        ("--privileged=false --privileged web", True),
        ("--privileged=what web", True),
        ("web", False),
    ],
)
def test_flags(line: str, is_set: bool) -> None:
    assert read_words(line.split()).sets("privileged") is is_set
