from __future__ import annotations

import msgspec
import pytest

from beacon.model.consistency import check_policy, check_profile
from beacon.model.environment import Environment
from beacon.model.event import Syscall
from beacon.model.recall import Lacking, Recall
from beacon.synthesis.synthesize import synthesize
from builders import profile, run
from unit.cli.stored import stored_profile

LACKING = Lacking(Environment.of([("a", "1")]), (Syscall("kill"),))


def test_the_figure() -> None:
    assert Recall(132, (LACKING,)).figure() == "99.2 % (131 of 132 environments)"
    assert Recall(0).share == 1.0


@pytest.mark.parametrize("environments", [0, 2])
def test_one_that_does_not_add_up_is_refused(environments: int) -> None:
    with pytest.raises(ValueError, match=r"twice|more environments"):
        Recall(environments, (LACKING,) * (environments or 1))


def test_one_of_environments_that_the_document_does_not_have_is_refused() -> None:
    recorded = stored_profile()
    check_profile(recorded)
    check_policy(synthesize(recorded))
    strange = msgspec.structs.replace(recorded, recall=Recall(1, (LACKING,)))
    with pytest.raises(ValueError, match="that no run had"):
        check_profile(strange)
    with pytest.raises(ValueError, match="does not describe the environment a=1"):
        check_policy(synthesize(strange))


def test_an_older_profile_has_none() -> None:
    old = msgspec.to_builtins(profile(run()))
    assert old.pop("recall") is None
    assert msgspec.convert(old, type(profile())).recall is None
    assert synthesize(profile(run())).recall is None
