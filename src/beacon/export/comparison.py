"""What one seccomp profile lets through and another does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from beacon.data.arguments import classes, multiplexers
from beacon.data.kernel import tables
from beacon.export.cubes import Cube, Steps, TooComplexError, difference
from beacon.export.oci_profile import Answer, Profile, Ruling
from beacon.export.seccomp import ARCHITECTURES
from beacon.model.deviation import Deviation, DeviationKind
from beacon.model.event import Syscall
from beacon.model.text import escape_untrusted

_WITNESSES = 64  # as many classes as one call has in a profile


def compare(file: str, expected: Profile, found: Profile) -> list[Deviation]:
    """How a file's profile differs; nothing for the same meaning, whatever the words.

    TooComplexError for a profile whose answers nobody can compare in some seconds.
    """
    names, steps = _names(expected, found), Steps()
    wider = [*_permitted(names, found, expected, steps), *_architectures(found, expected)]
    narrower = [*_permitted(names, expected, found, steps), *_architectures(expected, found)]
    lists = {
        DeviationKind.WIDER: wider,
        DeviationKind.NARROWER: narrower,
        DeviationKind.OTHER: list(_answers(names, expected, found, steps)),
    }
    return [Deviation(file, kind, tuple(what)) for kind, what in lists.items() if what]


def _names(*profiles: Profile) -> list[str]:
    """All calls that a profile names, and all that its ABIs have: the default is for those."""
    listed = frozenset().union(*(profile.architectures for profile in profiles))
    known = (tables().syscalls[a].keys() for a, name in ARCHITECTURES.items() if name in listed)
    return sorted(set().union(*known, *(profile.calls for profile in profiles)))


def _permitted(names: Iterable[str], wide: Profile, narrow: Profile, steps: Steps) -> Iterator[str]:
    """Calls, or classes of them, that the one lets through and the other does not."""
    for name in names:
        try:
            yield from _classes(name, wide.ruling(name), narrow.ruling(name), steps)
        except TooComplexError:
            yield f"{escape_untrusted(name)} (too complex to compare)"
            return


def _classes(name: str, wide: Ruling, narrow: Ruling, steps: Steps) -> Iterator[str]:
    if wide == narrow:
        return
    permitted = narrow.permitted(steps)
    left = list(islice(difference(wide.permitted(steps), permitted, steps), _WITNESSES))
    if not left:
        return
    if wide.rest.permits and not wide.parts:
        yield escape_untrusted(name) + (" with any arguments" if permitted else "")
    elif name not in multiplexers():
        yield f"{escape_untrusted(name)} with some arguments"
    else:
        yield from sorted({each for cube in left for each in _spelled(name, cube)})


def _spelled(name: str, cube: Cube) -> Iterator[str]:
    registers = cube.registers()
    values = [registers[each.index] & each.judged for each in multiplexers()[name].arguments]
    return (str(Syscall(name, argument=each)) for each in classes(name, values))


def _architectures(wide: Profile, narrow: Profile) -> Iterator[str]:
    for name in sorted(wide.architectures - narrow.architectures):
        yield f"all its calls on {name}"


def _answers(
    names: Sequence[str], expected: Profile, found: Profile, steps: Steps
) -> Iterator[str]:
    """What calls get that neither lets through with any arguments."""
    if expected.default != found.default and not found.default.permits:
        yield f"denied calls get {_answer(found.default)}, not {_answer(expected.default)}"
    for name in names:
        ours, theirs = expected.ruling(name), found.ruling(name)
        by_default = ours == Ruling(expected.default) and theirs == Ruling(found.default)
        same = by_default or ours == theirs
        if not (same or ours.permitted(steps) or theirs.permitted(steps)):
            yield f"{escape_untrusted(name)} gets {_ruling(theirs)}, not {_ruling(ours)}"


def _ruling(ruling: Ruling) -> str:
    answers = dict.fromkeys([ruling.rest, *(answer for _, answer in ruling.parts)])
    return " or ".join(map(_answer, answers))


def _answer(answer: Answer) -> str:
    return answer.action if answer.errno is None else f"errno {answer.errno}"
