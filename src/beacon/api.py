"""What programs call: one request in, one result out.

`import beacon` brings these names; everything else may change from version to version. All errors
are BeaconErrors (beacon/errors.py draws the tree). Needs root, as the commands do.
"""

from __future__ import annotations

from collections.abc import Sequence

from beacon.campaign.consent import Consent
from beacon.campaign.demands import Demand
from beacon.campaign.profiling import profile as _profile
from beacon.campaign.reporter import Reporter
from beacon.campaign.request import ProfileRequest, VerifyRequest
from beacon.campaign.run import RunSpec
from beacon.campaign.verifying import verify as _verify
from beacon.data.runtimes import all_tables
from beacon.errors import BeaconError
from beacon.model.intent import PRESETS, Intent
from beacon.model.launch import Launch
from beacon.model.policy import Policy
from beacon.model.profile import Estimate, Profile
from beacon.model.recognition import Recognition
from beacon.model.run import Run
from beacon.model.verification import Verification
from beacon.synthesis.synthesize import synthesize as _synthesize

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


def profile(request: ProfileRequest, reporter: Reporter | None = None) -> Profile:
    """Run an image in many environments, watched from the kernel.

    `Profile.gaps` says why a profile is not complete, if it is not. Raises UsageError for what
    cannot come true, NothingObservedError when the image never became ready, UnsupportedHostError.
    """
    return _profile(request, reporter or _Silent())


def synthesize(recorded: Profile, intent: Intent = PRESETS["availability"]) -> Policy:
    """The policy that the intent asks for. Raises UsageError for an incomplete profile."""
    return _synthesize(recorded, intent, runtimes=all_tables())


def verify(request: VerifyRequest, reporter: Reporter | None = None) -> Verification:
    """Run an image under the policy in a directory, and compare with what was recorded.

    `Verification.passed` and `.verdict` say what came of it. Raises UsageError for what the
    policy's files ask of this host and the request does not consent to.
    """
    return _verify(request, reporter or _Silent())


class _Silent:
    """A reporter that reports nothing."""

    def say(self, text: str) -> None:
        pass

    def demanded(self, demands: Sequence[Demand], consent: Consent) -> None:
        pass

    def planned(self, total: int) -> None:
        pass

    def resumed(self, runs: int, new_events: int) -> None:
        pass

    def estimated(self, estimate: Estimate) -> None:
        pass

    def recognised(self, recognition: Recognition) -> None:
        pass

    def started(self, spec: RunSpec) -> None:
        pass

    def finished(self, spec: RunSpec, run: Run, new_events: int) -> None:
        pass
