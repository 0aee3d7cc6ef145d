"""What a page is about."""

from __future__ import annotations

from dataclasses import dataclass

from beacon.model.ablation import Ablation
from beacon.model.deviation import Deviation
from beacon.model.intent import PRESETS, Intent
from beacon.model.launch import Launch
from beacon.model.origin import ImageIdentity
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.verification import Verification


@dataclass(frozen=True)
class Subject:
    """A profile, a policy of it, or both, with what was proven of them.

    `name` is the directory's, `profile_name` that of the profile. `files` say how the files of the
    policy's directory differ from policy.json. The verification is `outdated` where what it proved
    are not the files that are there. At least one of profile and policy is there.
    """

    name: str
    profile_name: str | None = None
    profile: Profile | None = None
    ablation: Ablation | None = None
    policy: Policy | None = None
    verification: Verification | None = None
    outdated: bool = False
    files: tuple[Deviation, ...] = ()

    @property
    def image(self) -> ImageIdentity:
        """The image of its policy, or else of its profile."""
        return self._document.image

    @property
    def launch(self) -> Launch:
        """How the image is started."""
        return self._document.launch

    @property
    def intent(self) -> Intent:
        """That of its policy; without one that of `beacon policy` without options."""
        return PRESETS["availability"] if self.policy is None else self.policy.intent

    @property
    def _document(self) -> Policy | Profile:
        found = self.policy or self.profile
        if found is None:
            raise ValueError("a page is about a profile or a policy")
        return found
