"""How often a client may come without logging in.

Since 9.8, OpenSSH shuts an address out whose penalties have summed up to 15 seconds: one for each
connection without a login, five for one whose logins failed (PerSourcePenalties, sshd_config(5)).
"""

from __future__ import annotations

import re
import time

from beacon.workloads.checks import Deadline

FAILED_LOGIN = 5.0

_STRICT = re.compile(rb"SSH-2\.0-OpenSSH_(\d{1,3})\.(\d{1,3})")
_SINCE = (9, 8)
#: Less than half, so that two drives in a row stay below it.
_MOST = 6.0


def punishes(greeting: bytes) -> bool:
    """Whether a server that greets so counts penalties unless it was told not to."""
    found = _STRICT.match(greeting)
    return found is not None and (int(found[1]), int(found[2])) >= _SINCE


class Pace:
    """Spaces connections out, so that the server's penalties for them run off."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._penalty, self._at = 1.0, time.monotonic()  # its greeting was read

    def wait(self, penalty: float) -> None:
        """Wait until one more penalty may be added, and count it."""
        while (left := self._left() + penalty - _MOST) > 0:
            self._deadline.check()
            time.sleep(min(left, 0.2))
        self._penalty, self._at = self._left() + penalty, time.monotonic()

    def _left(self) -> float:
        return max(0.0, self._penalty - (time.monotonic() - self._at))
