"""Which seccomp profiles a container runtime takes from an OCI artifact.

KEP-6061 (https://github.com/kubernetes/enhancements/pull/6062), "OCI Artifact Format" and "Profile
Merging"; its limits are those of the library that runtimes validate artifacts with
(https://github.com/kubernetes-sigs/security-profiles-merger, ValidateArtifact), and the size is
the default of CRI-O.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from beacon.export.oci_profile import unambiguous
from beacon.export.seccomp import ARCHITECTURES
from beacon.model.event import Abi
from beacon.model.text import escape_untrusted

LARGEST = 1 << 20  # bytes of the profile
_MOST_ENTRIES = 128  # entries that name one call
_MOST_NAMES = 1024  # names in one entry
_MOST_RULES, _MOST_OF_CALL = 16_384, 256  # rules that are loaded: of all calls, of one call

_HALF = (1 << 32) - 1
_MOST_ERRNO = 4095  # MAX_ERRNO of the kernel
_ACTIONS = frozenset(
    {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_ERRNO", "SCMP_ACT_TRAP",
     "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS"}
)  # fmt: skip
_NOTIFY = "SCMP_ACT_NOTIFY"
_WITH_ERRNO = frozenset({"SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"})
_LISTENER = ("listenerPath", "listenerMetadata")
_LISTENER_FLAG = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
_FLAGS = frozenset(
    {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"}
)
#: Of those that the OCI's runtime specification names, the ones that BeaCon profiles.
_ARCHITECTURES = frozenset(ARCHITECTURES.values())
#: Those for which libseccomp compares 32 bits of an argument; x32 is among them.
_NARROW = frozenset(ARCHITECTURES[abi] for abi in (Abi.I386, Abi.X32, Abi.ARM))
_MASKED = "SCMP_CMP_MASKED_EQ"
_OPERATORS = frozenset(
    {_MASKED, "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE",
     "SCMP_CMP_GT"}
)  # fmt: skip


class _Argument(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    index: int
    value: int
    op: str
    value_two: int = 0


class _Entry(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    names: tuple[str, ...]
    action: str
    errno_ret: int | None = None
    args: tuple[_Argument, ...] = ()

    @property
    def rules(self) -> int:
        """How many rules each of its names loads: with an index twice, one for a condition."""
        indices = [each.index for each in self.args]
        return len(indices) if len(set(indices)) < len(indices) else 1


class _Document(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The OCI's fields; those of a listener are named so that they can be refused by name."""

    default_action: str
    default_errno_ret: int | None = None
    architectures: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    listener_path: Any = None
    listener_metadata: Any = None
    syscalls: tuple[_Entry, ...] = ()


def violations(raw: bytes) -> Iterator[str]:
    """The rules that a profile breaks, in words; nothing for one that a runtime takes."""
    if len(raw) > LARGEST:
        yield f"it has {len(raw)} bytes, and a runtime reads {LARGEST}"
        return
    try:
        document = json.loads(raw, object_pairs_hook=unambiguous)
        profile = msgspec.convert(document, _Document)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError, ValidationError
        yield f"it is not a profile of the OCI runtime specification ({_shown(error)})"
        return
    yield from _settings(profile)
    for entry in profile.syscalls:
        yield from _entry(entry, narrow=not _NARROW.isdisjoint(profile.architectures))
    yield from _limits(profile)
    yield from _conflicts(profile)


def _shown(error: Exception) -> str:
    return escape_untrusted(str(error)[:200])


def _settings(profile: _Document) -> Iterator[str]:
    yield from _action(profile.default_action, profile.default_errno_ret)
    settings = (profile.listener_path, profile.listener_metadata)
    yield from (
        f"it sets {name}, which belongs to the node"
        for name, value in zip(_LISTENER, settings, strict=True)
        if value is not None
    )
    if _LISTENER_FLAG in profile.flags:
        yield f"it sets {_LISTENER_FLAG}, which belongs to the node"
    lists = (
        ("architecture", profile.architectures, _ARCHITECTURES),
        ("flag", profile.flags, _FLAGS | {_LISTENER_FLAG}),
    )
    for what, words, known in lists:
        if len(set(words)) < len(words):
            yield f"it names the same {what} twice"
        yield from (f"unknown {what} {_name(word)}" for word in words if word not in known)


def _name(word: str) -> str:
    return escape_untrusted(word[:200])


def _action(action: str, errno: int | None) -> Iterator[str]:
    if action == _NOTIFY:
        yield f"it uses {_NOTIFY}, which needs a listener of the node"
    elif action not in _ACTIONS:
        yield f"unknown action {_name(action)}"
    if errno is None:
        return
    if action not in _WITH_ERRNO:
        yield f"it sets an errno for {_name(action)}, which returns none"
    elif not 0 <= errno <= _MOST_ERRNO:
        yield f"the errno {errno} is not one that the kernel returns"


def _entry(entry: _Entry, *, narrow: bool) -> Iterator[str]:
    yield from _action(entry.action, entry.errno_ret)
    if not entry.names:
        yield "an entry names no call"
    if len(entry.names) > _MOST_NAMES:
        yield f"an entry has {len(entry.names)} names, and a runtime takes {_MOST_NAMES}"
    if any(not name or not name.isprintable() for name in entry.names):
        yield "the name of a call is empty or has a control character"
    for each in entry.args:
        if each.op not in _OPERATORS:
            yield f"unknown operator {_name(each.op)}"
        if not 0 <= each.index <= 5:
            yield f"there is no argument {each.index}"
        judged = each.value_two & each.value if each.op == _MASKED else 0
        if narrow and max(each.value, judged) > _HALF:
            yield "a condition on more than the 32 bits that an architecture of it has"


def _limits(profile: _Document) -> Iterator[str]:
    entries: Counter[str] = Counter()
    loaded: Counter[str] = Counter()
    for entry in profile.syscalls:
        entries.update(set(entry.names))
        for name in entry.names:
            loaded[name] += entry.rules
    for counts, most, what in (
        (entries, _MOST_ENTRIES, "entries"),
        (loaded, _MOST_OF_CALL, "rules"),
    ):
        yield from (
            f"{_name(name)} has {count} {what}, and a runtime takes {most}"
            for name, count in sorted(counts.items())
            if count > most
        )
    if loaded.total() > _MOST_RULES:
        yield f"it has {loaded.total()} rules, and a runtime takes {_MOST_RULES}"


def _conflicts(profile: _Document) -> Iterator[str]:
    """Calls with two answers: stricter than the library, which lets some through in an order."""
    answers: dict[str, set[tuple[str, int | None]]] = defaultdict(set)
    for entry in profile.syscalls:
        for name in entry.names:
            answers[name].add((entry.action, entry.errno_ret))
    yield from (
        f"{_name(name)} has entries that contradict each other"
        for name, found in sorted(answers.items())
        if len(found) > 1
    )
