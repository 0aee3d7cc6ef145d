"""`python -m beacon` is the `beacon` command."""

from beacon.cli.entry import entry

entry()
