from __future__ import annotations

import pytest
from msgspec.structs import replace

from beacon.model.consistency import check_policy, check_profile
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run


@pytest.mark.parametrize("name", ["--privileged", "-v/:/host"])
def test_no_image_has_the_name_of_an_option(name: str) -> None:
    """`beacon policy` ends with a command in which it stands."""
    recorded = profile(run(call("read")))
    policy = synthesize(recorded)
    check_profile(recorded)
    check_policy(policy)
    image = replace(recorded.image, reference=name)
    with pytest.raises(ValueError, match="name of an option"):
        check_profile(replace(recorded, image=image))
    with pytest.raises(ValueError, match="name of an option"):
        check_policy(replace(policy, image=image))
    replays = tuple(replace(each, image=image) for each in policy.replays)
    with pytest.raises(ValueError, match="name of an option"):
        check_policy(replace(policy, replays=replays))
