from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from beacon.errors import UsageError
from beacon.model.ablation import (
    ABLATION_VERSION,
    AblatedEntry,
    Ablation,
    Breakage,
    BreakageKind,
    Necessity,
)
from beacon.model.environment import Environment
from beacon.model.event import Syscall
from beacon.model.files import ABLATION_FILE, encode, load_ablation, write_files
from builders import profile

READ = Syscall("read")
MADE = Ablation(
    image=profile().image,
    profile=profile().digest(),
    environments=(Environment(),),
    entries=(AblatedEntry(event=READ, necessity=Necessity.UNNEEDED),),
    runs=3,
    complete=True,
    beacon="0",
)


def entry(kind: BreakageKind, name: str, broken: int = 1) -> AblatedEntry:
    breaks = (Breakage(kind, name, "http@default"),)
    return AblatedEntry(event=READ, necessity=Necessity.NEEDED, breaks=breaks, broken=broken)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            entry(BreakageKind.READINESS, "exited"),
            "without it the container does not become ready (exited)",
        ),
        (entry(BreakageKind.CHECK, "page", 3), "without it check page fails, and 2 more"),
        (
            entry(BreakageKind.ENDING, "exit code 1, recorded: 0"),
            "without it the container ends otherwise (exit code 1, recorded: 0)",
        ),
        (
            entry(BreakageKind.DENIAL, "pselect6"),
            "without it the container tries pselect6, which is denied",
        ),
        (AblatedEntry(event=READ, necessity=Necessity.NEEDED), "without it something breaks"),
        (
            AblatedEntry(event=READ, necessity=Necessity.UNNEEDED),
            "without it nothing breaks (not even asked for)",
        ),
        (
            AblatedEntry(event=READ, necessity=Necessity.UNNEEDED, denied=True),
            "without it nothing breaks (denied)",
        ),
        (AblatedEntry(event=READ, necessity=Necessity.UNTESTED), "not tested"),
        (
            AblatedEntry(event=READ, necessity=Necessity.UNTESTED, because="kept: why"),
            "kept: why",
        ),
    ],
)
def test_what_an_entry_says(found: AblatedEntry, said: str) -> None:
    assert found.sentence() == said


def test_long_names_are_cut() -> None:
    assert len(entry(BreakageKind.CHECK, "x" * 10_000).sentence()) < 200


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert load_ablation(tmp_path, profile()) is None
    write_files(tmp_path, {ABLATION_FILE: encode(MADE)})
    assert load_ablation(tmp_path, profile()) == MADE
    assert (tmp_path / ABLATION_FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"profile": "0" * 64}, "not of the profile beside it"),
        ({"version": ABLATION_VERSION + 1}, "update BeaCon"),
        ({"version": 1}, "let programs keep privileges"),
        ({"version": 0}, "has no version"),
        ({"entries": MADE.entries * 8193}, "is damaged"),
        ({"runs": -1}, "is damaged"),
    ],
)
def test_what_is_none_of_this_profile_is_refused(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    bad = msgspec.structs.replace(MADE, **changed)
    write_files(tmp_path, {ABLATION_FILE: encode(bad)})
    with pytest.raises(UsageError, match=said):
        load_ablation(tmp_path, profile())
