from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from beacon.campaign.journal import JOURNAL_FILE, Journal
from beacon.errors import BeaconError, UsageError
from beacon.model.environment import Environment
from beacon.model.run import Ending, Run, RunKind
from builders import call, run


def written(directory: Path, *runs: Run) -> bytes:
    with Journal(directory, "campaign", resume=False) as journal:
        for each in runs:
            journal.add(each)
    return (directory / JOURNAL_FILE).read_bytes()


def line(body: bytes) -> bytes:
    return b'{"crc":%d,"body":%s}\n' % (zlib.crc32(body), body)


ONE, TWO = run(call("read")), run(call("write"), workload="http")


def test_finished_runs_are_found_again(tmp_path: Path) -> None:
    written(tmp_path / "new", ONE, TWO)
    with Journal(tmp_path / "new", "campaign", resume=True) as journal:
        assert len(journal) == 2
        assert journal.done(RunKind("http", Environment())) == TWO
        assert journal.done(RunKind("redis", Environment())) is None
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


CONTENTS = (
    b"null",
    b"[]",
    b'"run"',
    b'{"environment":{}}',
    msgspec.json.encode(ONE).replace(b'"count":1', b'"count":-1'),
    msgspec.json.encode(ONE).replace(b'"count":1', b'"count":99999999999999999999'),
    msgspec.json.encode(ONE).replace(b'"count":1', b'"count":1e308'),
    msgspec.json.encode(ONE).replace(b'"settings":[]', b'"settings":[["b","1"],["a","1"]]'),
    msgspec.json.encode(ONE).replace(b'"served"', b'"celebrated"'),
    msgspec.json.encode(ONE),  # for the second time
    b"[" * 100_000 + b"]" * 100_000,
)


@pytest.mark.parametrize("content", CONTENTS, ids=range(len(CONTENTS)))
def test_a_right_checksum_proves_no_content(tmp_path: Path, content: bytes) -> None:
    whole = written(tmp_path, ONE)
    (tmp_path / JOURNAL_FILE).write_bytes(whole + line(content))
    with pytest.raises(UsageError, match="is damaged") as failure:
        Journal(tmp_path, "campaign", resume=True)
    assert str(failure.value).count("\n") == 0


def test_an_identity_of_another_type_is_another_campaign(tmp_path: Path) -> None:
    for content in (b"[]", b"17", b"null", b'{"campaign":1}'):
        (tmp_path / JOURNAL_FILE).write_bytes(line(content))
        with pytest.raises(UsageError, match="another campaign"):
            Journal(tmp_path, "campaign", resume=True)


def test_an_environment_that_has_another_one_s_name_is_not_taken(tmp_path: Path) -> None:
    two = Environment.of((("a", "1"), ("b", "2")))
    one = Environment.of((("a", "1,b=2"),))
    assert one.name == two.name
    written(tmp_path, msgspec.structs.replace(ONE, environment=one))
    with Journal(tmp_path, "campaign", resume=True) as journal:
        assert journal.done(RunKind("none", two)) is None
        assert journal.done(RunKind("none", one)) is not None


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize(
    ("trap", "said"),
    [
        (lambda path: path.chmod(0o666), "other users can write"),
        (lambda path: path.with_name("second").hardlink_to(path), "second name"),
        (_fifo, "not a regular file"),
        (_folder, "not a regular file"),
    ],
)
def test_a_journal_that_is_not_surely_ours_is_refused(
    tmp_path: Path, trap: Callable[[Path], object], said: str, resume: bool
) -> None:
    written(tmp_path, ONE)
    trap(tmp_path / JOURNAL_FILE)
    with pytest.raises(BeaconError, match=said):
        Journal(tmp_path, "campaign", resume=resume)


def test_another_user_s_journal_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, ONE)
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    with pytest.raises(BeaconError, match="another user"):
        Journal(tmp_path, "campaign", resume=True)


def test_what_is_laid_there_meanwhile_is_replaced_not_written_through(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    with Journal(tmp_path, "campaign", resume=False) as journal:
        (tmp_path / JOURNAL_FILE).symlink_to(precious)
        journal.add(ONE)
    assert precious.read_text() == "precious"
    assert not (tmp_path / JOURNAL_FILE).is_symlink()


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
    for resume in (False, True):
        with pytest.raises(BeaconError, match="not a regular file"):
            Journal(tmp_path, "campaign", resume=resume)
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_command_that_starts_nothing_replaces_no_journal(tmp_path: Path) -> None:
    with Journal(tmp_path, "campaign", resume=False) as journal:
        journal.add(run(call("read")))
    kept = (tmp_path / JOURNAL_FILE).read_bytes()
    with Journal(tmp_path, "other", resume=False) as other:
        other.add(run(call("read"), ending=Ending.REFUSED))
        other.add(run(call("write"), ending=Ending.EXITED))
        assert len(other) == 0
        other.discard()
    assert (tmp_path / JOURNAL_FILE).read_bytes() == kept


def test_the_first_ready_run_brings_those_before_it(tmp_path: Path) -> None:
    with Journal(tmp_path, "campaign", resume=False) as journal:
        journal.add(run(call("read"), ending=Ending.EXITED))
        journal.add(run(call("read"), workload="http"))
        assert len(journal) == 2
    with Journal(tmp_path, "campaign", resume=True) as journal:
        assert len(journal) == 2
