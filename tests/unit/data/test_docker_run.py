from __future__ import annotations

import re
from pathlib import Path

import pytest

from beacon.data.docker_run import ValueKind, docker_run, value_kind
from beacon.model.launch import Launch

HELP = Path(__file__).parent / f"docker-run-{docker_run().version}.txt"
#: Docker takes them as well and does not list them.
UNLISTED = {"--net", "--net-alias", "--dns-opt"}
_LINE = re.compile(r"^ {2,6}(?:(-\w), )?(--[\w-]+) (\S*)", re.MULTILINE)
#: Fields of Launch that BeaCon's own options set, or the options of `read_launch`.
OWN = {"command", "apparmor", "no_new_privileges", "seccomp", "restart", "stdin", "stdin_sha256"}
OWN |= {"job", "ready_log", "ready_after", "ready_timeout"}
CONVERTED = {"env_file", "mount", "security_opt", "pull", "runtime"}


def listed() -> dict[str, bool]:
    """What `docker run --help` of that version lists, and whether a value follows."""
    found: dict[str, bool] = {}
    for short, long, value in _LINE.findall(HELP.read_text()):
        found |= {name: bool(value) for name in (short, long) if name}
    return found


def ours() -> dict[str, bool]:
    table = docker_run()
    found = {
        name: value_kind(field) is not ValueKind.FLAG
        for field, option in table.taken.items()
        for name in option.names
    }
    for reason in (*table.ignored, *table.refused):
        found |= {name: valued for names, valued in reason.options() for name in names}
    return found


def test_each_option_of_docker_run_is_taken_ignored_or_refused() -> None:
    theirs = listed()
    assert len(theirs) > 100
    # `-h` is the help of every command; Docker's is --help alone.
    assert set(theirs) - {"-h", "--help"} == set(ours()) - UNLISTED


@pytest.mark.parametrize("name", sorted(set(ours()) & set(listed())))
def test_a_value_follows_where_docker_wants_one(name: str) -> None:
    assert ours()[name] == listed()[name]


def test_no_option_is_in_the_table_twice() -> None:
    table = docker_run()
    names = [name for option in table.taken.values() for name in option.names]
    for reason in (*table.ignored, *table.refused):
        names += [name for each, _ in reason.options() for name in each]
    assert len(names) == len(set(names))


def test_what_is_taken_is_a_field_of_the_launch() -> None:
    assert set(docker_run().taken) - CONVERTED == set(Launch.__struct_fields__) - OWN


def test_what_follows_an_option() -> None:
    assert value_kind("read_only") is ValueKind.FLAG
    assert value_kind("env") is ValueKind.LIST
    assert value_kind("user") is ValueKind.TEXT
    assert value_kind("pids_limit") is ValueKind.WHOLE
    assert value_kind("stop_timeout") is ValueKind.WHOLE
    assert value_kind("cpus") is ValueKind.NUMBER
