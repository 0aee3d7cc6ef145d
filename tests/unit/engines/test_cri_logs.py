from __future__ import annotations

import hashlib
from pathlib import Path

from beacon.engines.cri_logs import contents, digests, follow, put_away, tail
from beacon.engines.streams import ERROR, OUTPUT

_TIME = b"2020-01-01T00:00:00.0Z"
_LOG = b"".join(
    _TIME + b" " + line + b"\n"
    for line in (b"stdout F one", b"stderr F two", b"stdout P thr", b"stdout F ee", b"stdout P end")
)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_lines_and_parts() -> None:
    lines = [*_LOG.splitlines(keepends=True), b"nonsense\n", _TIME + b" stdin F x\n"]
    assert list(contents(iter(lines))) == [
        (OUTPUT, b"one\n"),
        (ERROR, b"two\n"),
        (OUTPUT, b"thr"),
        (OUTPUT, b"ee\n"),
        (OUTPUT, b"end"),
    ]


def test_digests(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(_LOG)
    found = digests(path, terminal=False)
    assert found == {OUTPUT: _digest(b"one\nthree\nend"), ERROR: _digest(b"two\n")}
    terminal = digests(path, terminal=True)
    assert terminal == {OUTPUT: _digest(b"one\r\ntwo\r\nthree\r\nend")}


def test_what_was_put_away_has_no_digest_but_a_tail(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(_LOG)
    path.rename(put_away(path))
    path.write_bytes(_TIME + b" stdout F later\n")
    assert set(digests(path, terminal=False).values()) == {None}
    assert tail(path) == b"one\ntwo\nthree\nendlater\n"
    assert tail(path, 6) == b"later\n"


def test_following(tmp_path: Path) -> None:
    path = tmp_path / "log"
    states = iter([True, True, False, False, False])

    def alive() -> bool:
        now = next(states)
        if not path.exists():
            path.write_bytes(_LOG[:30])
        elif path.stat().st_size == 30:
            path.write_bytes(_LOG)
        return now

    assert b"".join(follow(path, 10, alive)) == b"one\ntwo\nthree\nend"


def test_following_ends_in_time(tmp_path: Path) -> None:
    assert list(follow(tmp_path / "none", 0.1, lambda: True)) == []
