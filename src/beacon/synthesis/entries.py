"""The entries of a policy: who used each event, and what follows from all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from beacon.data.fallbacks import not_implemented
from beacon.model.entry import Entry, Evidence, ordered
from beacon.model.event import Phase
from beacon.model.observation import Use
from beacon.model.policy import Policy


def with_uses(entry: Entry, uses: Sequence[tuple[str, Use]]) -> Entry:
    """The entry, with who used its event: each use with the name of its run."""
    phases = {use.phase for _, use in uses}
    return replace(
        entry,
        count=sum(use.count for _, use in uses),
        evidence=Evidence(
            phases=tuple(phase for phase in Phase if phase in phases),
            processes=tuple(sorted({name for _, use in uses for name in use.processes})),
            runs=tuple(dict.fromkeys(run for run, _ in uses)),
        ),
        calls=tuple(sorted({use.call for _, use in uses if use.call})),
        held=tuple(sorted({use.held for _, use in uses if use.held})),
    )


def with_entries(policy: Policy, entries: Iterable[Entry]) -> Policy:
    """The policy with these entries, and with what follows from them."""
    changed = replace(policy, entries=ordered(entries))
    abis = tuple(sorted({call.abi for call in changed.calls()}))
    return replace(changed, abis=abis, not_implemented=not_implemented(changed.names(), abis))
