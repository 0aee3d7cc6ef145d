"""Reads the Docker SDK's streams with a limit on time and memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from docker.errors import DockerException

from beacon.engines.streams import KEPT


def limited(stream: Any, seconds: float) -> Iterator[bytes]:
    """Yield the stream's chunks until it ends or `seconds` are over; then close it.

    The SDK reads without a time limit; only closing the stream under it ends a silent one.
    """
    timer = threading.Timer(seconds, _close, [stream])
    timer.daemon = True
    timer.start()
    try:
        yield from stream
    finally:
        timer.cancel()
        _close(stream)
        _release(stream)


def head(chunks: Iterator[bytes], size: int = KEPT) -> bytes:
    """Return the first `size` bytes; read on to the end, so that the writer is not held up."""
    kept = bytearray()
    for chunk in chunks:
        kept += chunk[: size - len(kept)]
    return bytes(kept)


def tail(chunks: Iterator[bytes], size: int = KEPT) -> bytes:
    """Return the last `size` bytes."""
    kept = bytearray()
    for chunk in chunks:
        kept += chunk
        del kept[:-size]
    return bytes(kept)


def _close(stream: Any) -> None:
    # The SDK stumbles over streams that have just ended by themselves; those need no closing.
    with suppress(OSError, AttributeError, DockerException):
        stream.close()


def _release(stream: Any) -> None:
    # The SDK shuts the connection down, yet leaves its file open until the garbage collector
    # finds it; only the response that it keeps to itself can close that.
    response = getattr(stream, "_response", None)
    if response is not None:
        response.close()
