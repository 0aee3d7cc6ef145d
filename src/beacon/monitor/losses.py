"""What the kernel program could not keep: its counters, put into words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from beacon.model.observation import Loss

#: Every field of `struct slot` (bpf/beacon.h) that begins so counts a loss.
PREFIX = "lost_"
TEXTS = {
    "lost_tasks": "calls of tasks whose state could not be kept",
    "lost_caps": "capability checks that were missed or found their map full",
    "lost_comms": "process names that found their map full",
    "lost_execs": "executed files that found their map full",
}


def losses(counters: Mapping[str, int]) -> Iterator[Loss]:
    """The losses among a slot's counters; one without a text goes by its field's name."""
    for field, count in counters.items():
        if count and field.startswith(PREFIX):
            yield Loss(TEXTS.get(field, field), count)
