"""What formats without a filter for arguments leave out of a policy, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from beacon.export.seccomp import rules
from beacon.model.policy import Policy

_SHOWN = 8  # calls by name


def conditional_calls(policy: Policy) -> tuple[str, ...]:
    """The calls that the policy allows by their arguments only, sorted."""
    return tuple(sorted({name for rule in rules(policy) if rule.args for name in rule.names}))


def without_conditions(policy: Policy, kept: Collection[str] = ()) -> Iterator[str]:
    """A sentence on the calls whose arguments a format does not judge, but for those `kept`."""
    if calls := [name for name in conditional_calls(policy) if name not in kept]:
        more = f" and {len(calls) - _SHOWN} more" if len(calls) > _SHOWN else ""
        yield f"it allows with any arguments: {', '.join(calls[:_SHOWN])}{more}"
