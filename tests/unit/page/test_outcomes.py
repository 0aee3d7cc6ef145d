from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
import pytest

from beacon.data.cves import cves
from beacon.data.runtimes import shipped
from beacon.model.ablation import Ablation
from beacon.model.architecture import Architecture
from beacon.model.event import Capability, Syscall
from beacon.model.intent import PRESETS, Intent, Reserve
from beacon.model.profile import Profile
from beacon.page.outcomes import outcomes
from beacon.page.states import States
from beacon.synthesis.explain import known
from beacon.synthesis.exposure import exposures
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run
from unit.cli.stored import ablated, stored_profile


def _risky() -> Profile:
    """Runs that share risky events unequally, so that the weights decide."""
    start = (call("execve"), call("openat"), call("read"))
    rare = run(*start, call("ptrace"), call("bpf"), call("keyctl"), workload="http")
    often = run(*start, call("unshare"), call("mount"), call("keyctl"), workload="http")
    rights = (check("CAP_SYS_ADMIN", during="mount"), check("CAP_NET_RAW", during="socket"))
    more = run(*start, call("io_uring_setup"), capabilities=rights, workload="http")
    made = [msgspec.structs.replace(each, repeat=n) for n, each in enumerate((rare, often, more))]
    return profile(*made, *(msgspec.structs.replace(often, repeat=n) for n in (3, 4)))


#: Its weights are no stops of the sliders by themselves.
_BETWEEN = Intent(security=0.31, functionality=1 / 3, reserve=Reserve.REACHABLE)


@pytest.mark.parametrize(
    ("made", "intent", "ablation"),
    [
        (stored_profile, PRESETS["availability"], None),
        (
            stored_profile,
            Intent(security=0.3, functionality=1 / 3, reserve=Reserve.REACHABLE),
            None,
        ),
        (_risky, PRESETS["strict"], None),
        (_risky, Intent(deny=(Capability("CAP_SYS_ADMIN"),), allow=(Syscall("ptrace"),)), None),
        (_risky, Intent(floor=False), None),
        (stored_profile, Intent(minimal=True), ablated()),
        (_risky, Intent(architectures=tuple(Architecture)), None),
    ],
)
def test_every_position_is_what_synthesis_comes_to(
    made: Callable[[], Profile], intent: Intent, ablation: Ablation | None
) -> None:
    recorded = made()
    found = outcomes(recorded, intent, shipped(), ablation)
    states = States(found.policies)
    assert found.at(intent) < len(found.policies) < found.positions / 10
    steps = itertools.product(found.places, found.functionality, found.security)
    for n, (reserve, functionality, security) in enumerate(steps):
        if n % 13:  # coprime to the numbers of stops, so that each stop of each slider is tried
            continue
        here = msgspec.structs.replace(
            intent, reserve=reserve, functionality=functionality, security=security
        )
        derived = synthesize(recorded, here, allow_incomplete=True, ablation=ablation)
        place = found.at(here)
        policy = found.policies[place]
        assert policy.events() == derived.events()
        assert policy.not_implemented == derived.not_implemented
        said = {each.event: each for each in known(derived)}
        shown = dict(zip(states.events, states.of_events(place), strict=True))
        for event, each in said.items():
            assert shown[event].allowed is each.allowed
            assert shown[event].reason(here) == each.because
            assert shown[event].security == f"{each.security.value:.2f}"
            assert shown[event].functionality == f"{each.functionality.value:.2f}"
        assert not any(each.allowed for event, each in shown.items() if event not in said)
        stopped = {each.cve.id for each in exposures(derived.events(), cves()) if each.stopped}
        pairs = zip(states.cves, states.of_cves(place), strict=True)
        assert {cve.id for cve, through in pairs if through == "stopped"} == stopped


def test_without_reach_there_is_no_choice_of_a_reserve() -> None:
    bare = msgspec.structs.replace(stored_profile(), reach=None)
    assert list(outcomes(bare, PRESETS["strict"], shipped()).places) == [Reserve.NONE]


def test_the_policies_carry_plain_intents() -> None:
    found = outcomes(stored_profile(), PRESETS["balanced"], shipped())
    assert {type(each.intent) for each in found.policies} == {Intent}
