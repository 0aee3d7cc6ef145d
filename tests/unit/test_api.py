"""The public names: adding one is a decision, removing one breaks somebody."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, fields

import pytest

import beacon
from beacon import api


def test_the_public_names_are_these() -> None:
    assert (
        beacon.__all__
        == api.__all__
        == (
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
    )
    assert all(getattr(beacon, name) is getattr(api, name) for name in beacon.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'campaign_of_mine'"):
        _ = beacon.campaign_of_mine


def test_requests_are_frozen() -> None:
    request = beacon.ProfileRequest("image")
    with pytest.raises(FrozenInstanceError):
        request.image = "other"  # type: ignore[misc]
    assert [each.name for each in fields(beacon.ProfileRequest)][:3] == [
        "image",
        "launch",
        "workload",
    ]


def test_the_command_line_starts_without_the_public_names() -> None:
    program = "import sys, beacon; print('beacon.api' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_the_catalogue_is_of_the_same_version() -> None:
    import beacon_catalogue

    assert beacon_catalogue.__version__ == beacon.__version__
