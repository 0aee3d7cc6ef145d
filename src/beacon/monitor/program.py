"""The compiled kernel program, and the ladder by which it is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from beacon.monitor.btf import ObjectTypes
from beacon.monitor.interface import MonitorUnsupportedError, StaleProgramError
from beacon.monitor.libbpf import Object
from beacon.monitor.rules import write_rules

PATH = Path(__file__).with_name("beacon.bpf.o")
BTF = Path("/sys/kernel/btf/vmlinux")

#: Ways to see capability checks, best first; each names its programs.
ATTACH_MODES: dict[str, frozenset[str]] = {
    "tracepoint": frozenset({"on_cap_capable"}),
    "kprobe": frozenset({"on_cap_entry", "on_cap_return"}),
}
#: What only containers need that run already when they become targets.
JOINING = frozenset({"on_cgroup_mkdir"})


@cache
def types() -> ObjectTypes:
    """The program's types; MonitorUnsupportedError when the package was built without it."""
    if not PATH.is_file():
        raise MonitorUnsupportedError(
            "This installation lacks the compiled kernel program: install the package again."
        )
    return ObjectTypes(PATH)


@contextmanager
def loaded(
    *, unified: bool, joining: bool = False, rungs: tuple[str, ...] = tuple(ATTACH_MODES)
) -> Iterator[tuple[str, Object]]:
    """Load and attach the program by the first rung that holds; yields the rung and the object.

    `joining`: its targets are containers that run already.

    MonitorUnsupportedError, with what every rung said, when none does; StaleProgramError when the
    object was compiled from other sources.
    """
    types()
    if not BTF.is_file():
        raise MonitorUnsupportedError(
            f"This kernel has no BTF ({BTF} is missing): use one built with CONFIG_DEBUG_INFO_BTF."
        )
    refusals: list[str] = []
    for rung in rungs:
        try:
            program = _load(rung, unified=unified, joining=joining)
        except MonitorUnsupportedError as refusal:
            refusals.append(f"{rung}: {refusal}\n{refusal.diagnostics() or ''}".rstrip())
            continue
        try:
            yield rung, program
        finally:
            program.close()
        return
    raise MonitorUnsupportedError(
        "The kernel lets neither a tracepoint nor a kprobe see capability checks, or loads no "
        "BPF program at all: run as root (CAP_BPF, CAP_PERFMON) on Linux 5.15 or newer.",
        "\n".join(refusals),
    )


def _load(rung: str, *, unified: bool, joining: bool) -> Object:
    program = Object(PATH)
    try:
        if missing := ATTACH_MODES[rung] - program.programs().keys():
            raise StaleProgramError(min(missing))
        other = frozenset().union(*(names for name, names in ATTACH_MODES.items() if name != rung))
        other = other if joining else other | JOINING
        program.leave_out(other)
        program.set_constant(types().variable("unified"), bytes([unified]))
        program.set_constant(types().variable("joining"), bytes([joining]))
        program.load()
        write_rules(program, types())
        program.attach(frozenset(program.programs()) - other)
    except BaseException:
        program.close()
        raise
    return program
