from __future__ import annotations

import os
from pathlib import Path

import pytest

from beacon.data import runtimes
from beacon.data.runtimes import (
    Chance,
    Measurement,
    Table,
    all_tables,
    find_floor,
    load,
    render,
    shipped,
    with_measured,
)
from beacon.errors import UsageError
from beacon.model.event import Syscall

#: What gives an attacker something that a program without it has not.
RISKY = {"bpf", "clone", "clone3", "keyctl", "mount", "ptrace", "setns", "unshare", "userfaultfd"}


def table(*versions: str) -> Table:
    return Table(
        tuple(
            Measurement(name="runc", version=each, starts=1, calls={"close": 1})
            for each in versions
        )
    )


def names(runtime: str) -> set[str]:
    floor = find_floor(shipped(), runtime)
    assert floor is not None
    return {str(call) for call in floor.calls}


def test_what_each_runtime_alone_makes() -> None:
    assert {"capget", "chdir", "fstat", "fstatfs"} <= names("runc 1.1.5") - names("crun 1.8.1")
    assert names("crun 1.8.1") - names("runc 1.1.5") == {
        *("pselect6", "rt_sigaction", "rt_sigprocmask", "setresgid", "setresuid"),
    }


def test_what_comes_by_chance_is_there_by_reason() -> None:
    floor = find_floor(shipped(), "runc")
    assert floor is not None
    for name in ("rt_sigreturn", "sched_yield", "epoll_pwait"):
        assert "may make it before the entry point" in floor.calls[Syscall(name)]
    assert all(each.source.startswith("https://") for each in shipped().chance)


def test_the_floor_opens_nothing_that_is_risky() -> None:
    for each in shipped().runtimes:
        floor = find_floor(shipped(), str(each))
        assert floor is not None
        assert RISKY.isdisjoint(call.name for call in {**floor.calls, **floor.exec})
    # By their argument classes only.
    assert {"prctl", "fcntl", "futex", "mmap", "ioctl"}.isdisjoint(names("runc") | names("crun"))


@pytest.mark.parametrize(
    ("asked", "measured", "exact"),
    [
        ("runc", "1.2.4", True),
        ("runc 1.1.5", "1.1.5+ds1", True),
        ("runc 1.1.5+ds1-1+deb12u1", "1.1.5+ds1", True),
        ("runc v1.2.4", "1.2.4", True),
        ("runc 1.1.12", "1.1.5+ds1", False),
        ("runc 1.2", "1.2.4", False),
        ("runc 3.0", "1.2.4", False),
        ("runc 0.1", "1.0.0", False),
        ("runc 1.1.99", "1.1.5+ds1", False),
        ("runc 1.2.0", "1.2.4", False),
        ("runc nonsense", "1.2.4", False),
        (f"runc {'9' * 5000}", "1.2.4", False),
    ],
)
def test_the_nearest_version(asked: str, measured: str, *, exact: bool) -> None:
    floor = find_floor(table("1.0.0", "1.1.5+ds1", "1.2.4"), asked)
    assert floor is not None
    assert (floor.measured, floor.exact) == (f"runc {measured}", exact)


@pytest.mark.parametrize("asked", ["", " ", "kata 3", "runcx 1.1", "\x1b[2J", "runc1.1"])
def test_a_runtime_that_nobody_measured(asked: str) -> None:
    assert find_floor(shipped(), asked) is None


def test_a_host_adds_to_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "HOST_TABLE", tmp_path / "runtimes.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    more = Table(
        (
            Measurement(name="youki", version="0.5", starts=9, calls={"close": 9}),
            Measurement(name="crun", version="1.8.1", starts=1, calls={"umask": 1}),
        ),
        (Chance("youki", "sched_yield", 'a "reason" \x7f', "https://example.org"),),
    )
    (tmp_path / "runtimes.toml").write_text(render(more))
    found = all_tables()
    assert load(tmp_path / "runtimes.toml") == more
    youki, crun = find_floor(found, "youki"), find_floor(found, "crun 1.8.1")
    assert youki is not None
    assert crun is not None
    assert {str(call) for call in youki.calls} == {"close", "sched_yield"}
    assert {str(call) for call in crun.calls} == names("crun") | {"umask"}


def test_a_measurement_takes_the_place_of_an_older_one() -> None:
    new = Measurement(name="runc", version="1.0.0", starts=5, calls={"read": 5})
    assert with_measured(table("1.0.0", "1.1.0"), new).runtimes == (*table("1.1.0").runtimes, new)


@pytest.mark.parametrize(
    "text",
    [
        "runtimes = 1",
        "\0",
        "[[runtimes]]",
        '[[runtimes]]\nname="a b"\nversion="1"\nstarts=1\ncalls={}',
        '[[runtimes]]\nname="a"\nversion="1"\nstarts=-1\ncalls={}',
        '[[runtimes]]\nname="a"\nversion="1\\n"\nstarts=1\ncalls={}',
        '[[runtimes]]\nname="a"\nversion="1"\nstarts=1\ncalls={"nosuch"=1}',
        '[[runtimes]]\nname="a"\nversion="1"\nstarts=1\ncalls={"i386:read"=1}',
        '[[runtimes]]\nname="a"\nversion="1"\nstarts=1\ncalls={"CAP_KILL"=1}',
        '[[runtimes]]\nname="a"\nversion="1"\nstarts=1\ncalls={"prctl(1,2,3)"=1}',
        '[[runtimes]]\nname="a"\nversion="1"\nstarts=1\ncalls={}\nmore=1',
        '[[chance]]\nruntime="a"\ncall="mount(NONSENSE)"\nwhy="x"\nsource="y"',
        "a = " + "[" * 50_000,
        "# " + "x" * (1 << 20),
    ],
)
def test_what_is_no_table_is_refused_by_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "runtimes.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        load(path)
    assert "\n" not in str(error.value)
    assert "runtimes.toml" in str(error.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "runtimes.toml")
    with pytest.raises(UsageError):
        load(tmp_path / "runtimes.toml")
