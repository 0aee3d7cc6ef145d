from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from beacon.engines.docker_streams import head, limited, tail
from beacon.engines.streams import printable_lines


class _Silent:
    """Like a command that says nothing for ever."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield b"first"
        assert self._closed.wait(10)

    def close(self) -> None:
        self._closed.set()


def test_a_silent_stream_is_closed_in_time() -> None:
    started = time.monotonic()
    assert list(limited(_Silent(), 0.1)) == [b"first"]
    assert time.monotonic() - started < 5


def test_head_and_tail_keep_a_bounded_part() -> None:
    chunks = [b"abc", b"def", b"ghi"]
    assert head(iter(chunks), 4) == b"abcd"
    assert tail(iter(chunks), 4) == b"fghi"
    assert head(iter(chunks)) == tail(iter(chunks)) == b"abcdefghi"


def test_head_reads_to_the_end() -> None:
    chunks = iter([b"x"] * 100)
    head(chunks, 1)
    assert next(chunks, None) is None


def test_lines_are_printable_each() -> None:
    assert printable_lines(b"a\x1b[2J\nb\xff\n") == "a\\x1b[2J\nb\\udcff"
    assert printable_lines(b"1\n2\n3\n", last=2) == "2\n3"
    assert printable_lines(b"") == ""
