from __future__ import annotations

import itertools

import pytest

from beacon.data.cves import cves
from beacon.data.kernel import tables
from beacon.model.event import Abi, Capability, Event, Phase, Syscall
from beacon.model.policy import Policy
from beacon.scoring.security import Candidates, lacking, routes
from beacon.synthesis.ablated import without
from beacon.synthesis.drill import Affected, cheapest, drill, needs_of
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run
from unit.cli.stored import stored_profile

COUNTING = [each for each in cves() if each.counts]
DIRTY_PIPE = next(each for each in cves() if each.id == "CVE-2022-0847")


def _everything() -> Policy:
    """Nearly all calls, some capabilities."""
    calls = [call(name) for name in sorted(tables().syscalls[Abi.X86_64]) if "create" not in name]
    rights = tuple(check(f"CAP_{name}") for name in ("NET_ADMIN", "SYS_ADMIN", "BPF"))
    return synthesize(profile(run(*calls, capabilities=rights)), allow_incomplete=True)


EVERYTHING = _everything()
LITTLE = synthesize(stored_profile(), allow_incomplete=True)


@pytest.mark.parametrize("policy", [EVERYTHING, LITTLE], ids=["everything", "little"])
def test_what_is_to_be_denied_stops_it_and_no_less_does(policy: Policy) -> None:
    stopped = 0
    for cve in COUNTING:
        found = drill(policy, cve)
        stopped += found.stopped
        if found.stopped:
            assert found.denied
            assert not found.deny
            continue
        assert set(found.deny) <= set(found.through) <= policy.events()
        assert drill(without(policy, set(found.deny)), cve).stopped
        for kept in found.deny:
            part = without(policy, {each for each in found.deny if each != kept})
            assert not drill(part, cve).stopped
    assert 0 < stopped < len(COUNTING)


def test_the_cheapest_of_all_denials_is_found() -> None:
    a, b, c, d = events = [Syscall(name) for name in ("read", "write", "open", "close")]
    ways = [
        (frozenset({a}), frozenset({b, c})),
        (frozenset({d}), frozenset({b})),
        (frozenset({c}), frozenset({a})),
    ]

    def stops(denied: frozenset[Event]) -> bool:
        return all(any(serving <= denied for serving in way) for way in ways)

    for weights in itertools.product((1.0, 2.5, 4.0), repeat=4):
        costs: dict[Event, float] = dict(zip(events, weights, strict=True))
        all_sets = [frozenset(s) for n in range(5) for s in itertools.combinations(events, n)]
        least = min(sum(costs[e] for e in s) for s in all_sets if stops(s))
        assert sum(costs[e] for e in cheapest(ways, costs)) == least


def test_what_a_start_needs_is_denied_last() -> None:
    runs = run(call("splice", Phase.START), call("write", Phase.SERVE), call("execve"))
    found = drill(synthesize(profile(runs), allow_incomplete=True), DIRTY_PIPE)
    assert found.deny == (Syscall("write"),)
    (cost,) = found.costs
    assert (cost.start, cost.count, cost.evidence.processes) == (False, 1, ("server",))
    assert found.affected == (Affected("none@default", 0),)


def test_who_used_it() -> None:
    found = drill(LITTLE, DIRTY_PIPE)
    assert found.stopped
    assert found.denied == ("write or writev or pwritev2 or io_submit",)


def test_what_keeps_everybody_from_it() -> None:
    cve = next(each for each in cves() if each.id == "CVE-2022-0185")
    calls = [Syscall("fsopen"), Syscall("fsconfig")]
    assert lacking(cve, Candidates(calls)) == ("CAP_SYS_ADMIN",)
    assert lacking(cve, Candidates([calls[0], Capability("CAP_SYS_ADMIN")])) == ("fsconfig",)
    assert lacking(cve, Candidates([])) == ("fsopen or fspick", "fsconfig", "CAP_SYS_ADMIN")
    assert routes(cve, Candidates([*calls, Syscall("unshare")]))


def test_needs_in_words() -> None:
    assert needs_of(DIRTY_PIPE) == (
        "(splice or sendfile) + (write or writev or pwritev2 or io_submit)"
    )
    assert all(needs_of(each).isprintable() for each in cves())
