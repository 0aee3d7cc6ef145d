"""The `beacon` command: makes an interrupt harmless before the rest is even imported."""

from __future__ import annotations

import signal
import sys


def entry() -> None:
    """Run the command and exit with its code."""
    # Importing takes a good part of a second, in which there is nothing to clean up: an interrupt
    # then ends us at once, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from beacon.cli.main import main

    sys.exit(main(sys.argv[1:]))
