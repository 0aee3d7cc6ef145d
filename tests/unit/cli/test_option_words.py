from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.cli.main import build_parser
from beacon.data.docker_run import ValueKind, docker_run, value_kind
from beacon.errors import UsageError


def notes(*words: str) -> tuple[str, ...]:
    found = build_parser().parse_args(["profile", *words, "-o", "out", "image", "-p", "--rm"])
    assert (found.image, found.command) == ("image", ["-p", "--rm"])
    noted: tuple[str, ...] = found.without_effect
    return noted


@pytest.mark.parametrize(
    "words",
    [
        ("-p", "8080:80"),
        ("-p8080:80",),
        ("-p=8080:80",),
        ("--publish", "8080:80"),
        ("--publish=8080:80",),
        ("-ip", "8080:80"),
    ],
)
def test_a_port_has_no_effect_however_it_is_written(words: tuple[str, ...]) -> None:
    (note,) = notes(*words)
    assert "has no effect: BeaCon reaches the container at its own address" in note


def test_short_options_in_one_word() -> None:
    found = build_parser().parse_args(["profile", "-ditu1000", "-o", "out", "image"])
    assert (found.interactive, found.tty, found.user) == (True, True, "1000")
    assert found.without_effect[0].startswith("-d has no effect")


def test_one_sentence_for_each_reason() -> None:
    found = notes("-d", "--rm", "--rm", "--name", "web")
    assert [each.partition(":")[0] for each in found] == [
        "-d and --rm have no effect",
        "--name has no effect",
    ]


@pytest.mark.parametrize(
    "name",
    sorted(n for each in docker_run().refused for names, _ in each.options() for n in names),
)
def test_what_is_refused_says_why(name: str) -> None:
    with pytest.raises(UsageError, match=rf"^{name} is not supported: .*\.$"):
        notes(f"{name}=1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--memroy", "1g"), "there is no option --memroy: did you mean --memory?"),
        (("--publsh=1",), "there is no option --publsh: did you mean --publish?"),
        (("-Z",), "there is no option -Z: see --help"),
        (("-iZ",), "there is no option -Z: see --help"),
        (("--qqqqq",), "there is no option --qqqqq: see --help"),
    ],
)
def test_an_unknown_option_is_named(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        notes(*words)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--versoin"], ["policy", "--prset", "strict", "DIR"]])
def test_every_command_names_what_it_lacks(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(words)
    assert "did you mean --" in capsys.readouterr().err


def test_other_commands_have_no_options_of_docker_run() -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["policy", "--rm", "DIR", "-o", "out"])


def test_a_number_is_a_value() -> None:
    found = build_parser().parse_args(["profile", "--memory-swap", "-1", "-o", "out", "image"])
    assert found.memory_swap == "-1"


def test_a_missing_value_is_said_by_the_parser(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["profile", "-o"], ["profile", "-p"], ["profile", "--publish"]):
        with pytest.raises(SystemExit):
            build_parser().parse_args(words)
    assert "expected one argument" in capsys.readouterr().err


_TAKEN = [
    [option.names[-1], *([] if value_kind(field) is ValueKind.FLAG else ["1"])]
    for field, option in docker_run().taken.items()
    if field != "pull"
]
_IGNORED = [
    [name, *(["1"] if valued else [])]
    for reason in docker_run().ignored
    for names, valued in reason.options()
    for name in names
]


@given(st.lists(st.sampled_from(_TAKEN + _IGNORED)))
def test_the_image_is_found_behind_any_options(options: list[list[str]]) -> None:
    words = [word for option in options for word in option]
    found = build_parser().parse_args(["profile", *words, "-o", "out", "image", "-d"])
    assert (found.image, found.command) == ("image", ["-d"])
    ignored = [option for option in options if option in _IGNORED]
    assert bool(found.without_effect) == bool(ignored)
