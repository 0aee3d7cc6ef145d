"""The one error tree; `beacon.cli.main` catches it once and turns it into an exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code says. Interrupted commands exit with 128 + signal."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    NOTHING_OBSERVED = 3
    UNSUPPORTED_HOST = 4
    DIFFERENCE = 10
    ENVIRONMENT = 11


class BeaconError(Exception):
    """Anything that stops a command; its text is one sentence that says what to do."""

    exit_code = ExitCode.ERROR

    def diagnostics(self) -> str | None:
        """Further lines for the user (a log's tail, a list of causes), or None."""
        return None


class UsageError(BeaconError):
    """The request or a file that it names cannot be used."""

    exit_code = ExitCode.USAGE


class NothingObservedError(BeaconError):
    """A campaign ended without a single run that says anything."""

    exit_code = ExitCode.NOTHING_OBSERVED


class UnsupportedHostError(BeaconError):
    """This host lacks what BeaCon needs."""

    exit_code = ExitCode.UNSUPPORTED_HOST
