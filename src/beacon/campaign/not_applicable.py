"""What an environment asks for and this image or host cannot have."""

from __future__ import annotations

from beacon.errors import BeaconError


class NotApplicableError(BeaconError):
    """A step that cannot be done here: neither a failure of the container nor evidence."""
