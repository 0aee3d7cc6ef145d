"""BeaCon profiles container images and writes policies that are proven to work.

The public names are those of `beacon.api`; they are imported when they are first used, so that the
command line starts without them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beacon.api import (
        PRESETS,
        BeaconError,
        Consent,
        Intent,
        Launch,
        Policy,
        Profile,
        ProfileRequest,
        Reporter,
        Verification,
        VerifyRequest,
        profile,
        synthesize,
        verify,
    )

__version__ = "0.2.0.dev0"
__all__ = (
    "PRESETS",
    "BeaconError",
    "Consent",
    "Intent",
    "Launch",
    "Policy",
    "Profile",
    "ProfileRequest",
    "Reporter",
    "Verification",
    "VerifyRequest",
    "profile",
    "synthesize",
    "verify",
)


def __getattr__(name: str) -> object:
    """A public name, from `beacon.api`."""
    if name not in __all__:
        raise AttributeError(f"module 'beacon' has no attribute {name!r}")
    # By its name, so that the layers below do not come to depend on it.
    return getattr(import_module("beacon.api"), name)
