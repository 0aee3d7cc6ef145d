from __future__ import annotations

import pytest

from beacon.model.reach import Caller, Reach, Reachable, Scope

CALLS = tuple(Reachable(f"call-{scope}", scope) for scope in Scope)


@pytest.mark.parametrize(
    ("caller", "words"),
    [
        (Caller("/a"), "/a makes it itself"),
        (Caller("/a", function="go"), "/a makes it in go"),
        (Caller("/a", "/libc", "read"), "/a imports read (/libc)"),
        (Caller("/a", "/libc", "read", "/b"), "/a loads /b, which imports read (/libc)"),
        (Caller("/a", function="go", via="/b"), "/a loads /b, which makes it in go"),
        (Caller("/a", via="/b"), "/a loads /b, which makes it itself"),
    ],
)
def test_a_caller_in_words(caller: Caller, words: str) -> None:
    assert caller.words() == words
    assert Reachable("read", Scope.RUN, (caller,)).who() == words


def test_nobody_has_no_name() -> None:
    assert Reachable("read", Scope.RUN).who() == "no program that has a name"


def test_each_scope_holds_those_before_it() -> None:
    reach = Reach(CALLS)
    assert set(reach.within(Scope.RUN)) == {"call-run"}
    assert set(reach.within(Scope.BESIDE)) == {"call-run", "call-beside"}
    assert set(reach.within(Scope.IMAGE)) == {"call-run", "call-beside", "call-image"}
