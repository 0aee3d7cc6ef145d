from __future__ import annotations

import stat
from pathlib import Path

import pytest

from beacon.campaign.journal import JOURNAL_FILE, Journal
from beacon.errors import BeaconError, UsageError
from beacon.model.run import Run
from builders import call, run


def written(directory: Path, *runs: Run) -> bytes:
    with Journal(directory, "campaign", resume=False) as journal:
        for each in runs:
            journal.add(each)
    return (directory / JOURNAL_FILE).read_bytes()


ONE, TWO = run(call("read")), run(call("write"), workload="http")


def test_finished_runs_are_found_again(tmp_path: Path) -> None:
    written(tmp_path / "new", ONE, TWO)
    with Journal(tmp_path / "new", "campaign", resume=True) as journal:
        assert len(journal) == 2
        assert journal.done("http@default") == TWO
        assert journal.done("redis@default") is None
    mode = (tmp_path / "new" / JOURNAL_FILE).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_wherever_a_kill_cut_it_off_the_whole_runs_stay(tmp_path: Path) -> None:
    whole = written(tmp_path, ONE, TWO)
    ends = [position + 1 for position, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        (tmp_path / JOURNAL_FILE).write_bytes(whole[:cut])
        with Journal(tmp_path, "campaign", resume=True) as journal:
            assert len(journal) == max(0, sum(end <= cut for end in ends) - 1)


def test_writing_goes_on_behind_the_last_whole_run(tmp_path: Path) -> None:
    whole = written(tmp_path, ONE, TWO)
    (tmp_path / JOURNAL_FILE).write_bytes(whole[:-5])
    with Journal(tmp_path, "campaign", resume=True) as journal:
        journal.add(TWO)
    assert (tmp_path / JOURNAL_FILE).read_bytes() == whole


def test_a_damaged_run_is_not_taken(tmp_path: Path) -> None:
    whole = written(tmp_path, ONE, TWO)
    (tmp_path / JOURNAL_FILE).write_bytes(whole.replace(b'"write"', b'"wrote"'))
    with Journal(tmp_path, "campaign", resume=True) as journal:
        assert len(journal) == 1


def test_another_campaign_s_journal_is_refused(tmp_path: Path) -> None:
    written(tmp_path, ONE)
    with pytest.raises(UsageError, match="another campaign"):
        Journal(tmp_path, "other", resume=True)


def test_a_new_campaign_begins_anew(tmp_path: Path) -> None:
    written(tmp_path, ONE, TWO)
    assert written(tmp_path, ONE).count(b"\n") == 2


def test_nothing_is_written_before_the_first_run(tmp_path: Path) -> None:
    with Journal(tmp_path / "new", "campaign", resume=True):
        pass
    assert not (tmp_path / "new").exists()


def test_a_beginning_of_nothing_is_discarded(tmp_path: Path) -> None:
    with Journal(tmp_path / "new", "campaign", resume=False) as journal:
        journal.add(ONE)
        journal.discard()
    assert not (tmp_path / "new").exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / JOURNAL_FILE).symlink_to(tmp_path / "precious")
    with (
        Journal(tmp_path, "campaign", resume=False) as journal,
        pytest.raises(BeaconError, match="Cannot use"),
    ):
        journal.add(ONE)
    assert (tmp_path / "precious").read_text() == "precious"
