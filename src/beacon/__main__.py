"""`python -m beacon` is the `beacon` command."""

from beacon.cli.main import entry

entry()
