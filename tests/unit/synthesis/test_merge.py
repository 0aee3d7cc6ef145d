from __future__ import annotations

from itertools import permutations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.data.dimensions import general
from beacon.errors import UsageError
from beacon.model.consistency import check_policy, check_profile
from beacon.model.environment import Changes, Environment, EnvironmentSpace
from beacon.model.event import Syscall
from beacon.model.files import encode
from beacon.model.launch import Launch
from beacon.model.profile import Profile
from beacon.model.reach import Caller, Reach, Reachable, Scope, Unresolved
from beacon.model.recall import Lacking, LackingKind, Recall
from beacon.model.run import Check, Ending, Run
from beacon.model.script import MOST_SCRIPTS, Script
from beacon.synthesis.contribution import contributions
from beacon.synthesis.explain import explain
from beacon.synthesis.joined_reach import joined_reach
from beacon.synthesis.merge import merge
from beacon.synthesis.mergeable import repository
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run

INIT = Environment.of((("init", "yes"),))
_SPACE = EnvironmentSpace(tuple(each for each in general() if each.name == "init"), ("/run",))


def recorded(
    *runs: Run, tag: str = "1", host: str = "6.1.0", runtime: str = "runc 1.1.5", began: float = 1.0
) -> Profile:
    """A profile as another host, image or runtime would have it; its runs a second apart."""
    made = profile(*runs, runtime=runtime)
    return msgspec.structs.replace(
        made,
        image=msgspec.structs.replace(made.image, reference=f"web:{tag}", id=f"sha256:{tag * 8}"),
        host=msgspec.structs.replace(made.host, kernel=host),
        runs=tuple(
            msgspec.structs.replace(each, started_at=began + number)
            for number, each in enumerate(runs)
        ),
        surroundings=_SPACE,
    )


def serving(*names: str, workload: str = "http", body: str = "a", init: bool = False) -> Run:
    checks = (Check("page", True, body),) if workload != "none" else ()
    made = run(*map(call, names), workload=workload, checks=checks)
    return msgspec.structs.replace(made, environment=INIT if init else Environment())


_CALLS = st.lists(st.sampled_from(("read", "write", "fsync", "kill")), min_size=1, unique=True)
_RUNS = st.builds(
    lambda names, workload, init: serving(*names, workload=workload, init=init),
    _CALLS,
    st.sampled_from(("none", "http")),
    st.booleans(),
)


@st.composite
def _profiles(draw: st.DrawFn) -> Profile:
    runs = [serving("read"), *draw(st.lists(_RUNS, max_size=3))]
    made = recorded(
        *runs,
        tag=draw(st.sampled_from("12")),
        host=draw(st.sampled_from(("6.1.0", "6.18.0"))),
        runtime=draw(st.sampled_from(("runc 1.1.5", "crun 1.8.1"))),
        began=draw(st.sampled_from((1.0, 2.0, 100.0))),
    )
    return merge([made])  # numbers the runs, as a recording does


@settings(max_examples=30)
@given(st.lists(_profiles(), min_size=1, max_size=3))
def test_the_order_makes_no_difference(found: list[Profile]) -> None:
    (only,) = {encode(merge(list(order))) for order in permutations(found)}
    assert only


@settings(max_examples=30)
@given(_profiles(), _profiles(), _profiles())
def test_merged_step_by_step_is_merged_at_once(a: Profile, b: Profile, c: Profile) -> None:
    once = merge([a, b, c])
    assert merge([merge([a, b]), c]) == merge([a, merge([b, c])]) == once


@settings(max_examples=30)
@given(_profiles(), _profiles())
def test_what_is_merged_again_changes_nothing(a: Profile, b: Profile) -> None:
    both = merge([a, b])
    assert merge([a, a]) == merge([a]) == a
    assert merge([both, a]) == merge([both, both]) == both


@settings(max_examples=30)
@given(_profiles(), _profiles())
def test_a_merged_profile_is_whole(a: Profile, b: Profile) -> None:
    both = merge([a, b])
    check_profile(both)
    assert both.events() == a.events() | b.events()
    policy = synthesize(both)
    check_policy(policy)
    named = {name for each in policy.recorded for name in each.runs}
    assert named == {each.name for each in both.runs}
    assert {each.origin for each in both.runs} == {each.origin for each in policy.recorded}


def test_what_two_hosts_answer_differently_is_not_compared() -> None:
    here = recorded(serving("read", body="a"), host="6.1.0")
    there = recorded(serving("write", body="b"), host="6.18.0", began=9.0)
    (replay,) = synthesize(merge([here, there])).replays
    assert [(check.name, check.value) for check in replay.checks] == [("page", None)]


def test_each_version_of_an_image_is_verified_by_its_own_runs() -> None:
    old = recorded(serving("read", body="a"), serving("read", workload="none"), tag="1")
    new = recorded(serving("write", body="b"), tag="2", began=9.0)
    policy = synthesize(merge([old, new]))
    assert policy.image.reference == "web:2"
    (own,) = policy.replays_of("web:2")
    assert own == policy.replays_of("web:3")[0]
    assert own.image is None
    assert own.checks[0].value == "b"
    theirs = policy.replays_of(f"sha256:{'1' * 8}")
    assert theirs == policy.replays_of("web:1")
    assert [(each.workload, each.image) for each in theirs] == [
        ("none", old.image),
        ("http", old.image),
    ]
    assert policy.other_images("web:2") == policy.other_images("web:3") == ("web:1",)
    assert policy.other_images("web:1") == ("web:2",)


def test_what_one_version_always_needs_scores_as_if_it_were_alone() -> None:
    old = recorded(serving("read"), tag="1")
    new = recorded(serving("read", "fsync"), tag="2", began=9.0)
    (fsync,) = (e for e in synthesize(merge([old, new])).entries if e.event == Syscall("fsync"))
    assert fsync.functionality.value == 1.0


def test_a_check_that_only_a_later_suite_has_is_known() -> None:
    before = recorded(serving("read"))
    extra = msgspec.structs.replace(
        serving("read").outcome, checks=(Check("page", True, "a"), Check("login", True, "c"))
    )
    after = recorded(msgspec.structs.replace(serving("read"), outcome=extra), began=9.0)
    (replay,) = synthesize(merge([before, after])).replays
    assert [check.name for check in replay.checks] == ["page", "login"]
    assert replay.unsteady == ("login",)


def test_the_policy_is_for_every_runtime_that_recorded() -> None:
    runc = recorded(serving("read"), runtime="runc 1.1.5", began=9.0)
    crun = recorded(serving("read"), runtime="crun 1.8.1")
    policy = synthesize(merge([crun, runc]))
    assert [each.runtime for each in policy.runtimes] == ["runc 1.1.5", "crun 1.8.1"]


def test_what_only_one_origin_shows_is_named() -> None:
    here = recorded(serving("read", "kill"), host="6.1.0")
    there = recorded(serving("read", "fsync"), serving("read"), host="6.18.0", began=9.0)
    found = {c.origin.host.kernel: c for c in contributions(merge([here, there]))}
    assert found["6.1.0"].only == (Syscall("kill"),)
    assert found["6.18.0"].only == (Syscall("fsync"),)
    assert (found["6.18.0"].runs, found["6.18.0"].events) == (2, 2)


def test_it_waits_as_long_as_the_most_patient() -> None:
    a, b = (recorded(serving("read"), began=began) for began in (1.0, 9.0))
    a = msgspec.structs.replace(a, launch=Launch(ready_timeout=90.0))
    b = msgspec.structs.replace(b, launch=Launch(ready_after=9.0))
    assert merge([a, b]).launch == Launch(ready_timeout=90.0, ready_after=9.0)


def test_two_scripts_are_covered_by_no_digest() -> None:
    a, b = (recorded(serving("read"), began=began) for began in (1.0, 9.0))
    a, b = (msgspec.structs.replace(p, script=s) for p, s in ((a, "aa"), (b, "bb")))
    assert merge([a, a]).script == "aa"
    assert merge([a, b]).script is None


def test_scripts_are_kept_unless_one_name_is_two_programs() -> None:
    a, b = (recorded(serving("read"), began=began) for began in (1.0, 9.0))
    first, other, second = Script("./a.sh", "1"), Script("./a.sh", "2"), Script("./b.sh", "3")
    a, b = (msgspec.structs.replace(p, scripts=s) for p, s in ((a, (first,)), (b, (second,))))
    assert merge([b, a]).scripts == (first, second)
    with pytest.raises(UsageError, match="is another program in each"):
        merge([a, msgspec.structs.replace(b, scripts=(other,))])
    many = tuple(Script(f"./{number}.sh", "4") for number in range(MOST_SCRIPTS))
    with pytest.raises(UsageError, match="at most"):
        merge([a, msgspec.structs.replace(b, scripts=many)])


def test_the_recall_is_that_of_all_runs() -> None:
    alone = recorded(serving("read"), serving("read", "fsync", init=True))
    covered = recorded(serving("read", "fsync"), began=9.0)
    lacking = Lacking(INIT, (Syscall("fsync"),))
    assert merge([alone]).recall == Recall(1, (lacking,), (LackingKind("init", lacking.events),))
    assert merge([alone, covered]).recall == Recall(1, (), ())
    assert merge([covered]).recall is None


def _other_image(made: Profile) -> Profile:
    return msgspec.structs.replace(
        made, image=msgspec.structs.replace(made.image, reference="db:1", id="sha256:db")
    )


def _other_architecture(made: Profile) -> Profile:
    return msgspec.structs.replace(
        made, image=msgspec.structs.replace(made.image, architecture="arm64")
    )


def _other_launch(made: Profile) -> Profile:
    return msgspec.structs.replace(made, launch=Launch(env=("PASSWORD=secret",)))


def _a_job(made: Profile) -> Profile:
    done = msgspec.structs.replace(made.runs[0].outcome, ending=Ending.FINISHED)
    return msgspec.structs.replace(
        made, runs=(msgspec.structs.replace(made.runs[0], outcome=done),)
    )


def _other_meaning(made: Profile) -> Profile:
    (init,) = made.surroundings.dimensions
    changed = msgspec.structs.replace(init, values={"yes": Changes(read_only=True)})
    return msgspec.structs.replace(
        made,
        surroundings=EnvironmentSpace((changed,)),
        runs=(*made.runs, serving("read", init=True)),
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_other_image, "different images (db, web)"),
        (_other_architecture, "amd64, arm64"),
        (_other_launch, "--env"),
        (_a_job, "a job that ends by itself"),
        (_other_meaning, "init=yes"),
    ],
)
def test_what_no_policy_could_be_proved_for_is_refused(change: object, said: str) -> None:
    assert callable(change)
    one = recorded(serving("read"), serving("read", init=True))
    for pair in ([one, change(one)], [change(one), one]):
        with pytest.raises(UsageError) as refusal:
            merge(pair)
        assert said in str(refusal.value)
        assert "secret" not in str(refusal.value)


def test_different_images_are_merged_when_asked_for() -> None:
    one = recorded(serving("read"))
    assert len(merge([one, _other_image(one)], different_images=True).sources) == 2


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("web", "web"),
        ("web:1", "web"),
        ("host:5000/team/web:1", "host:5000/team/web"),
        ("host:5000/web@sha256:00", "host:5000/web"),
    ],
)
def test_a_repository_is_a_name_without_tag_and_digest(reference: str, name: str) -> None:
    assert repository(reference) == name


def test_reach_is_what_any_image_reaches() -> None:
    def caller(name: str) -> tuple[Caller, ...]:
        return (Caller(name),)

    one = Reach(
        (Reachable("read", Scope.RUN, caller("a")), Reachable("bpf", Scope.IMAGE, caller("a"))),
        (Unresolved("a", "why", 2, Scope.RUN),),
        {Scope.RUN: 1},
    )
    other = Reach(
        (Reachable("bpf", Scope.RUN, caller("b")), Reachable("read", Scope.RUN, caller("b"))),
        (Unresolved("a", "why", 3, Scope.RUN),),
        {Scope.RUN: 4, Scope.IMAGE: 9},
    )
    assert joined_reach([None, None]) is None
    assert joined_reach([one, None, other]) == Reach(
        (
            Reachable("bpf", Scope.RUN, caller("b")),
            Reachable("read", Scope.RUN, (Caller("a"), Caller("b"))),
        ),
        (Unresolved("a", "why", 3, Scope.RUN),),
        {Scope.RUN: 4, Scope.IMAGE: 9},
    )


def test_an_explanation_says_where_an_event_was_recorded() -> None:
    here = recorded(serving("read", "kill"), host="6.1.0")
    there = recorded(serving("read"), host="6.18.0", began=9.0)
    policy = synthesize(merge([here, there]))
    kernels = {
        name: [origin.host.kernel for origin in explain(policy, Syscall(name), ())[0].origins]
        for name in ("kill", "read")
    }
    assert kernels == {"kill": ["6.1.0"], "read": ["6.1.0", "6.18.0"]}
