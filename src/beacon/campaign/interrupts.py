"""Turns a signal into an exception, so that whatever runs is removed on the way out."""

from __future__ import annotations

import signal
import sys
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN = 0.05  # seconds


class Interrupted(BaseException):
    """SIGINT, SIGTERM or SIGHUP; no `except Exception` may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.exit_code = 128 + number


def catch_signals() -> None:
    """From now on they raise Interrupted in the main thread; SIGHUP not where it is ignored."""
    sys.unraisablehook = _interrupt_again
    for number in _NUMBERS:
        ignored = number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
        if not ignored:  # as under nohup
            signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # The clean-up that follows must not be cut short by an impatient second one.
    for each in _NUMBERS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


def _interrupt_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Raise an interrupt once more that Python had to drop.

    That is one that came in a function which C code called, as libbpf does for its messages, or in
    a finalizer.
    """
    dropped = unraisable.exc_value
    if not isinstance(dropped, Interrupted):
        sys.__unraisablehook__(unraisable)
        return
    # What is raised here would be dropped as well: wait until that function has returned.
    signal.signal(signal.SIGALRM, lambda _number, frame: _interrupt(dropped.number, frame))
    signal.setitimer(signal.ITIMER_REAL, _AGAIN)
