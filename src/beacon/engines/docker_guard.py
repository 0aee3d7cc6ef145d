"""Turns whatever the Docker SDK raises into BeaCon's errors, in this one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import APIError, DockerException
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from beacon.engines.interface import EngineUnavailableError, RefusedError
from beacon.model.text import escape_untrusted

_LONGEST = 300
_GONE = "The engine does not answer ({cause}): see whether it still runs."


@contextmanager
def answering(absent: str = _GONE) -> Iterator[None]:
    """Guard calls to the engine: RefusedError if it says no, EngineUnavailableError if nothing.

    `absent` is what is said then, with the system's reason for its `{cause}`.
    """
    try:
        yield
    except APIError as error:
        raise RefusedError(f"The engine refused: {explanation(error)}") from error
    except (DockerException, RequestException, HTTPError, ValueError) as error:
        raise EngineUnavailableError(absent.format(cause=_cause(error))) from error


def explanation(error: APIError) -> str:
    """Return the engine's own words, printable, on one line and of bounded length."""
    raw = error.explanation or str(error)
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else str(raw)
    line = escape_untrusted(" ".join(text[: 4 * _LONGEST].split()))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _cause(error: BaseException) -> str:
    # The SDK and its HTTP library wrap the system's error several times over; the innermost one
    # tells whether nobody listens there or whether this user may not connect.
    reason, inner = type(error).__name__, error.__cause__ or error.__context__
    if isinstance(error, OSError) and error.strerror:
        reason = str(error.strerror)
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            reason = str(inner.strerror)
        inner = inner.__cause__ or inner.__context__
    return escape_untrusted(reason)
